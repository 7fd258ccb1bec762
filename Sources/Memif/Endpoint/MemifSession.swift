// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Synchronization

/// The hot state of one connection: both rings, and the memory that their descriptors speak of.
///
/// What the other end writes is read once, checked, and then used. A slot that speaks of memory that there is none of, or a counter
/// that jumps, breaks the session: nothing moves any more, and the control plane ends it.
///
/// - Lcore: one at a time.
@safe
struct MemifSession: ~Copyable {
    enum Role: UInt8 {
        case client, server

        @_noLocks static func == (a: Self, b: Self) -> Bool { a.rawValue == b.rawValue }
    }

    /// Most frames that a call takes, and slots after which it begins no new one.
    private static var budget: Int { @_noLocks get { 64 } }
    private static var slotBudget: Int { @_noLocks get { 256 } }

    /// One region.
    @unsafe
    struct Area {
        var base: UnsafeMutableRawPointer
        var size: UInt64
    }

    private let role: Role
    /// What comes from the other end, and what goes there.
    private let inbound: MemifRing
    private let outbound: MemifRing
    private let areas: UnsafeMutablePointer<Area>
    private let areaCount: Int
    /// Of a client: bytes of each of its buffers; those of the inbound ring lie behind one another from there on, then the other's.
    private let bufferLength: Int
    private let inboundBuffers: UInt32
    private let outboundBuffers: UInt32
    private let counters: Counters
    /// Keeps the memory mapped.
    private let regions: [MemifRegion]

    /// The next slot of each ring.
    private var inboundNext: UInt16 = 0
    private var outboundNext: UInt16 = 0
    let isBroken = Atomic<Bool>(false)

    /// As a server, with the client's memory.
    init(inbound: MemifRing, outbound: MemifRing, regions: [MemifRegion], counters: Counters) {
        self.init(
            .server, inbound: inbound, outbound: outbound, regions: regions, bufferLength: 0, inboundBuffers: 0,
            outboundBuffers: 0, counters: counters)
        inboundNext = inbound.tail
        outboundNext = outbound.tail
        // Nobody here waits for the client's events, each of which costs it a system call.
        inbound.maskInterrupts()
    }

    /// As a client, with memory of its own, whose rings are empty.
    init(inbound: MemifRing, outbound: MemifRing, layout: MemifLayout, region: MemifRegion, counters: Counters) {
        self.init(
            .client, inbound: inbound, outbound: outbound, regions: [region], bufferLength: layout.bufferLength,
            inboundBuffers: UInt32(layout.inboundBuffers), outboundBuffers: UInt32(layout.outboundBuffers), counters: counters)
        var slot: UInt16 = 0
        while slot < inbound.size {
            offerBuffer(slot)
            slot += 1
        }
        inbound.head = inbound.size
    }

    private init(
        _ role: Role, inbound: MemifRing, outbound: MemifRing, regions: [MemifRegion], bufferLength: Int,
        inboundBuffers: UInt32, outboundBuffers: UInt32, counters: Counters
    ) {
        self.role = role
        self.inbound = inbound
        self.outbound = outbound
        self.regions = regions
        self.bufferLength = bufferLength
        self.inboundBuffers = inboundBuffers
        self.outboundBuffers = outboundBuffers
        self.counters = counters
        areaCount = regions.count
        unsafe areas = .allocate(capacity: max(1, regions.count))
        for (index, region) in regions.enumerated() {
            unsafe (areas + index).initialize(to: Area(base: region.base, size: UInt64(region.size)))
        }
    }

    deinit { unsafe areas.deallocate() }

    // MARK: From the other end

    @_noLocks
    mutating func receive(into burst: inout MbufBurst, pool: MempoolHandle, limit: Int) -> Int {
        if isBroken.load(ordering: .relaxed) { return 0 }
        // What the other end has filled: a client's frames up to its head, a server's up to its tail.
        var filled = (role == .server ? inbound.head : inbound.tail) &- inboundNext
        if filled > inbound.size {
            breakOff()
            return 0
        }
        if filled == 0 { return 0 }
        var wanted = filled < UInt16(truncatingIfNeeded: Self.budget) ? Int(filled) : Self.budget
        if wanted > limit { wanted = limit }
        if wanted > burst.freeCapacity { wanted = burst.freeCapacity }
        if wanted <= 0 { return 0 }
        let offset = burst.count
        if !pool.allocate(wanted, into: &burst) {
            count(.noMbuf, 1)
            return 0
        }
        let first = inboundNext
        var received = 0
        // Frames that are dropped cost their sender, and nobody else's turn.
        var slotsLeft = UInt16(truncatingIfNeeded: Self.slotBudget)
        while filled > 0, received < wanted, slotsLeft > 0 {
            let used = takeFrame(into: burst[offset + received], of: filled)
            if used == 0 { break }
            if burst[offset + received].packetLength > 0 { received += 1 }
            filled &-= used
            inboundNext &+= used
            slotsLeft = used < slotsLeft ? slotsLeft &- used : 0
        }
        burst.freeLast(wanted - received)
        if inboundNext != first { giveBack(from: first) }
        count(.received, received)
        return received
    }

