// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// A guest with several queue pairs.
extension VifLane {
    /// The queue pair that a frame goes to: the same for all frames of a flow, so that they stay in order.
    @_noLocks
    static func pair(of mbuf: Mbuf, among pairs: Int) -> Int { Int(mbuf.bytes.flowSpread % UInt64(pairs)) }

    /// What the queue has no room for waits in an outbox of its own.
    @_noLocks
    mutating func queueAside(_ mbuf: Mbuf, _ pair: Int, _ spent: inout MbufBurst) {
        if !sides[pair].hasRoom(for: mbuf), !sides[pair].isVain { flushSide(pair) }
        guard sides[pair].hasRoom(for: mbuf) else { return drop(mbuf, .vringFull, &spent) }
        sides[pair].append(mbuf)
    }

    @_noLocks
    mutating func flushSides() {
        var pair = 1
        while pair <= sides.count {
            if !sides[pair].isEmpty { flushSide(pair) }
            sides[pair].beginRound()
            pair += 1
        }
    }

    @_noLocks
    private mutating func flushSide(_ pair: Int) {
        let vrings = VhostQueuePair(device: device, pair: UInt16(truncatingIfNeeded: pair))
        var sent = 0
        var mbufs = 0
        while sent < sides[pair].count {
            let accepted = vrings.enqueue(sides[pair].frames, from: sent)
            if accepted == 0 { break }
            let size = Self.size(of: sides[pair].frames, from: sent, count: accepted)
            count(.guestDelivered, accepted)
            count(.guestDeliveredBytes, size.bytes)
            mbufs += size.mbufs
            sent += accepted
        }
        sides[pair].took(sent, mbufs: mbufs, now: now)
        if sides[pair].isGivenUp { count(.vringFull, sides[pair].free()) }
    }
}
