# SPDX-License-Identifier: BSD-3-Clause
"""The hostilities, one row each: what a guest does, and what becomes of its connection.

`closed`: netback hangs up. `open`: it goes on. `any`: the row itself looks, or it makes no difference. A row's function returns nothing, or what is wrong.
"""
import os
import socket
import struct
import time

from frontend import *

WILD = bytes.fromhex("020000000021")
STATION = bytes.fromhex("0200000000fe")
TOP = (1 << 64) - 4096
TABLE = []


class Row:
    def __init__(self, work, name, expects, stage, packed, counter, faults, pairs, silent):
        self.work, self.name, self.expects, self.stage, self.packed = work, name, expects, stage, packed
        self.counter, self.faults, self.pairs, self.silent = counter, faults, pairs, silent


def row(name, expects="any", stage="greeted", packed=(False,), counter=None, faults=False, pairs=1, silent=False):
    """
    stage: `new` (connected), `greeted` (features are agreed on) or `running`.
    counter: of the vif, or with `switch.` in front of the switch, grows.
    silent: netback takes no frame from the guest.
    faults: status says that the connection was ended for its memory.
    """
    def enter(work):
        TABLE.append(Row(work, name, expects, stage, packed, counter, faults, pairs, silent))
        return work
    return enter


BOTH = (False, True)


def udp_frame(target, source, port, payload):
    udp = struct.pack("!HHHH", port, 5000, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 21]))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xFFFF) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", 0xFFFF ^ ((total & 0xFFFF) + (total >> 16))) + ip[12:]
    return target + source + b"\x08\x00" + ip + udp


def tcp_frame(length, source=bytes([10, 0, 0, 21])):
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, min(20 + 20 + length, 65535), 0, 0, 64, 6, 0, source, bytes([10, 0, 0, 1]))
    tcp = struct.pack("!HHIIBBHHH", 4000, 5000, 1, 1, 0x50, 0x10, 1000, 0, 0)
    return STATION + WILD + b"\x08\x00" + ip + tcp + bytes(length)


def header(flags=0, gso=0, hdr_len=0, gso_size=0, csum_start=0, csum_offset=0, buffers=0):
    return struct.pack("<BBHHHHH", flags, gso, hdr_len, gso_size, csum_start, csum_offset, buffers)


PLAIN = STATION + WILD + b"\x88\xb6" + bytes(50)


# What must pass.

@row("control: a guest that behaves", "open", "running", BOTH)
def control(lab, front):
    return lab.behaves(front)


@row("control: two queue pairs, then the next guest has one", "open", "running", BOTH, pairs=2)
def two_pairs(lab, front):
    return lab.behaves(front)


@row("control: a RARP on demand is forwarded", "open", "running", BOTH)
def good_rarp(lab, front):
    front.send(SEND_RARP, WILD + bytes(2))
    if not lab.on_wire(lambda frame: frame[6:14] == WILD + b"\x80\x35"):
        return "no RARP on the wire"


@row("a RARP for another's address is dropped", "open", "running", counter="foreignSource")
def bad_rarp(lab, front):
    front.send(SEND_RARP, bytes.fromhex("020000000011") + bytes(2))


@row("5000 RARPs on demand", "open", "running")
def rarp_storm(lab, front):
    for _ in range(5000):
        front.send(SEND_RARP, WILD + bytes(2))


# Messages.

@row("a connection that says nothing and ends", "open", "new")
def silence(lab, front):
    pass


@row("half a header", "closed", "new")
def half_header(lab, front):
    front.raw(b"\x01\x00\x00\x00\x01")


@row("a header whose rest does not come, connection open", "closed", "new")
def half_message(lab, front):
    front.raw(struct.pack("<III", SET_FEATURES, VERSION, 8))


@row("half of a payload, connection open", "closed", "new")
def half_payload(lab, front):
    front.raw(struct.pack("<IIII", SET_FEATURES, VERSION, 8, 0))


@row("an end in the middle of a message", "any", "new")
def ends_in_message(lab, front):
    front.raw(struct.pack("<III", SET_MEM_TABLE, VERSION, 264) + bytes(100))


