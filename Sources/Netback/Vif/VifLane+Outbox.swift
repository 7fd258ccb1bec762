// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK

extension VifLane {
    /// Takes a frame for the guest.
    ///
    /// - Parameters:
    ///   - isKeyed: it came from the uplink for the vif's own address, so that a hold applies to it.
    ///   - spent: empty, for mbufs on their way back to their pool.
    @_noLocks
    mutating func offer(_ mbuf: Mbuf, isKeyed: Bool, spent: inout MbufBurst) {
        count(.offered)
        guard isConnected else { return drop(mbuf, .guestAbsent, &spent) }
        if isKeyed {
            if flowHold.isKeeping, flowHold.names(mbuf) {
                if !flowHold.append(mbuf) { drop(mbuf, .flowHoldOverflow, &spent) }
                return
            }
            switch holdState {
            case .none: break
            case .holding, .releasing:
                if !hold.append(mbuf) { drop(mbuf, .holdOverflow, &spent) }
                return
            }
        }
        if outbox.freeCapacity == 0 { flushOutbox(&spent) }
        guard outbox.freeCapacity > 0 else { return drop(mbuf, .vringFull, &spent) }
        outbox.append(mbuf)
    }

    @_noLocks
    private mutating func drop(_ mbuf: Mbuf, _ reason: PathCounter, _ spent: inout MbufBurst) {
        count(reason)
        spent.append(mbuf)
        spent.free()
    }

    /// Puts what waits for the guest into its receive vring, or ring, released frames first.
    @_noLocks
    mutating func flush(_ spent: inout MbufBurst) {
        guard isConnected else { return }
        if case .releasing = holdState { releaseHeld(&spent) }
        if !outbox.isEmpty { flushOutbox(&spent) }
        // Behind what was in front of them when they were held.
        if flowHold.isReleasing && outbox.isEmpty { releaseFlows(&spent) }
    }

    /// What the vring has no room for is dropped, unless a fence is among it: then it waits, the fence must not be lost and
    /// frames must not overtake it.
    @_noLocks
    mutating func flushOutbox(_ spent: inout MbufBurst) {
        let endpoint = endpoint
        // librte_vhost takes at most 32 at a time.
        while !outbox.isEmpty {
            let outcome = endpoint.enqueue(outbox)
            let accepted = outcome.count
            if accepted == 0 { break }
            var delivered = accepted - outcome.refused
            count(.tooLongForGuest, outcome.refused)
            if fencePlace > 0 {
                if accepted >= fencePlace {
                    fencePlace = 0
                    sentSequence = queuedSequence
                    delivered -= 1
                    count(.fencesSent)
                } else {
                    fencePlace -= accepted
                }
            }
            let bytes = Self.bytes(of: outbox, first: accepted)
            count(.guestDelivered, delivered)
            // Bytes of a frame that found no buffer are counted, too: there is no such frame where pools have one data room.
            count(.guestDeliveredBytes, delivered + outcome.refused < accepted ? bytes - FenceFrame.length : bytes)
            outbox.move(to: &spent, limit: accepted)
            spent.free()
        }
        if outbox.isEmpty || fencePlace > 0 { return }
        count(.vringFull, outbox.free())
    }

    /// Bytes of the first `count` frames.
    @_noLocks
    static func bytes(of burst: borrowing MbufBurst, first count: Int) -> Int {
        var bytes = 0
        var index = 0
        while index < count {
            bytes += burst[index].packetLength
            index += 1
        }
        return bytes
    }

    /// Hands held frames out, in order, as the vring has room; bounded for one round.
    @_noLocks
    private mutating func releaseHeld(_ spent: inout MbufBurst) {
        let endpoint = endpoint
        var rounds = 0
        while rounds < 8 {
            hold.move(to: &releasing)
            if releasing.isEmpty {
                holdState = .none
                releaseEnded()
                return
            }
            let outcome = endpoint.enqueue(releasing)
            let accepted = outcome.count
            if accepted == 0 { return }
            let bytes = Self.bytes(of: releasing, first: accepted)
            count(.guestDelivered, accepted - outcome.refused)
            count(.tooLongForGuest, outcome.refused)
            count(.guestDeliveredBytes, bytes)
            releasing.move(to: &spent, limit: accepted)
            spent.free()
            rounds += 1
        }
    }
}
