// SPDX-License-Identifier: BSD-3-Clause

/// One instruction as far as the flow of control is concerned.
struct Instruction: Equatable {
    enum Kind: Equatable {
        case ordinary
        case call, jump, conditionalJump
        case `return`
        /// `ud2` and the like: the process ends here.
        case trap
        /// Does nothing: filler that aligns what comes next.
        case padding
    }

    /// Where a call or jump goes.
    struct Target: Equatable {
        let address: UInt64
        /// As printed by objdump, without an offset.
        let symbol: String
    }

    let address: UInt64
    let kind: Kind
    /// nil for what goes through a register or a table.
    let target: Target?

    /// Reads a line of `objdump -d --no-show-raw-insn` (x86-64, AT&T syntax), such as
    /// `   1234:\tcall   5678 <name+0x10>`; nil for any other line.
    init?(line: Substring) {
        guard let colon = line.firstIndex(of: ":"),
            let address = UInt64(line[..<colon].drop { $0 == " " }, radix: 16)
        else { return nil }
        var words = line[line.index(after: colon)...].split(whereSeparator: { $0 == " " || $0 == "\t" })[...]
        while let first = words.first, Self.prefixes.contains(first) { words = words.dropFirst() }
        guard let mnemonic = words.first else { return nil }
        self.address = address
        kind = Self.kind(mnemonic, operands: words.dropFirst())
        switch kind {
        case .call, .jump, .conditionalJump: target = Self.target(words.dropFirst())
        default: target = nil
        }
    }

    private static let prefixes: Set<Substring> = ["notrack", "bnd", "lock", "rep", "repz", "repnz", "data16", "cs"]

    private static func kind(_ mnemonic: Substring, operands: ArraySlice<Substring>) -> Kind {
        switch mnemonic {
        case "call", "callq": .call
        case "jmp", "jmpq": .jump
        case "ret", "retq": .return
        case "ud2", "hlt", "ud1": .trap
        case "nop", "nopw", "nopl", "int3": .padding
        case "xchg" where operands == ["%ax,%ax"]: .padding
        default: mnemonic.hasPrefix("j") || mnemonic.hasPrefix("loop") ? .conditionalJump : .ordinary
        }
    }

    /// `5678 <name+0x10>` directly, or `*0x12(%rip) # 5678 <name@VERSION>` through the global offset table.
    private static func target(_ operands: ArraySlice<Substring>) -> Target? {
        guard let open = operands.firstIndex(where: { $0.hasPrefix("<") }), open > operands.startIndex,
            let address = UInt64(operands[open - 1], radix: 16)
        else { return nil }
        let name = operands[open].dropFirst().prefix { $0 != ">" }
        return Target(address: address, symbol: String(Self.withoutOffset(name)))
    }

    private static func withoutOffset(_ name: Substring) -> Substring {
        guard let plus = name.lastIndex(of: "+"), name[plus...].hasPrefix("+0x") else { return name }
        return name[..<plus]
    }
}