@row("a size beyond every message", "closed", "new")
def overlong(lab, front):
    front.raw(struct.pack("<III", SET_FEATURES, VERSION, 1 << 20) + bytes(4096))


@row("a size of 4 GB", "closed", "new")
def four_gigabytes(lab, front):
    front.raw(struct.pack("<III", SET_MEM_TABLE, VERSION, 0xFFFFFFFF))


@row("a payload shorter than its request", "closed")
def short_payload(lab, front):
    front.send(SET_VRING_ADDR, bytes(4))


@row("a table of memory cut off", "closed")
def short_table(lab, front):
    front.send(SET_MEM_TABLE, struct.pack("<II", 2, 0), [front.memfd, front.memfd])


@row("a payload where none belongs", "open", "new")
def needless_payload(lab, front):
    front.send(GET_FEATURES, bytes(200))


for number in (0, 43, 200, 0x7FFFFFFF, 0xFFFFFFFF):
    @row("unknown request %d" % number, "closed", "new")
    def unknown(lab, front, number=number):
        front.send(number)


@row("a wrong version", "open", "new")
def wrong_version(lab, front):
    front.send(GET_FEATURES, flags=2)
    front.send(GET_FEATURES, flags=3)


@row("all flags set", "open", "new")
def all_flags(lab, front):
    front.send(SET_OWNER, flags=0xFFFFFFFF)


@row("an answer that nobody asked for", "open", "new")
def reply_flag(lab, front):
    front.number(GET_FEATURES, 1, flags=VERSION | REPLY)


@row("a request that fails, with an answer wanted", "open")
def fails_with_reply(lab, front):
    front.state(SET_VRING_NUM, 0, 3, flags=VERSION | NEED_REPLY)
    if struct.unpack("<Q", front.reply())[0] == 0:
        return "was answered with success"


@row("random bytes", "closed", "new")
def random_bytes(lab, front):
    front.raw(bytes((i * 7919 >> 3) & 0xFF for i in range(8192)))


@row("GET_FEATURES for 2 s, answers read", "open", "new")
def flood_read(lab, front):
    end = time.monotonic() + 2
    while time.monotonic() < end:
        front.raw(struct.pack("<III", GET_FEATURES, VERSION, 0) * 20)
        for _ in range(20):
            front.reply()


@row("GET_FEATURES for as long as there is room, answers never read", "any", "new")
def flood_unread(lab, front):
    front.socket.settimeout(0.5)
    try:
        while True:
            front.raw(struct.pack("<III", GET_FEATURES, VERSION, 0) * 20)
    except TimeoutError:
        pass


# Descriptors that come with messages.

def with_descriptors(name, expects, request, count, payload=lambda front: bytes(8), stage="greeted"):
    @row(name, expects, stage)
    def descriptors(lab, front):
        front.send(request, payload(front), [front.memfd] * count)


table_of = lambda count: lambda front: struct.pack("<II", count, 0) + b"".join(region(i << 20, 1 << 20, offset=i << 20) for i in range(count))
with_descriptors("a descriptor where none belongs", "closed", SET_FEATURES, 1)
with_descriptors("a table of memory without a descriptor", "closed", SET_MEM_TABLE, 0, table_of(1))
with_descriptors("a table of 2 regions with 1 descriptor", "closed", SET_MEM_TABLE, 1, table_of(2))
with_descriptors("a table of 1 region with 8 descriptors", "closed", SET_MEM_TABLE, 8, table_of(1))
with_descriptors("100 descriptors in one message", "closed", SET_MEM_TABLE, 100, table_of(1))
with_descriptors("a kick without its descriptor", "closed", SET_VRING_KICK, 0)
with_descriptors("two kicks for one ring", "closed", SET_VRING_KICK, 2)
with_descriptors("a log descriptor", "open", SET_LOG_FD, 1)


def wrong_kind(name, expects, opener):
    @row("memory that is " + name, expects)
    def kind(lab, front):
        descriptor = opener(front)
        front.descriptors.append(descriptor)
        front.share_memory(region(), descriptors=[descriptor])


