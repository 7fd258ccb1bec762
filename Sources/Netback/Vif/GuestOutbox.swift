// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Frames on their way to one receive queue of a guest, in order: those of this round, and those that found no room in the vring.
///
/// A guest may not run for a moment (its virtual CPU waits behind others, its driver is busy), and its vring be full meanwhile. What comes then
/// waits here. Open vSwitch (`__netdev_dpdk_vhost_send`) tries again at once, 8 times and only while the guest takes anything, which helps no guest
/// that does not run; the kernel's way to a guest has a queue in front of the vring, 500 packets of a tap (`TUN_READQ_SIZE`). This one is as long, but
/// counts mbufs, so that long chains of one guest take no more of the pool; and it does not keep them for a guest that has stopped.
///
/// - Lcore: one.
struct GuestOutbox: ~Copyable {
    /// Mbufs that may wait.
    static var limit: Int { @_noLocks get { 512 } }
    /// A guest that takes nothing for so long is not slow but stopped: a virtual CPU waits its turn for about 3 ms at a time on a busy host
    /// (the kernel's scheduling slice).
    static var patienceNanoseconds: UInt64 { 10_000_000 }

    private(set) var frames: MbufBurst
    private var mbufs = 0
    private let patience: UInt64
    /// When the guest last took something, or the first of what waits came; 0 while nothing waits.
    private var since: UInt64 = 0
    /// The guest has used up our patience, and took nothing since: nothing waits for it.
    private var isStopped = false
    /// The vring took nothing at the last try: not worth another one in this round.
    private(set) var isVain = false

    init() {
        // The last place is a fence's.
        frames = MbufBurst(capacity: Self.limit + 1)
        patience = TSC.ticks(nanoseconds: Self.patienceNanoseconds)
    }

    var count: Int { @inline(always) @_noLocks get { frames.count } }
    var isEmpty: Bool { @inline(always) @_noLocks get { frames.isEmpty } }

    /// Any frame fits an empty one.
    @inline(always) @_noLocks
    mutating func hasRoom(for mbuf: Mbuf) -> Bool { frames.isEmpty || mbufs + mbuf.segmentCount <= Self.limit }

    /// Takes a frame for which there is room, or a fence, while there is no other.
    @inline(always) @_noLocks
    mutating func append(_ mbuf: Mbuf) {
        mbufs += mbuf.segmentCount
        frames.append(mbuf)
    }

    /// Frees the first `count` frames, which the guest took, all that it has room for.
    ///
    /// - Parameters:
    ///   - mbufs: that they consist of.
    ///   - now: the time-stamp counter.
    @_noLocks
    mutating func took(_ count: Int, mbufs taken: Int, now: UInt64) {
        frames.freeFirst(count)
        mbufs -= taken
        isVain = count == 0
        if count > 0 { isStopped = false }
        if frames.isEmpty {
            since = 0
        } else if count > 0 || since == 0 {
            since = now
        } else if now &- since >= patience {
            isStopped = true
        }
    }

    /// Whether what is left waits in vain.
    var isGivenUp: Bool { @inline(always) @_noLocks get { isStopped } }

    @inline(always) @_noLocks
    mutating func beginRound() { isVain = false }

    /// Frees all; how many frames.
    @_noLocks
    mutating func free() -> Int {
        mbufs = 0
        since = 0
        return frames.free()
    }

    /// As ``free()``, for a guest that is not the one of before any more.
    @_noLocks
    mutating func reset() -> Int {
        isStopped = false
        isVain = false
        return free()
    }
}
