// SPDX-License-Identifier: BSD-3-Clause

/// A disassembly as objdump prints it, cut down to what the checker's rules are about.
let fixture = """
    SYMBOL TABLE:
    0000000000001000 g     F .text\t000000000000000a              .protected hot_poll
    0000000000001200 l     F .text\t000000000000000a              .hidden leaf
    0000000000001200 g     F .text\t000000000000000a              .protected merged_poll
    000000000000f000 l     F .text\t0000000000000006              .hidden short_poll
    0000000000009000 g     O .data\t0000000000000008              table

    Disassembly of section .plt:

    0000000000000100 <swift_retain@plt>:
         100:\tjmp    *0x2f(%rip)        # 5000 <swift_retain>

    Disassembly of section .text:

    0000000000001000 <hot_poll>:
        1000:\tpush   %rbp
        1001:\tcall   1100 <middle>
        1006:\tpop    %rbp
        1007:\tret
        1008:\tnopl   0x0(%rax,%rax,1)

    0000000000001100 <middle>:
        1100:\ttest   %rax,%rax
        1103:\tje     110c <middle+0xc>
        1105:\tcall   1200 <leaf>
        110a:\tjmp    1105 <middle+0x5>
        110c:\tret

    0000000000001200 <leaf>:
        1200:\tmov    %rdi,%rax
        1204:\tcall   100 <swift_retain@plt>
        1209:\tret

    000000000000f000 <short_poll>:
        f000:\tcall   1400 <clean_leaf>
        f005:\tret
        f006:\txchg   %ax,%ax
        f008:\tcall   100 <swift_retain@plt>
        f00d:\tret

    000000000000f100 <stray_poll>:
        f100:\tcall   f008 <short_poll+0x8>
        f105:\tret

    0000000000001300 <clean_poll>:
        1300:\tcall   1400 <clean_leaf>
        1305:\txor    %eax,%eax
        1307:\tret

    0000000000001400 <clean_leaf>:
        1400:\tmov    $0x1,%eax
        1405:\tret

    0000000000001500 <unreached>:
        1500:\tcall   100 <swift_retain@plt>
        1505:\tret

    0000000000001600 <tail_poll>:
        1600:\tjmp    1200 <leaf>

    0000000000001700 <trapping_poll>:
        1700:\tcmp    %rax,%rdi
        1703:\tjae    1706 <trapping_poll+0x6>
        1705:\tret
        1706:\tcall   100 <swift_retain@plt>
        170b:\tcmp    %rax,%rdi
        170e:\tje     1715 <trapping_poll+0x15>
        1710:\tcall   120 <$ss17_assertionFailure__4file4line5flagss5NeverOs12StaticStringV_A2HSus6UInt32VtF@plt>
        1715:\tud2

    0000000000001800 <half_cold_poll>:
        1800:\ttest   %rax,%rax
        1803:\tje     1810 <half_cold_poll+0x10>
        1805:\tcall   110 <swift_release@plt>
        180a:\tje     1812 <half_cold_poll+0x12>
        1810:\tret
        1812:\tud2

    0000000000001900 <endless_poll>:
        1900:\tcall   130 <memcpy@plt>
        1905:\ttest   %rax,%rax
        1908:\tjne    1900 <endless_poll>
        190a:\tud2

    0000000000001a00 <outlined_trap_poll>:
        1a00:\ttest   %rax,%rax
        1a03:\tjne    1a06 <outlined_trap_poll+0x6>
        1a05:\tret
        1a06:\tcall   100 <swift_retain@plt>
        1a0b:\tcall   1b00 <outlined_trap>

    0000000000001b00 <outlined_trap>:
        1b00:\tcall   140 <swift_allocObject@plt>
        1b05:\tud2

    0000000000001c00 <shim_poll>:
        1c00:\tcall   1d00 <cdpdk_mbuf_copy>
        1c05:\tcall   150 <rte_eth_rx_burst@plt>
        1c0a:\tret

    0000000000001d00 <cdpdk_mbuf_copy>:
        1d00:\tjmp    130 <memcpy@plt>

    0000000000001e00 <foreign_poll>:
        1e00:\tcall   160 <$sSS6appendyySSF@plt>
        1e05:\tret

    0000000000001f00 <table_poll>:
        1f00:\tcall   *0x39a2af(%rip)        # 5008 <swift_once@Base>
        1f06:\tret

    0000000000002000 <metadata_poll>:
        2000:\tcall   2100 <$s4Some4TypeVMa>
        2005:\tret

    0000000000002100 <$s4Some4TypeVMa>:
        2100:\tret

    0000000000002200 <indirect_poll>:
        2200:\tcall   *0x18(%rdi)
        2203:\tnotrack jmp *%rax
        2206:\tcall   100 <swift_retain@plt>
        220b:\tud2

    0000000000002280 <aligned_poll>:
        2280:\tjne    2286 <aligned_poll+0x6>
        2282:\tcall   180 <free@plt>
        2286:\tcs nopw 0x0(%rax,%rax,1)
        2290:\txchg   %ax,%ax
        2292:\txchg   %rax,(%rdi)
        2295:\tret

    0000000000002300 <recursive_poll>:
        2300:\tcall   2400 <recursive_other>
        2305:\tret

    0000000000002400 <recursive_other>:
        2400:\tcall   2300 <recursive_poll>
        2405:\tcall   170 <malloc@plt>
        240a:\tret
    """
