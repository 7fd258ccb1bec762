# SPDX-License-Identifier: BSD-3-Clause
"""A guest's end of a vhost-user socket: messages with descriptors, and virtqueues in a memfd, split or packed (virtio 1.2, 2.7 and 2.8).

It does what it is told, also what no guest should.
"""
import array
import ctypes
import mmap
import os
import select
import socket
import struct
import time

# Requests of the vhost-user protocol.
GET_FEATURES, SET_FEATURES, SET_OWNER, RESET_OWNER, SET_MEM_TABLE, SET_LOG_BASE, SET_LOG_FD = range(1, 8)
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR = range(8, 15)
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, GET_QUEUE_NUM, SET_VRING_ENABLE, SEND_RARP, SET_MTU, SET_SLAVE_FD = range(15, 22)
IOTLB_MSG, SET_CONFIG, POSTCOPY_ADVISE, GET_INFLIGHT_FD, ADD_MEM_REG, SET_STATUS = 22, 25, 28, 31, 37, 39
VERSION, REPLY, NEED_REPLY = 1, 4, 8

CSUM, GUEST_CSUM, GUEST_TSO4, HOST_TSO4, HOST_TSO6, MRG_RXBUF, MQ = 1 << 0, 1 << 1, 1 << 7, 1 << 11, 1 << 12, 1 << 15, 1 << 22
INDIRECT, PROTOCOL, MODERN, PACKED = 1 << 28, 1 << 30, 1 << 32, 1 << 34
USUAL = CSUM | HOST_TSO4 | HOST_TSO6 | MRG_RXBUF | INDIRECT | PROTOCOL | MODERN
PROTOCOL_MQ, PROTOCOL_RARP, PROTOCOL_REPLY_ACK = 1 << 0, 1 << 2, 1 << 3

# Descriptors.
NEXT, WRITE, INDIRECT_TABLE = 1, 2, 4
AVAIL, USED = 1 << 7, 1 << 15

MEMORY = 8 << 20
# Where the guest's process has its memory; its physical addresses begin at 0.
USER = 0x7F0000000000
RING_STEP, AVAIL_AT, USED_AT = 0x10000, 0x4000, 0x8000
BUFFER = 2048
RECEIVE_AT, SEND_AT, SPARE_AT = 0x100000, 0x200000, 0x300000
HEADER = 12


def region(physical=0, size=MEMORY, user=None, offset=0):
    return struct.pack("<4Q", physical & (1 << 64) - 1, size & (1 << 64) - 1, (USER + physical if user is None else user) & (1 << 64) - 1,
                       offset & (1 << 64) - 1)