def pipe(front):
    reader, writer = os.pipe()
    front.descriptors.append(writer)
    return reader


wrong_kind("a pipe", "closed", pipe)
wrong_kind("a directory", "closed", lambda front: os.open("/tmp", os.O_RDONLY))
wrong_kind("a socket", "closed", lambda front: socket.socket(socket.AF_UNIX).detach())
wrong_kind("an eventfd", "closed", lambda front: os.eventfd(0))
wrong_kind("a file for reading only", "closed", lambda front: os.open("/proc/self/exe", os.O_RDONLY))


@row("a kick and a call that are directories", "open")
def strange_kick(lab, front):
    front.share_memory()
    for index in range(2):
        front.set_up(index)
        for request in (SET_VRING_CALL, SET_VRING_KICK):
            descriptor = os.open("/tmp", os.O_RDONLY)
            front.descriptors.append(descriptor)
            front.number(request, index, descriptors=[descriptor])
    front.rings[0].offer([(RECEIVE_AT, BUFFER, WRITE)])
    front.transmit(PLAIN)


@row("memory in a file that is too small", "closed", faults=True)
def small_file(lab, front):
    small = os.memfd_create("small")
    front.descriptors.append(small)
    os.ftruncate(small, 4096)
    front.share_memory(region(), descriptors=[small])
    for index in range(2):
        front.set_up(index)


@row("a region beyond its file's end", "closed", faults=True)
def offset_beyond(lab, front):
    front.share_memory(region(size=MEMORY, offset=MEMORY))
    for index in range(2):
        front.set_up(index)


@row("a region whose last byte is not in its file", "closed", faults=True)
def one_byte_beyond(lab, front):
    os.ftruncate(front.memfd, MEMORY - 1)
    front.share_memory()


@row("a file cut off while its memory is in use", "closed", "running", BOTH, faults=True)
def cut_file(lab, front):
    os.ftruncate(front.memfd, 0)


@row("the half of a file cut off where the buffers are", "closed", "running", BOTH, faults=True)
def cut_buffers(lab, front):
    # The rings are in front of that, also for this process, which must not touch the rest any more.
    os.ftruncate(front.memfd, min(RECEIVE_AT, SEND_AT))
    front.rings[1].offer([(SEND_AT, 76, 0)])


@row("a file cut off before its rings are named", "closed", faults=True)
def cut_before_rings(lab, front):
    front.share_memory()
    os.ftruncate(front.memfd, 0)
    for index in range(2):
        front.set_up(index)


@row("a new table of memory in a file without any, while running", "closed", "running", BOTH, faults=True)
def empty_while_running(lab, front):
    empty = os.memfd_create("empty")
    front.descriptors.append(empty)
    # The same table once more would not be looked at.
    front.share_memory(region(size=MEMORY - 4096), descriptors=[empty])


@row("a file cut off after the owner was reset and memory shared anew", "closed", "running", BOTH, faults=True)
def cut_after_reset(lab, front):
    front.send(RESET_OWNER)
    front.share_memory()
    for index in range(2):
        front.set_up(index)
    time.sleep(0.05)
    os.ftruncate(front.memfd, 0)


@row("a file cut off after a region that was refused, connection open", "closed", "running", BOTH, faults=True)
def cut_after_refusal(lab, front):
    pipe_end = pipe(front)
    front.descriptors.append(pipe_end)
    # Whoever wants an answer is told, and stays.
    front.send(ADD_MEM_REG, struct.pack("<Q", 0) + region(4 * MEMORY, MEMORY, user=USER + 4 * MEMORY), [pipe_end], flags=VERSION | NEED_REPLY)
    front.reply()
    time.sleep(0.05)
    os.ftruncate(front.memfd, 0)


@row("a log of dirty pages without memory, and after the owner was reset", "open", "greeted")
def log_without_memory(lab, front):
    for _ in range(2):
        front.send(SET_LOG_BASE, struct.pack("<QQ", 65536, 0), [front.memfd])
        front.send(RESET_OWNER)


