// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Mbufs that wait, each for a time of its own, in the order in which they came.
@safe
struct DelayLine: ~Copyable {
    private var mbufs: MbufQueue
    private let times: UnsafeMutablePointer<UInt64>
    private let mask: Int
    private var head = 0
    private var tail = 0

    init(capacity: Int) {
        mbufs = MbufQueue(capacity: capacity)
        var size = 1
        while size < capacity { size <<= 1 }
        unsafe times = .allocate(capacity: size)
        unsafe times.initialize(repeating: 0, count: size)
        mask = size - 1
    }

    deinit { unsafe times.deallocate() }

    var count: Int { @_noLocks get { mbufs.count } }
    var isEmpty: Bool { @_noLocks get { mbufs.isEmpty } }
    var freeCapacity: Int { @_noLocks get { mbufs.capacity - mbufs.count } }

    /// Takes ownership of `mbuf` until `due`, or until its predecessor has left if that is later; false when full.
    @_noLocks
    mutating func append(_ mbuf: Mbuf, due: UInt64) -> Bool {
        guard mbufs.append(mbuf) else { return false }
        unsafe times[tail & mask] = due
        tail &+= 1
        return true
    }

    /// Whether the oldest mbuf is due.
    @_noLocks
    mutating func isDue(by now: UInt64) -> Bool { unsafe head != tail && times[head & mask] <= now }

    /// Gives the oldest mbuf away, if it is due.
    @_noLocks
    mutating func removeFirst(dueBy now: UInt64) -> Mbuf? {
        guard head != tail, unsafe times[head & mask] <= now else { return nil }
        head &+= 1
        return mbufs.removeFirst()
    }
}