class Ring:
    """One virtqueue; even numbers are those that the guest receives from."""

    def __init__(self, front, index, size):
        self.memory, self.index, self.size, self.at = front.memory, index, size, index * RING_STEP
        # What both sides look at while it changes goes as one word, which `struct` does not promise.
        self.words = (ctypes.c_uint16 * (MEMORY // 2)).from_buffer(front.memory)
        self.seen = 0

    def addresses(self):
        return USER + self.at, USER + self.at + USED_AT, USER + self.at + AVAIL_AT


class SplitRing(Ring):
    is_packed = False

    def __init__(self, front, index, size):
        super().__init__(front, index, size)
        self.place = 0
        self.published = 0

    def write(self, place, address, length, flags, next=0):
        struct.pack_into("<QIHH", self.memory, self.at + 16 * place, address & (1 << 64) - 1, length, flags, next)

    def publish(self, head):
        struct.pack_into("<H", self.memory, self.at + AVAIL_AT + 4 + 2 * (self.published % self.size), head)
        self.published = self.published + 1 & 0xFFFF
        self.set_index(self.published)

    def set_index(self, index):
        self.words[(self.at + AVAIL_AT + 2) // 2] = index & 0xFFFF

    def offer(self, chain):
        """Makes a chain of (address, length, flags) available; `NEXT` is put where it belongs."""
        head = self.place
        for number, (address, length, flags) in enumerate(chain):
            place = self.place
            self.place = (place + 1) % self.size
            self.write(place, address, length, flags | (NEXT if number + 1 < len(chain) else 0), self.place)
        self.publish(head)
        return head

    def used(self):
        """The next (id, length) that came back, or None."""
        if self.words[(self.at + USED_AT + 2) // 2] == self.seen:
            return None
        found = struct.unpack_from("<II", self.memory, self.at + USED_AT + 4 + 8 * (self.seen % self.size))
        self.seen = self.seen + 1 & 0xFFFF
        return found


class PackedRing(Ring):
    is_packed = True

    def __init__(self, front, index, size):
        super().__init__(front, index, size)
        self.place, self.wrap = 0, True
        self.seen_wrap = True
        self.lengths = {}

    def write(self, place, address, length, flags, id=0):
        struct.pack_into("<QIH", self.memory, self.at + 16 * place, address & (1 << 64) - 1, length, id)
        self.words[(self.at + 16 * place + 14) // 2] = flags

    def offer(self, chain, id=None):
        head, first = self.place, None
        id = head if id is None else id
        self.lengths[id] = len(chain)
        for number, (address, length, flags) in enumerate(chain):
            flags |= (NEXT if number + 1 < len(chain) else 0) | (AVAIL if self.wrap else USED)
            if number == 0:
                first = flags
                self.write(self.place, address, length, flags ^ (AVAIL | USED), id)
            else:
                self.write(self.place, address, length, flags, id)
            self.place += 1
            if self.place == self.size:
                self.place, self.wrap = 0, not self.wrap
        # The first descriptor makes the others available.
        self.words[(self.at + 16 * head + 14) // 2] = first
        return id

    def used(self):
        flags = self.words[(self.at + 16 * self.seen + 14) // 2]
        if bool(flags & AVAIL) != self.seen_wrap or bool(flags & USED) != self.seen_wrap:
            return None
        _, length, id = struct.unpack_from("<QIH", self.memory, self.at + 16 * self.seen)
        self.seen += self.lengths.get(id, 1)
        if self.seen >= self.size:
            self.seen, self.seen_wrap = self.seen - self.size, not self.seen_wrap
        return id, length


class FrontEnd:
    def __init__(self, path, seconds=3):
        self.memfd = os.memfd_create("guest")
        os.ftruncate(self.memfd, MEMORY)
        self.memory = mmap.mmap(self.memfd, MEMORY)
        self.descriptors = [self.memfd]
        self.rings = {}
        self.calls = {}
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(path)

    def close(self):
        self.socket.close()
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []

    # Messages.

    def raw(self, data, descriptors=()):
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self.socket.sendmsg([data], ancillary)

    def send(self, request, payload=b"", descriptors=(), flags=VERSION, size=None):
        self.raw(struct.pack("<III", request, flags, len(payload) if size is None else size) + payload, descriptors)

    def number(self, request, value, **options):
        self.send(request, struct.pack("<Q", value), **options)

    def state(self, request, index, value, **options):
        self.send(request, struct.pack("<II", index, value), **options)

    def reply(self):
        header = self.read(12)
        request, flags, size = struct.unpack("<III", header)
        if not flags & REPLY or size > 4096:
            raise OSError("no reply: %r" % header)
        return self.read(size)

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("closed")
            data += part
        return data

    def ask(self, request, payload=b""):
        self.send(request, payload)
        return struct.unpack("<Q", self.reply())[0]

    def is_closed(self, seconds):
        """Whether the other end hangs up within that time; what it says before is skipped."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if not select.select([self.socket], [], [], max(0, left))[0]:
                return False
            try:
                if not self.socket.recv(65536):
                    return True
            except ConnectionError:
                return True

    # A guest that behaves.

    def descriptor(self):
        found = os.eventfd(0, os.EFD_NONBLOCK)
        self.descriptors.append(found)
        return found

    def greet(self, wanted=USUAL, packed=False, multiqueue=False):
        self.send(SET_OWNER)
        self.offered = self.ask(GET_FEATURES)
        self.features = self.offered & (wanted | (PACKED if packed else 0) | (MQ if multiqueue else 0))
        if self.features & PROTOCOL:
            # librte_vhost may answer only about what is negotiated.
            protocol = self.ask(GET_PROTOCOL_FEATURES)
            self.number(SET_PROTOCOL_FEATURES, protocol & (PROTOCOL_MQ | PROTOCOL_RARP | PROTOCOL_REPLY_ACK))
        self.number(SET_FEATURES, self.features)

    def share_memory(self, *regions, descriptors=None):
        regions = regions or (region(),)
        payload = struct.pack("<II", len(regions), 0) + b"".join(regions)
        self.send(SET_MEM_TABLE, payload, [self.memfd] * len(regions) if descriptors is None else descriptors)

    def set_up(self, index, size=256, enable=True):
        kind = PackedRing if self.features & PACKED else SplitRing
        ring = self.rings[index] = kind(self, index, size)
        self.state(SET_VRING_NUM, index, size)
        # A packed ring counts from its wrap counters on.
        self.state(SET_VRING_BASE, index, 0x80008000 if ring.is_packed else 0)
        self.place(index, *ring.addresses())
        self.calls[index] = self.descriptor()
        self.number(SET_VRING_CALL, index, descriptors=[self.calls[index]])
        self.number(SET_VRING_KICK, index, descriptors=[self.descriptor()])
        if enable and self.features & PROTOCOL:
            self.state(SET_VRING_ENABLE, index, 1)
        return ring

    def place(self, index, table, used, avail, flags=0):
        mask = (1 << 64) - 1
        self.send(SET_VRING_ADDR, struct.pack("<IIQQQQ", index, flags, table & mask, used & mask, avail & mask, 0))

    def start(self, packed=False, pairs=1, size=256, receives=True, wanted=USUAL):
        self.greet(wanted, packed=packed, multiqueue=pairs > 1)
        self.share_memory()
        for index in range(2 * pairs):
            ring = self.set_up(index, size)
            if index % 2 == 0 and receives:
                # Half of them: the other half of the memory belongs to the second pair.
                for number in range(min(size, 128)):
                    ring.offer([(self.receive_buffer(index, number), BUFFER, WRITE)])
        return self

    @staticmethod
    def receive_buffer(index, id):
        return RECEIVE_AT + (index // 2 * 128 + id % 128) * BUFFER

    def transmit(self, frame, header=bytes(HEADER), ring=1):
        """Offers a frame, in one descriptor; nothing waits for it to be taken."""
        queue = self.rings[ring]
        at = SEND_AT + (queue.place % 256) * BUFFER
        data = header + frame
        self.memory[at:at + len(data)] = data
        queue.offer([(at, len(data), 0)])

    def received(self):
        """Frames that came, each once; their buffers are offered again."""
        found = []
        for index, queue in self.rings.items():
            if index % 2:
                while queue.used() is not None:
                    pass
                continue
            while (back := queue.used()) is not None:
                id, length = back
                at = self.receive_buffer(index, id)
                found.append(bytes(self.memory[at + HEADER:at + max(HEADER, min(length, BUFFER))]))
                if queue.is_packed:
                    queue.offer([(at, BUFFER, WRITE)], id)
                else:
                    # The same descriptor, which still says what it said.
                    queue.publish(id)
        return found

    def wait(self, seconds):
        """Until a ring's call, or that time."""
        for call in select.select(list(self.calls.values()), [], [], seconds)[0]:
            try:
                os.eventfd_read(call)
            except BlockingIOError:
                pass
