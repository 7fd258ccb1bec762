// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// A bounded first-in first-out store of mbufs that it owns: a stash, a hold, a delay line.
///
/// - Lcore: one at a time.
@safe @frozen
public struct MbufQueue: ~Copyable {
    @usableFromInline let slots: MbufSlots
    @usableFromInline let mask: Int
    @usableFromInline var head: Int
    @usableFromInline var tail: Int
    /// How many mbufs it takes at most.
    public let capacity: Int

    /// An empty queue for `capacity` mbufs (at least 1).
    public init(capacity: Int) {
        precondition(capacity > 0 && capacity <= 1 << 24, "a queue holds 1 to 16777216 mbufs")
        var size = 1
        while size < capacity { size <<= 1 }
        unsafe slots = .allocate(capacity: size)
        unsafe slots.initialize(repeating: nil, count: size)
        mask = size - 1
        head = 0
        tail = 0
        self.capacity = capacity
    }

    deinit {
        var index = head
        while index != tail {
            unsafe cdpdk_mbuf_free_bulk(slots + (index & mask), 1)
            index &+= 1
        }
        unsafe slots.deallocate()
    }

    @inlinable public var count: Int { @inline(always) @_noLocks get { tail &- head } }
    @inlinable public var isEmpty: Bool { @inline(always) @_noLocks get { tail == head } }

    /// The oldest mbuf, borrowed.
    @inlinable public var first: Mbuf? {
        @inline(always) @_noLocks get {
            isEmpty ? nil : unsafe Mbuf(slots[head & mask].unsafelyUnwrapped)
        }
    }

    /// Takes ownership of `mbuf`; false (and ownership stays with the caller) when full.
    @inlinable @inline(always) @_noLocks
    public mutating func append(_ mbuf: Mbuf) -> Bool {
        guard count < capacity else { return false }
        unsafe slots[tail & mask] = mbuf.unsafePointer
        tail &+= 1
        return true
    }

    /// Gives the oldest mbuf away.
    @inlinable @inline(always) @_noLocks
    public mutating func removeFirst() -> Mbuf? {
        guard head != tail else { return nil }
        let mbuf = unsafe Mbuf(slots[head & mask].unsafelyUnwrapped)
        head &+= 1
        return mbuf
    }

    /// Moves the oldest mbufs to the end of `burst`, as many as fit; how many.
    @inlinable @_noLocks @discardableResult
    public mutating func move(to burst: inout MbufBurst) -> Int {
        var moved = 0
        while burst.freeCapacity > 0, let mbuf = removeFirst() {
            burst.append(mbuf)
            moved += 1
        }
        return moved
    }

    /// Frees all; how many there were.
    @inlinable @_noLocks @discardableResult
    public mutating func free() -> Int {
        let freed = count
        while head != tail {
            unsafe cdpdk_mbuf_free_bulk(slots + (head & mask), 1)
            head &+= 1
        }
        return freed
    }
}
