// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// The slots of a burst, as DPDK's calls take them.
public typealias MbufSlots = UnsafeMutablePointer<UnsafeMutablePointer<cdpdk_mbuf>?>

/// A burst of mbufs that it owns: a block of slots allocated once, filled and emptied many times.
///
/// What is left in it when it goes out of scope is freed, so an early return cannot leak an mbuf.
///
/// - Lcore: one at a time.
@safe @frozen
public struct MbufBurst: ~Copyable {
    public let unsafeSlots: MbufSlots
    public let capacity: Int
    @usableFromInline var filled: Int

    /// An empty burst of at most `capacity` mbufs (1 to 4096). Allocates; the only operation here that does.
    public init(capacity: Int) {
        precondition(capacity > 0 && capacity <= 4096, "a burst holds 1 to 4096 mbufs")
        unsafe unsafeSlots = .allocate(capacity: capacity)
        unsafe unsafeSlots.initialize(repeating: nil, count: capacity)
        self.capacity = capacity
        filled = 0
    }

    deinit {
        if filled > 0 { unsafe cdpdk_mbuf_free_bulk(unsafeSlots, UInt32(filled)) }
        unsafe unsafeSlots.deallocate()
    }

    @inlinable public var count: Int { @inline(always) @_noLocks get { filled } }
    @inlinable public var isEmpty: Bool { @inline(always) @_noLocks get { filled == 0 } }
    @inlinable public var freeCapacity: Int { @inline(always) @_noLocks get { capacity - filled } }

    /// The mbuf in slot `index`, borrowed.
    @inlinable public subscript(index: Int) -> Mbuf {
        @inline(always) @_noLocks get {
            precondition(index >= 0 && index < filled, "slot out of the burst")
            return unsafe Mbuf(unsafeSlots[index].unsafelyUnwrapped)
        }
    }

    /// Takes ownership of `mbuf`.
    @inlinable @inline(always) @_noLocks
    public mutating func append(_ mbuf: Mbuf) {
        precondition(filled < capacity, "the burst is full")
        unsafe unsafeSlots[filled] = mbuf.unsafePointer
        filled += 1
    }

    /// Where to write up to `freeCapacity` new mbufs; say how many with ``unsafeCommit(_:)``.
    @inlinable @unsafe public var unsafeFreeSlots: MbufSlots {
        @inline(always) @_noLocks get { unsafe unsafeSlots + filled }
    }

    @inlinable @inline(always) @_noLocks
    @unsafe public mutating func unsafeCommit(_ count: Int) {
        precondition(count >= 0 && count <= capacity - filled, "more mbufs than slots")
        filled += count
    }

    /// Forgets the first `count` mbufs, which now belong to somebody else, and moves the rest to the front.
    @inlinable @_noLocks
    public mutating func removeFirst(_ count: Int) {
        precondition(count >= 0 && count <= filled, "more than the burst holds")
        if count == filled {
            filled = 0
            return
        }
        if count == 0 { return }
        var index = count
        while index < filled {
            unsafe unsafeSlots[index - count] = unsafeSlots[index]
            index += 1
        }
        filled -= count
    }

    /// Forgets every mbuf: they belong to somebody else.
    @inlinable @inline(always) @_noLocks public mutating func removeAll() { filled = 0 }

    /// Forgets the mbufs from `count` on: they belong to somebody else.
    @inlinable @inline(always) @_noLocks
    public mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= filled, "more than the burst holds")
        filled = count
    }

    /// Exchanges two mbufs' places.
    @inlinable @inline(always) @_noLocks
    public mutating func place(_ mbuf: Mbuf, at index: Int) {
        precondition(index >= 0 && index < filled, "slot out of the burst")
        unsafe unsafeSlots[index] = mbuf.unsafePointer
    }

    /// Frees every mbuf; how many there were.
    @inlinable @_noLocks @discardableResult
    public mutating func free() -> Int {
        let freed = filled
        if freed > 0 { unsafe cdpdk_mbuf_free_bulk(unsafeSlots, UInt32(truncatingIfNeeded: freed)) }
        filled = 0
        return freed
    }

    /// Frees the first `count` mbufs and moves the rest to the front.
    @inlinable @_noLocks
    public mutating func freeFirst(_ count: Int) {
        precondition(count >= 0 && count <= filled, "more than the burst holds")
        if count > 0 { unsafe cdpdk_mbuf_free_bulk(unsafeSlots, UInt32(truncatingIfNeeded: count)) }
        removeFirst(count)
    }

    /// Frees the last `count` mbufs.
    @inlinable @_noLocks
    public mutating func freeLast(_ count: Int) {
        precondition(count >= 0 && count <= filled, "more than the burst holds")
        filled -= count
        if count > 0 { unsafe cdpdk_mbuf_free_bulk(unsafeSlots + filled, UInt32(truncatingIfNeeded: count)) }
    }

    /// Moves up to `limit` mbufs to the end of `other`, as many as it has room for; how many.
    @inlinable @_noLocks @discardableResult
    public mutating func move(to other: inout MbufBurst, limit: Int = .max) -> Int {
        var moved = filled < other.freeCapacity ? filled : other.freeCapacity
        if limit < moved { moved = limit < 0 ? 0 : limit }
        var index = 0
        while index < moved {
            unsafe other.unsafeSlots[other.filled + index] = unsafeSlots[index]
            index += 1
        }
        other.filled += moved
        removeFirst(moved)
        return moved
    }
}

extension MbufBurst {
    /// Forgets `count` mbufs from `first` on, which now belong to somebody else, and closes the gap.
    @inlinable @_noLocks
    public mutating func removeSubrange(from first: Int, count: Int) {
        precondition(first >= 0 && count >= 0 && first + count <= filled, "more than the burst holds")
        var index = first + count
        while index < filled {
            unsafe unsafeSlots[index - count] = unsafeSlots[index]
            index += 1
        }
        filled -= count
    }
}