@row("a new region in a file without any, while running", "closed", "running", BOTH)
def empty_region(lab, front):
    empty = os.memfd_create("empty")
    front.descriptors.append(empty)
    front.send(ADD_MEM_REG, struct.pack("<Q", 0) + region(4 * MEMORY, MEMORY, user=USER + 4 * MEMORY), [empty])


@row("20 guests that cut their files off, one after the other", "any", "running", faults=True)
def cut_often(lab, front):
    for _ in range(20):
        other = lab.front().start()
        os.ftruncate(other.memfd, 0)
        is_closed = other.is_closed(2)
        other.close()
        if not is_closed:
            return "the connection stays open"


# Tables of memory.

def table(name, expects, *regions, silent=False):
    @row("memory: " + name, expects, silent=silent)
    def share(lab, front):
        # Whoever takes the table is given rings in it.
        if len(regions) > 8:
            front.send(SET_MEM_TABLE, (struct.pack("<II", len(regions), 0) + b"".join(regions))[:264], [front.memfd] * 8)
        elif regions:
            front.share_memory(*regions)
        else:
            front.send(SET_MEM_TABLE, struct.pack("<II", 0, 0))
        for index in range(2):
            front.set_up(index)
        front.transmit(PLAIN)
        time.sleep(0.05)


table("no region", "open", silent=True)
table("9 regions", "closed", *[region(i << 16, 1 << 16) for i in range(9)])
table("0xFFFFFFFF regions", "closed", *[region()] * 9)
table("regions that overlap", "open", region(), region(4096, MEMORY - 4096))
table("an empty region", "closed", region(size=0))
table("a size that wraps around 2^64", "closed", region(size=(1 << 64) - 1, offset=4096))
table("a size of 2^63", "closed", region(size=1 << 63))
table("addresses that wrap around 2^64", "open", region(TOP, MEMORY, user=TOP))
table("an offset of 2^64 - 4096", "closed", region(offset=TOP))
table("an offset that is no page", "open", region(offset=123, size=MEMORY - 4096))
table("a size that is no page", "open", region(size=MEMORY - 5))


