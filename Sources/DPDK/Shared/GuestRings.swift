// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// The four one-way rings between netback and the process of an attached guest: its slow path. Every mbuf in them is of the guest's
/// own pool, which the guest alone operates on; netback copies at its boundary.
///
/// This is netback's side, the rings' owner. The guest's is ``GuestRingNames``.
@safe
public final class GuestRings: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): one lcore at a time uses the handle; reset() is called while neither side uses the rings.
    public let names: GuestRingNames
    public let map: PoolMap
    private let other: PoolMap?
    private let posted, filled, sent, returned: MbufRingOwner
    private let pointer: OpaquePointer

    /// - Parameters:
    ///   - name: at most 19 bytes, unique in the EAL.
    ///   - depth: frames that wait in each direction at most.
    ///   - map: of the guest's pool, with which the guest alone allocates and frees.
    ///   - other: of the pool of its VI: what came by that may be sent this way.
    public init(
        name: String, depth: Int, map: PoolMap, other: PoolMap? = nil, numaNode: Int = -1
    ) throws(DPDKError) {
        guard (1...19).contains(name.utf8.count), (32...1 << 16).contains(depth) else {
            throw DPDKError("create the rings of guest \(name)", code: 22)
        }
        names = GuestRingNames(guest: name, depth: depth)
        self.map = map
        self.other = other
        posted = try MbufRingOwner(names.posted, depth, numaNode)
        filled = try MbufRingOwner(names.filled, depth, numaNode)
        sent = try MbufRingOwner(names.sent, depth, numaNode)
        returned = try MbufRingOwner(names.returned, depth, numaNode)
        guard
            let made = unsafe cdpdk_guest_rings_create(
                posted.pointer, filled.pointer, sent.pointer, returned.pointer, map.pointer, other?.pointer)
        else { throw DPDKError("create the rings of guest \(name)", code: 12) }
        unsafe pointer = made
    }

    deinit { unsafe cdpdk_guest_rings_free(pointer) }

    public var handle: GuestRingsHandle { unsafe GuestRingsHandle(pointer) }

    /// Forgets what is inside, for the next guest.
    ///
    /// - Precondition: neither side uses the rings.
    public func reset() { unsafe cdpdk_guest_rings_reset(pointer) }

    /// Frames that the guest sent and netback has not taken.
    public var waiting: Int { unsafe Int(cdpdk_ring_count(sent.pointer)) }

    /// A ring that goes without a look at what is inside: that is the pool's map's business.
    @safe
    private final class MbufRingOwner {
        let pointer: OpaquePointer

        init(_ name: String, _ capacity: Int, _ numaNode: Int) throws(DPDKError) {
            var error: Int32 = 0
            guard let ring = unsafe cdpdk_ring_create(name, UInt32(capacity), Int32(numaNode), &error) else {
                throw DPDKError("create ring \(name)", code: error)
            }
            unsafe pointer = ring
        }

        deinit { unsafe cdpdk_ring_free(pointer) }
    }
}

/// How a guest finds its rings.
public struct GuestRingNames: Sendable, Equatable {
    /// Guest to netback: empty buffers; and back, with a frame each.
    public let posted, filled: String
    /// Guest to netback: frames to send; and back, when they were copied.
    public let sent, returned: String
    /// Frames that each ring takes.
    public let depth: Int

    public init(guest: String, depth: Int) {
        posted = "\(guest)-posted"
        filled = "\(guest)-filled"
        sent = "\(guest)-sent"
        returned = "\(guest)-returned"
        self.depth = depth
    }
}

/// Borrowed ``GuestRings``: valid while those live.
///
/// - Lcore: netback's, one at a time.
@safe @frozen
public struct GuestRingsHandle: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): as GuestRings.
    @usableFromInline let pointer: OpaquePointer
    @unsafe init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    /// What became of a burst.
    @frozen
    public struct Outcome: Sendable {
        /// Frames dealt with.
        public let count: Int
        /// Of those, how many the guest does not get, or did not send properly.
        public let refused: Int

        @inlinable @_noLocks
        public init(count: Int, refused: Int) {
            self.count = count
            self.refused = refused
        }
    }

    /// Copies the burst's frames from place `first` on into buffers that the guest posted, as many as it did. The mbufs all stay the caller's.
    @inlinable @_noLocks
    public func enqueue(_ burst: borrowing MbufBurst, from first: Int = 0) -> Outcome {
        precondition(first >= 0 && first <= burst.count, "slot out of the burst")
        if burst.count == first { return Outcome(count: 0, refused: 0) }
        var tooLong: UInt16 = 0
        var foreign: UInt16 = 0
        let done = unsafe cdpdk_guest_rings_deliver(
            pointer, burst.unsafeSlots + first, UInt16(truncatingIfNeeded: burst.count - first), &tooLong, &foreign)
        return Outcome(count: Int(done), refused: Int(tooLong))
    }

    /// Copies frames that the guest sent into mbufs of `pool` at the end of `burst`. `refused` of them made no sense.
    @inlinable @_noLocks
    public func dequeue(into burst: inout MbufBurst, pool: MempoolHandle, limit: Int = .max) -> Outcome {
        let room = burst.freeCapacity < limit ? burst.freeCapacity : limit
        guard room > 0 else { return Outcome(count: 0, refused: 0) }
        var bad: UInt16 = 0
        let taken = unsafe cdpdk_guest_rings_collect(
            pointer, pool.pointer, burst.unsafeFreeSlots, UInt16(truncatingIfNeeded: room), &bad)
        unsafe burst.unsafeCommit(Int(taken))
        return Outcome(count: Int(taken) + Int(bad), refused: Int(bad))
    }
}

extension MbufRingHandle {
    /// A ring by its name, of this process or of the EAL's first one.
    public init?(named name: String) {
        guard let found = unsafe cdpdk_ring_lookup(name) else { return nil }
        unsafe self.init(unsafeAddress: UnsafeMutableRawPointer(found))
    }

    /// Forgets what is inside: for mbufs whose pool is rebuilt.
    ///
    /// - Precondition: nobody uses the ring.
    public func reset() { unsafe cdpdk_ring_reset(pointer) }
}
