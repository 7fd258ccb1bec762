// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// A one-way ring of mbufs with a single producer and a single consumer lcore (rte_ring, `SP_ENQ | SC_DEQ`).
///
/// Mbufs that are still inside when it goes are freed.
@safe
public struct MbufRing: ~Copyable, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): one producer and one consumer may use it at once; it publishes what it carries.
    @usableFromInline let pointer: OpaquePointer

    /// - Parameter name: unique in the process, at most 28 bytes.
    public init(name: String, capacity: Int, numaNode: Int = -1) throws(DPDKError) {
        var error: Int32 = 0
        guard let ring = unsafe cdpdk_ring_create(name, UInt32(capacity), Int32(numaNode), &error) else {
            throw DPDKError("create ring \(name)", code: error)
        }
        unsafe pointer = ring
    }

    deinit {
        unsafe withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<cdpdk_mbuf>?.self, capacity: 32) { buffer in
            guard let base = buffer.baseAddress else { return }
            while true {
                let count = unsafe cdpdk_ring_dequeue(pointer, base, 32)
                if count == 0 { break }
                unsafe cdpdk_mbuf_free_bulk(base, count)
            }
        }
        unsafe cdpdk_ring_free(pointer)
    }

    public var handle: MbufRingHandle { unsafe MbufRingHandle(pointer) }
}

/// A borrowed ``MbufRing``: valid while that lives.
@safe @frozen
public struct MbufRingHandle: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): as MbufRing.
    @usableFromInline let pointer: OpaquePointer
    @_noLocks @unsafe init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    /// The ring (`struct rte_ring`) as the plugin ABI passes it, and back.
    @unsafe public var unsafeAddress: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(pointer) }
    @inlinable @_noLocks
    @unsafe public init(unsafeAddress: UnsafeMutableRawPointer) { unsafe pointer = OpaquePointer(unsafeAddress) }

    @inlinable public var count: Int { @_noLocks get { unsafe Int(cdpdk_ring_count(pointer)) } }
    @inlinable public var freeCount: Int { @_noLocks get { unsafe Int(cdpdk_ring_free_count(pointer)) } }

    /// Gives the burst's first mbufs to the consumer, as many as fit; the rest stay in the burst.
    @inlinable @_noLocks @discardableResult
    public func enqueue(_ burst: inout MbufBurst) -> Int {
        let taken = unsafe cdpdk_ring_enqueue(pointer, burst.unsafeSlots, UInt32(truncatingIfNeeded: burst.count))
        burst.removeFirst(Int(taken))
        return Int(taken)
    }

    /// Takes up to `limit` mbufs, as many as `burst` has room for.
    @inlinable @_noLocks @discardableResult
    public func dequeue(into burst: inout MbufBurst, limit: Int = .max) -> Int {
        let room = burst.freeCapacity < limit ? burst.freeCapacity : limit
        guard room > 0 else { return 0 }
        let taken = unsafe cdpdk_ring_dequeue(pointer, burst.unsafeFreeSlots, UInt32(truncatingIfNeeded: room))
        unsafe burst.unsafeCommit(Int(taken))
        return Int(taken)
    }
}

/// A one-way ring of 64-bit words between a poll loop and the control plane: commands down, events up.
@safe
public final class WordRing: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): as MbufRing.
    @usableFromInline let pointer: OpaquePointer
    private let isPrivate: Bool

    public init(name: String, capacity: Int, numaNode: Int = -1) throws(DPDKError) {
        var error: Int32 = 0
        guard let ring = unsafe cdpdk_ring_create(name, UInt32(capacity), Int32(numaNode), &error) else {
            throw DPDKError("create ring \(name)", code: error)
        }
        unsafe pointer = ring
        isPrivate = false
    }

    /// A ring in memory of this process alone, without a name: for a process that must leave nothing behind in the EAL's memory.
    ///
    /// - Parameter privateCapacity: at least so many words.
    public init(privateCapacity: Int) throws(DPDKError) {
        var error: Int32 = 0
        guard let ring = unsafe cdpdk_ring_create_private(UInt32(privateCapacity), &error) else {
            throw DPDKError("create a ring", code: error)
        }
        unsafe pointer = ring
        isPrivate = true
    }

    deinit { if isPrivate { unsafe cdpdk_ring_free_private(pointer) } else { unsafe cdpdk_ring_free(pointer) } }

    public var handle: WordRingHandle { unsafe WordRingHandle(pointer) }
}

/// A borrowed ``WordRing``: valid while that lives.
@safe @frozen
public struct WordRingHandle: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): as WordRing.
    @usableFromInline let pointer: OpaquePointer
    @_noLocks @unsafe init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    /// Words inside. Exact for the consumer's purposes: more may come, none go.
    @inlinable public var count: Int { @_noLocks get { unsafe Int(cdpdk_ring_count(pointer)) } }
    /// How many more words fit. Exact for the producer's purposes: more may fit soon, never fewer.
    @inlinable public var freeCount: Int { @_noLocks get { unsafe Int(cdpdk_ring_free_count(pointer)) } }

    /// False when full.
    @inlinable @_noLocks
    public func enqueue(_ word: UInt64) -> Bool { unsafe cdpdk_ring_enqueue_word(pointer, word) }

    @inlinable @_noLocks
    public func dequeue() -> UInt64? {
        var word: UInt64 = 0
        return unsafe cdpdk_ring_dequeue_word(pointer, &word) ? word : nil
    }
}