@row("a table of memory while running", "open", "running", BOTH)
def new_table(lab, front):
    front.share_memory(region(size=MEMORY // 2), region(MEMORY // 2, MEMORY // 2, offset=MEMORY // 2))
    front.share_memory(region(size=4096))
    front.share_memory(region())


@row("tables of memory by turns, under traffic", "open", "running", BOTH)
def alternating_tables(lab, front):
    for number in range(100):
        front.transmit(PLAIN)
        front.share_memory(region(size=MEMORY - 4096 * (number % 2)))


# Rings.

def number_of_descriptors(size, expects, packed):
    @row("a ring of %d" % size, expects, packed=packed)
    def ring_size(lab, front):
        front.share_memory()
        front.state(SET_VRING_NUM, 0, size)


# Split ones have a power of two (virtio 1.2, 2.7); packed ones need not.
for size in (0, 3, 65535, 65536, 0xFFFFFFFF):
    number_of_descriptors(size, "closed", (False,))
    number_of_descriptors(size, "open" if size == 3 else "closed", (True,))


for index in (4, 255, 256, 0xFFFFFFFF):
    # Queues that the vif has not are not used; librte_vhost has 256 rings.
    @row("ring %d" % index, "open" if index < 256 else "closed", silent=True)
    def ring_index(lab, front, index=index):
        front.share_memory()
        front.state(SET_VRING_NUM, index, 256)
        front.state(SET_VRING_BASE, index, 0)
        front.place(index, USER, USER + USED_AT, USER + AVAIL_AT)
        front.state(SET_VRING_ENABLE, index, 1)


@row("all 256 rings at once", "open", silent=True)
def all_rings(lab, front):
    front.share_memory()
    for index in range(256):
        front.state(SET_VRING_NUM, index, 256)
        front.state(SET_VRING_BASE, index, 0)
        front.place(index, USER, USER + USED_AT, USER + AVAIL_AT)
        for request in (SET_VRING_CALL, SET_VRING_KICK):
            descriptor = os.eventfd(0)
            front.number(request, index, descriptors=[descriptor])
            os.close(descriptor)
        front.state(SET_VRING_ENABLE, index, 1)


def ring_address(name, change, silent=False):
    @row("a ring " + name, "open", packed=BOTH, silent=silent)
    def address(lab, front):
        front.share_memory()
        for index in range(2):
            ring = front.set_up(index, enable=False)
            front.place(index, *change(*ring.addresses()))
            front.state(SET_VRING_ENABLE, index, 1)
        front.rings[0].offer([(RECEIVE_AT, BUFFER, WRITE)])
        front.transmit(PLAIN)
        time.sleep(0.05)


ring_address("outside of memory", lambda *all: [1 << 40] * 3, silent=True)
ring_address("at 0", lambda *all: [0] * 3, silent=True)
ring_address("at the end of 2^64", lambda *all: [(1 << 64) - 8] * 3, silent=True)
ring_address("that ends outside of memory", lambda *all: [USER + MEMORY - 64] * 3, silent=True)
ring_address("at an odd address", lambda *all: [address + 1 for address in all])
ring_address("with all three parts in one place", lambda *all: [USER] * 3)


def ring_base(base):
    @row("a ring that begins at %d" % base, "open", packed=BOTH)
    def begin(lab, front):
        front.share_memory()
        for index in range(2):
            front.set_up(index, enable=False)
            front.state(SET_VRING_BASE, index, base)
            front.state(SET_VRING_ENABLE, index, 1)
        front.rings[0].offer([(RECEIVE_AT, BUFFER, WRITE)])
        front.transmit(PLAIN)
        time.sleep(0.05)


for base in (256, 32767, 65535, 0xFFFFFFFF):
    ring_base(base)


@row("an available index far ahead, and back", "open", "running")
def index_jumps(lab, front):
    for jump in (257, 40000, 65535, -1, -300, 0):
        for index in (0, 1):
            front.rings[index].set_index(front.rings[index].published + jump)
        time.sleep(0.02)


@row("available heads beyond the ring", "open", "running")
def heads_beyond(lab, front):
    for head in (256, 257, 65535):
        for index in (0, 1):
            front.rings[index].publish(head)
    time.sleep(0.05)


def chain(name, make, where=1, packed=BOTH, counter=None):
    """Descriptors that are written just so: `make` gets the ring and offers them."""
    @row("descriptors: " + name, "open", "running", packed, counter)
    def descriptors(lab, front):
        make(front, front.rings[where])
        if where == 0:
            # Somebody has to write into them.
            for number in range(300):
                lab.line.send(udp_frame(WILD, STATION, number, bytes(8)))
        time.sleep(0.05)


def loop(front, ring):
    if ring.is_packed:
        # As many as there are, none of which is the last.
        ring.offer([(SPARE_AT, 64, NEXT)] * ring.size)
        return
    first = ring.place
    ring.write(first, SPARE_AT, 64, NEXT, first + 1)
    ring.write(first + 1, SPARE_AT, 64, NEXT, first)
    ring.publish(first)


def next_beyond(front, ring):
    ring.write(ring.place, SPARE_AT, 64, NEXT, 65535)
    ring.publish(ring.place)


def indirect(ring, entries, length=None, address=SPARE_AT, flags=INDIRECT_TABLE):
    for number, (at, size, its, next) in enumerate(entries):
        struct.pack_into("<QIHH", ring.memory, SPARE_AT + 16 * number, at, size, *((number, its) if ring.is_packed else (its, next)))
    ring.offer([(address, 16 * len(entries) if length is None else length, flags)])


GOOD_ENTRY = (SEND_AT, 76, 0, 0)
chain("a loop", loop)
chain("a loop for receiving", loop, 0)
chain("a next one beyond the ring", next_beyond, packed=(False,))
chain("of no length", lambda front, ring: ring.offer([(SPARE_AT, 0, 0)]))
chain("of no length, a whole ring of them", lambda front, ring: [ring.offer([(SPARE_AT, 0, 0)]) for _ in range(200)])
chain("of 4 GB", lambda front, ring: ring.offer([(SPARE_AT, 0xFFFFFFFF, 0)]))
chain("two of 4 GB", lambda front, ring: ring.offer([(SPARE_AT, 0xFFFFFFFF, 0)] * 2))
chain("of 4 GB for receiving", lambda front, ring: ring.offer([(SPARE_AT, 0xFFFFFFFF, WRITE)]), 0)
chain("outside of memory", lambda front, ring: ring.offer([(1 << 40, 100, 0)]))
chain("outside of memory for receiving", lambda front, ring: ring.offer([(1 << 40, BUFFER, WRITE)]), 0)
chain("a header in memory, the frame outside", lambda front, ring: ring.offer([(SPARE_AT, HEADER, 0), (1 << 40, 60, 0)]))
chain("an address that wraps", lambda front, ring: ring.offer([((1 << 64) - 16, 100, 0)]))
chain("beyond the end of memory", lambda front, ring: ring.offer([(MEMORY - 20, 100, 0)]))
chain("to be written to, in a ring for sending", lambda front, ring: ring.offer([(SPARE_AT, 100, WRITE)]))
chain("to be read, in a ring for receiving", lambda front, ring: [ring.offer([(SPARE_AT, BUFFER, 0)]) for _ in range(64)], 0)
chain("an indirect table outside of memory", lambda front, ring: indirect(ring, [GOOD_ENTRY], address=1 << 40))
chain("an indirect table of no length", lambda front, ring: indirect(ring, [GOOD_ENTRY], length=0))
chain("an indirect table of 17 bytes", lambda front, ring: indirect(ring, [GOOD_ENTRY], length=17))
chain("an indirect table of 4 GB", lambda front, ring: indirect(ring, [GOOD_ENTRY], length=0xFFFFFFF0))
chain("an indirect table beyond the end of memory", lambda front, ring: indirect(ring, [GOOD_ENTRY], length=64, address=MEMORY - 32))
chain("an indirect table in an indirect table", lambda front, ring: indirect(ring, [(SPARE_AT, 16, INDIRECT_TABLE, 0)]))
chain("an indirect table that is a loop", lambda front, ring: indirect(ring, [(SEND_AT, 64, NEXT, 1), (SEND_AT, 64, NEXT, 0)]))
chain("an indirect table whose next one is beyond it", lambda front, ring: indirect(ring, [(SEND_AT, 64, NEXT, 60000)]))
chain("an indirect table for receiving, outside of memory",
      lambda front, ring: ring.offer([(1 << 40, 64, INDIRECT_TABLE)]), 0)
chain("a chain of 8 MB in 4096 entries", lambda front, ring: indirect(
    ring, [(SEND_AT, 2048, NEXT if number < 4095 else 0, number + 1) for number in range(4096)]))
chain("a chain of 65 KB", lambda front, ring: ring.offer([(SEND_AT, HEADER, 0)] + [(SEND_AT, 2048, 0)] * 32))
chain("as many chains as the ring has, all senseless", lambda front, ring: [ring.offer([(1 << 50, 1 << 31, WRITE)]) for _ in range(256)])


@row("descriptors: an address that crosses the end of a region", "open", "running", BOTH)
def crosses_regions(lab, front):
    front.share_memory(region(size=MEMORY // 2), region(MEMORY // 2, MEMORY // 2 - 4096, offset=MEMORY // 2))
    middle = MEMORY // 2
    data = bytes(HEADER) + PLAIN
    front.memory[middle - 30:middle - 30 + len(data)] = data
    for index in range(2):
        front.place(index, *front.rings[index].addresses())
        front.state(SET_VRING_ENABLE, index, 1)
    front.rings[1].offer([(middle - 30, len(data), 0)])
    front.rings[1].offer([(MEMORY - 4096 - 30, len(data), 0)])
    time.sleep(0.05)


@row("a packed ring's ids are all another's", "open", "running", (True,))
def strange_ids(lab, front):
    for id in (255, 256, 65535):
        front.rings[1].offer([(SEND_AT, 76, 0)], id)
    time.sleep(0.05)


# Frames and their virtio-net headers.

for length in range(14):
    @row("a frame of %d bytes" % length, "open", "running", BOTH if length in (0, 13) else (False,), counter="runt" if length else None)
    def runt(lab, front, length=length):
        front.transmit(PLAIN[:length])


@row("half a header, and no header", "open", "running", BOTH)
def cut_header(lab, front):
    for length in (0, 1, 6, 11):
        front.rings[1].offer([(SEND_AT, length, 0)])
    time.sleep(0.05)


def asks(name, its_header, frame, counter="badOffload"):
    @row("header: " + name, "open", "running", BOTH, counter)
    def ask(lab, front):
        front.transmit(frame, its_header)
        time.sleep(0.02)


TCP = dict(flags=1, csum_start=34, csum_offset=16, hdr_len=54)
asks("segments of 0 bytes", header(gso=1, gso_size=0, **TCP), tcp_frame(1000), None)
asks("segments of 1 byte", header(gso=1, gso_size=1, **TCP), tcp_frame(1900), None)
asks("segments of 65535 bytes", header(gso=1, gso_size=65535, **TCP), tcp_frame(1000), None)
asks("segments of TCP over IPv6 of what is IPv4", header(gso=4, gso_size=500, **TCP), tcp_frame(1000), None)
asks("segments of UDP", header(gso=3, gso_size=500, **TCP), tcp_frame(1000), None)
asks("segments of an unknown kind", header(gso=0x7E, gso_size=500, **TCP), tcp_frame(1000), None)
asks("segments of what is no TCP", header(gso=1, gso_size=500, **TCP), PLAIN + bytes(1000), None)
asks("segments without a checksum", header(gso=1, gso_size=500), tcp_frame(1000), None)
asks("a checksum that begins beyond the frame", header(flags=1, csum_start=5000, csum_offset=16), tcp_frame(20), None)
asks("a checksum at 65535", header(flags=1, csum_start=65535, csum_offset=65535), tcp_frame(20), None)
asks("a checksum of no protocol", header(flags=1, csum_start=20, csum_offset=2), PLAIN, None)
asks("a header's length of 65535", header(gso=1, gso_size=500, flags=1, csum_start=34, csum_offset=16, hdr_len=65535), tcp_frame(1000), None)
asks("a header's length of 0", header(gso=1, gso_size=500, flags=1, csum_start=34, csum_offset=16), tcp_frame(1000), None)
asks("65535 buffers", header(buffers=65535), PLAIN, None)
asks("all bits", b"\xff" * HEADER, tcp_frame(1000), None)
asks("segments, and the TCP header is cut off", header(gso=1, gso_size=500, **TCP), tcp_frame(0)[:40], None)
asks("segments, and the TCP header says 60 bytes", header(gso=1, gso_size=500, **TCP),
     tcp_frame(5)[:46] + b"\xf0" + tcp_frame(5)[47:], None)
asks("segments for another guest, with a foreign source", header(gso=1, gso_size=500, **TCP),
     bytes.fromhex("020000000011020000000012") + tcp_frame(1000)[12:], "foreignSource")


@row("header: a segment of 1 MB for a guest that takes segments", "open", "running", BOTH, counter="switch.badOffload")
def huge_segment(lab, front):
    # Few enough pieces not to be cut in any case; the guest `split` takes segments (run).
    frame = bytes.fromhex("020000000011") + WILD + tcp_frame(1)[12:]
    start = header(gso=1, gso_size=20000, **TCP) + frame
    front.memory[SEND_AT:SEND_AT + len(start)] = start
    front.rings[1].offer([(SEND_AT, len(start), 0)] + [(SPARE_AT, 4096, 0)] * 250)


# What is agreed on.

@row("features that were not offered", "closed", "new")
def strange_features(lab, front):
    front.send(SET_OWNER)
    front.ask(GET_FEATURES)
    front.number(SET_FEATURES, (1 << 64) - 1)


@row("protocol features that were not offered", "closed", "new")
def strange_protocol(lab, front):
    front.send(SET_OWNER)
    front.number(SET_FEATURES, USUAL & front.ask(GET_FEATURES))
    front.number(SET_PROTOCOL_FEATURES, (1 << 64) - 1)


@row("other features while running", "closed", "running", BOTH)
def other_features(lab, front):
    front.number(SET_FEATURES, front.features ^ MRG_RXBUF)


@row("packed instead of split, by turns", "open", "new")
def alternating_features(lab, front):
    front.greet()
    for number in range(20):
        front.number(SET_FEATURES, front.features | (PACKED if number % 2 else 0))
        front.share_memory()
        front.state(SET_VRING_NUM, number % 4, 256)
        front.place(number % 4, USER, USER + USED_AT, USER + AVAIL_AT)


@row("no features at all", "open", "new")
def no_features(lab, front):
    front.greet(wanted=0)
    front.share_memory()
    for index in range(2):
        front.set_up(index)
    front.transmit(PLAIN)
    time.sleep(0.05)


@row("rings before memory and features", "closed", "new")
def out_of_turn(lab, front):
    front.features = 0
    for index in range(2):
        front.set_up(index)
    front.state(SET_VRING_ENABLE, 0, 1)
    front.number(SET_FEATURES, USUAL)


@row("an MTU of 0, of 65535", "closed")
def strange_mtu(lab, front):
    for mtu in (0, 1, 65535, (1 << 64) - 1):
        front.number(SET_MTU, mtu)


@row("requests that are for other devices, or were not agreed on", "closed")
def others_requests(lab, front):
    for request in (SET_CONFIG, POSTCOPY_ADVISE, GET_INFLIGHT_FD, SET_STATUS, IOTLB_MSG, SET_SLAVE_FD):
        front.send(request, bytes(8))


@row("a log of senseless size", "closed")
def strange_log(lab, front):
    front.send(SET_LOG_BASE, struct.pack("<QQ", (1 << 64) - 1, 1 << 63), [front.memfd])


# Turning things on and off.

@row("rings turned off and on for 2 s, under traffic", "open", "running", BOTH)
def enable_flood(lab, front):
    end = time.monotonic() + 2
    while time.monotonic() < end:
        front.transmit(PLAIN)
        for index in range(2):
            front.state(SET_VRING_ENABLE, index, 0)
            front.state(SET_VRING_ENABLE, index, 1)


@row("rings stopped and asked for their place, 500 times", "open", "running", BOTH)
def base_flood(lab, front):
    for number in range(500):
        front.state(GET_VRING_BASE, number % 2, 0)
        front.reply()


@row("the owner reset while running", "open", "running", BOTH)
def reset_owner(lab, front):
    front.send(RESET_OWNER)
    front.transmit(PLAIN)
    time.sleep(0.02)


@row("an end under traffic", "any", "running", BOTH)
def ends_in_traffic(lab, front):
    for _ in range(200):
        front.transmit(PLAIN)
    front.socket.close()


@row("a guest that never takes what it gets", "open", "running", BOTH, counter="vringFull")
def never_reads(lab, front):
    for number in range(600):
        lab.line.send(udp_frame(WILD, STATION, number, bytes(8)))
        if number % 50 == 0:
            time.sleep(0.01)


# Connections.

@row("200 connections that end at once", "any", "new")
def connection_storm(lab, front):
    for _ in range(200):
        try:
            lab.front().close()
        except BlockingIOError:
            # 128 wait to be let in.
            time.sleep(0.01)


@row("30 guests that run and end at once", "any", "new")
def guest_storm(lab, front):
    for number in range(30):
        lab.front().start(packed=number % 2 == 1).close()


@row("60 connections at a time", "any", "new")
def many_connections(lab, front):
    fronts = []
    try:
        for number in range(60):
            fronts.append(lab.front())
            fronts[-1].send(SET_OWNER)
        time.sleep(0.1)
    finally:
        for other in fronts:
            other.close()


@row("a second guest on the socket, the first one goes", "any", "running", BOTH)
def second_guest(lab, front):
    second = lab.front().start()
    try:
        if wrong := lab.behaves(second):
            return "the second " + wrong
        front.socket.close()
        time.sleep(0.3)
        if wrong := lab.behaves(second):
            return "once the first is gone, the second " + wrong
    finally:
        second.close()
