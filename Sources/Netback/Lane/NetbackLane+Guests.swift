// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane

extension NetbackLane {
    /// Takes a burst from each guest, in turn, and switches it; how many frames.
    ///
    /// Back-pressure: while more waits for the wire than leaves room for a full burst of any frames, what guests send stays in their vrings, so
    /// that no frame to the wire is dropped because the transmit ring is full.
    @_noLocks
    mutating func pollGuests() -> Int {
        var work = 0
        var polled = 0
        let count = vifs.count
        if turn >= count { turn = 0 }
        var place = turn
        while polled < count {
            if !hasRoomForBurst {
                flushUplink()
                // The vif that found no room is the first in the next round.
                if !hasRoomForBurst {
                    turn = place
                    return work
                }
            }
            work += pollBothPaths(of: vifs[place])
            polled += 1
            place = place + 1 < count ? place + 1 : 0
        }
        turn += 1
        return work
    }

    private var hasRoomForBurst: Bool { @inline(always) @_noLocks get { uplinkOutbox.count <= Self.uplinkOutboxShare } }

    /// The vrings, and the VI in software, if there is one; each only while the uplink has room for a full burst.
    @_noLocks
    private mutating func pollBothPaths(of vif: VifReference) -> Int {
        guard vif.lane.servesVI() else { return poll(vif) }
        let isFirst = vif.lane.soft.takeTurn()
        let work = isFirst ? pollVI(vif) : poll(vif)
        if !hasRoomForBurst { flushUplink() }
        guard hasRoomForBurst else { return work }
        return work + (isFirst ? poll(vif) : pollVI(vif))
    }

    @_noLocks
    private mutating func poll(_ vif: VifReference) -> Int {
        guard vif.lane.isConnected else { return 0 }
        if vif.lane.pairs > 1 { return pollPairs(of: vif) }
        let endpoint = vif.lane.endpoint
        return take(endpoint.dequeue(into: &fromGuest, pool: pool, limit: VifLane.burst), from: vif)
    }

    /// One burst from all queues together, so that a guest with many has no larger share; another one is the first each time.
    @_noLocks
    private mutating func pollPairs(of vif: VifReference) -> Int {
        let pairs = vif.lane.pairs
        var pair = vif.lane.pairTurn < pairs ? vif.lane.pairTurn : 0
        vif.lane.pairTurn = pair + 1
        var polled = 0
        while polled < pairs, fromGuest.count < VifLane.burst {
            let vrings = VhostQueuePair(device: vif.lane.device, pair: UInt16(truncatingIfNeeded: pair))
            vrings.dequeue(into: &fromGuest, pool: pool, limit: VifLane.burst - fromGuest.count)
            pair = pair + 1 < pairs ? pair + 1 : 0
            polled += 1
        }
        return take(GuestRingsHandle.Outcome(count: fromGuest.count, refused: 0), from: vif)
    }

    /// Switches what was taken from a guest; how many frames.
    @_noLocks
    private mutating func take(_ outcome: GuestRingsHandle.Outcome, from vif: VifReference) -> Int {
        guard outcome.count > 0 else { return 0 }
        vif.lane.count(.guestReceived, outcome.count)
        if outcome.refused > 0 { vif.lane.count(.malformed, outcome.refused) }
        let count = fromGuest.count
        var bytes = 0
        var index = 0
        while index < count {
            let mbuf = fromGuest[index]
            bytes += mbuf.packetLength
            if !takeFence(mbuf, from: vif) { switchFromGuest(mbuf, vif) }
            index += 1
        }
        fromGuest.removeAll()
        vif.lane.count(.guestReceivedBytes, bytes)
        return outcome.count
    }

    /// Consumes `mbuf` when it is a fence: the guest's own is remembered, any other is dropped.
    @_noLocks
    private mutating func takeFence(_ mbuf: Mbuf, from vif: VifReference) -> Bool {
        guard mbuf.segmentCount == 1, let fence = FenceFrame(mbuf.bytes) else { return false }
        let nonce = vif.lane.nonce
        if nonce != 0, fence.nonce == nonce {
            vif.lane.transmitFence.begin(sequence: fence.sequence, marker: appended)
            vif.lane.count(.fencesConsumed)
        } else {
            vif.lane.count(.unexpectedFence)
        }
        free(mbuf)
        return true
    }

    @_noLocks
    mutating func free(_ mbuf: Mbuf) {
        spent.append(mbuf)
        spent.free()
    }
}