    /// Copies the next frame; how many slots it has, 0 when the session broke, or when the rest of the frame is not there yet. A frame that is dropped
    /// leaves the mbuf empty.
    @_noLocks
    private mutating func takeFrame(into mbuf: Mbuf, of filled: UInt16) -> UInt16 {
        var used: UInt16 = 0
        var length = 0
        var isDropped = false
        while true {
            // A frame that goes on behind what was filled never ends.
            guard used < filled else {
                breakOff()
                return 0
            }
            let slot = inbound.descriptor(at: inboundNext &+ used)
            guard let source = unsafe address(of: slot, slotIndex: inboundNext &+ used) else {
                breakOff()
                return 0
            }
            used &+= 1
            let bytes = Int(slot.length)
            let begin = length
            length += bytes
            if isDropped || bytes == 0 || !mbuf.setLength(length) {
                isDropped = true
            } else {
                unsafe mbuf.write(source, count: bytes, at: begin)
            }
            if !slot.continues { break }
        }
        if isDropped {
            count(.malformed, 1)
            _ = mbuf.setLength(0)
        }
        return used
    }

    /// Where the slot's bytes are; nil for memory that there is none of.
    @inline(__always) @_noLocks
    private func address(of slot: MemifDescriptor, slotIndex: UInt16) -> UnsafeMutableRawPointer? {
        if role == .client {
            // A client knows its own buffers: what the server wrote there besides the length means nothing.
            guard Int(slot.length) <= bufferLength else { return nil }
            return unsafe areas[0].base.advanced(by: offset(ofBuffer: slotIndex & (inbound.size &- 1), from: inboundBuffers))
        }
        guard Int(slot.region) < areaCount else { return nil }
        let area = unsafe areas[Int(slot.region)]
        guard unsafe UInt64(slot.offset) + UInt64(slot.length) <= area.size else { return nil }
        return unsafe area.base.advanced(by: Int(slot.offset))
    }

    @inline(__always) @_noLocks
    private func offset(ofBuffer index: UInt16, from first: UInt32) -> Int { Int(first) + Int(index) * bufferLength }

    /// Lets the other end have the slots from `first` on again.
    @_noLocks
    private mutating func giveBack(from first: UInt16) {
        if role == .server {
            inbound.tail = inboundNext
            return
        }
        var place = first
        while place != inboundNext {
            offerBuffer(place)
            place &+= 1
        }
        // Each slot that was emptied is offered again, so the head stays a ring ahead.
        inbound.head = inboundNext &+ inbound.size
    }

    @inline(__always) @_noLocks
    private func offerBuffer(_ place: UInt16) {
        inbound.set(
            MemifDescriptor(
                flags: 0, region: 0, length: UInt32(truncatingIfNeeded: bufferLength),
                offset: UInt32(truncatingIfNeeded: offset(ofBuffer: place & (inbound.size &- 1), from: inboundBuffers))),
            at: place)
    }

    // MARK: To the other end

    @_noLocks
    mutating func transmit(_ burst: inout MbufBurst) -> Int {
        if isBroken.load(ordering: .relaxed) { return 0 }
        var free: UInt16
        if role == .server {
            free = outbound.head &- outboundNext
        } else {
            let waiting = outboundNext &- outbound.tail
            free = outbound.size &- waiting
        }
        if free > outbound.size {
            breakOff()
            return 0
        }
        var done = 0
        var sent = 0
        while done < burst.count {
            let mbuf = burst[done]
            if mbuf.segmentCount != 1 || mbuf.packetLength == 0 {
                count(.unfit, 1)
                done += 1
                continue
            }
            let used = put(mbuf, free)
            if used == 0 {
                // All that the other end can ever offer is too little.
                if free < outbound.size || isBroken.load(ordering: .relaxed) { break }
                count(.unfit, 1)
                done += 1
                continue
            }
            free &-= used
            outboundNext &+= used
            done += 1
            sent += 1
        }
        if sent > 0 {
            if role == .server { outbound.tail = outboundNext } else { outbound.head = outboundNext }
        }
        count(.sent, sent)
        burst.freeFirst(done)
        return done
    }

    /// Copies one frame; how many slots it took, 0 when there is no room.
    @_noLocks
    private mutating func put(_ mbuf: Mbuf, _ free: UInt16) -> UInt16 {
        var used: UInt16 = 0
        var left = mbuf.packetLength
        var place = 0
        while left > 0 {
            if used == free { return 0 }
            let next = outboundNext &+ used
            var slot: MemifDescriptor
            let room: Int
            let target: UnsafeMutableRawPointer
            if role == .client {
                slot = MemifDescriptor(
                    flags: 0, region: 0, length: 0,
                    offset: UInt32(
                        truncatingIfNeeded: offset(ofBuffer: next & (outbound.size &- 1), from: outboundBuffers)))
                room = bufferLength
                unsafe target = areas[0].base.advanced(by: Int(slot.offset))
            } else {
                slot = outbound.descriptor(at: next)
                room = Int(slot.length)
                guard room > 0, let address = unsafe address(of: slot, slotIndex: next) else {
                    breakOff()
                    return 0
                }
                unsafe target = address
            }
            let bytes = left < room ? left : room
            unsafe mbuf.read(at: place, count: bytes, to: target)
            left -= bytes
            place += bytes
            slot.length = UInt32(truncatingIfNeeded: bytes)
            slot.flags = left > 0 ? MemifProtocol.next : 0
            outbound.set(slot, at: next)
            used &+= 1
        }
        return used
    }

    @_noLocks
    private func breakOff() {
        isBroken.store(true, ordering: .relaxed)
        count(.broken, 1)
    }

    @inline(__always) @_noLocks
    private func count(_ counter: MemifCounter, _ amount: Int) { counters.add(amount, to: counter.index) }
}

/// What the hot half counts.
enum MemifCounter: Int, CaseIterable {
    case received = 0
    case sent, malformed, unfit, noMbuf, broken

    var index: Int { @_noLocks get { rawValue } }
}
