// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane

extension NetbackLane {
    /// Takes a burst from each guest, in turn, and switches it; how many frames.
    ///
    /// Back-pressure: while the uplink has no room for a full burst, what guests send stays in their vrings, so that no frame
    /// to the wire is dropped because the transmit ring is full.
    @_noLocks
    mutating func pollGuests() -> Int {
        var work = 0
        var polled = 0
        let count = vifs.count
        if turn >= count { turn = 0 }
        var place = turn
        while polled < count {
            if uplinkOutbox.freeCapacity < VifLane.burst {
                flushUplink()
                // The vif that found no room is the first in the next round.
                if uplinkOutbox.freeCapacity < VifLane.burst {
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

    /// The vrings, and the VI in software, if there is one; each only while the uplink has room for a full burst.
    @_noLocks
    private mutating func pollBothPaths(of vif: VifReference) -> Int {
        guard vif.lane.servesVI() else { return poll(vif) }
        let isFirst = vif.lane.soft.takeTurn()
        let work = isFirst ? pollVI(vif) : poll(vif)
        if uplinkOutbox.freeCapacity < VifLane.burst { flushUplink() }
        guard uplinkOutbox.freeCapacity >= VifLane.burst else { return work }
        return work + (isFirst ? poll(vif) : pollVI(vif))
    }

    @_noLocks
    private mutating func poll(_ vif: VifReference) -> Int {
        guard vif.lane.isConnected else { return 0 }
        let endpoint = vif.lane.endpoint
        let outcome = endpoint.dequeue(into: &fromGuest, pool: pool)
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
