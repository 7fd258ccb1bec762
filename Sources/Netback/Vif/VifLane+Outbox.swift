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
        if limitsToGuest(mbuf) { return drop(mbuf, .egressLimited, &spent) }
        if mbuf.mayBeUnfinished { return offerUnfinished(mbuf, isKeyed: isKeyed, spent: &spent) }
        queue(mbuf, isKeyed: isKeyed, spent: &spent)
    }

    /// Does what its sender left to do, as far as the guest's driver does not.
    @_noLocks
    private mutating func offerUnfinished(_ mbuf: Mbuf, isKeyed: Bool, spent: inout MbufBurst) {
        switch mbuf.finish(for: features.offloads) {
        case .done: queue(mbuf, isKeyed: isKeyed, spent: &spent)
        case .senseless: drop(mbuf, .badOffload, &spent)
        case .pieces(let pieces):
            guard pieces <= Self.maximumPieces else { return drop(mbuf, .badOffload, &spent) }
            var made = 0
            while made < pieces, mbuf.split(from: made, pool: pool, into: &cut) > 0 {
                made += cut.count
                var index = 0
                while index < cut.count {
                    queue(cut[index], isKeyed: isKeyed, spent: &spent)
                    index += 1
                }
                cut.removeAll()
            }
            // The pieces are the whole; when some are missing, the whole stands for those.
            count(.segmentsAdded, made < pieces ? made : made - 1)
            if made < pieces { return drop(mbuf, .segmentsLost, &spent) }
            spent.append(mbuf)
            spent.free()
        }
    }

    /// Takes a finished frame for the guest.
    @_noLocks
    private mutating func queue(_ mbuf: Mbuf, isKeyed: Bool, spent: inout MbufBurst) {
        // One that the guest cuts, or takes, as a whole may be as long as its sender made it.
        if mbuf.packetLength > longestFrame, !mbuf.requestsSegmentation { return drop(mbuf, .tooLongForGuest, &spent) }
        if isKeyed {
            if flowHold.isKeeping, flowHold.names(mbuf) {
                if !flowHold.append(mbuf) { drop(mbuf, .flowHoldOverflow, &spent) }
                return
            }
            switch holdState {
            case .none: break
            case .holding, .releasing: return keep(mbuf, &spent)
            }
        }
        if pairs > 1 {
            let pair = Self.pair(of: mbuf, among: pairs)
            if pair > 0 { return queueAside(mbuf, pair, &spent) }
        }
        if !outbox.hasRoom(for: mbuf), !outbox.isVain { flushOutbox() }
        guard outbox.hasRoom(for: mbuf) else { return drop(mbuf, .vringFull, &spent) }
        outbox.append(mbuf)
    }

    @_noLocks
    mutating func drop(_ mbuf: Mbuf, _ reason: PathCounter, _ spent: inout MbufBurst) {
        count(reason)
        spent.append(mbuf)
        spent.free()
    }

    /// Puts what waits for the guest into its receive vring, or ring: what is released behind what was in front of it when it was held, and
    /// before what came since.
    @_noLocks
    mutating func flush(_ spent: inout MbufBurst) {
        guard isConnected else { return }
        if aheadOfHold > 0 || aheadOfFlows > 0 { flushOutbox() }
        if case .releasing = holdState, aheadOfHold == 0 { releaseHeld(&spent) }
        if flowHold.isReleasing && aheadOfFlows == 0 { releaseFlows(&spent) }
        if !outbox.isEmpty { flushOutbox() }
        outbox.beginRound()
        if sides.count > 0 { flushSides() }
    }

    /// What the vring has no room for waits, until the guest is given up. Where a fence is among it, it waits even then: the fence must not be
    /// lost and frames must not overtake it.
    @_noLocks
    mutating func flushOutbox() {
        let endpoint = endpoint
        var sent = 0
        var mbufs = 0
        // librte_vhost takes at most 32 at a time.
        while sent < outbox.count {
            let outcome = endpoint.enqueue(outbox.frames, from: sent)
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
            let size = Self.size(of: outbox.frames, from: sent, count: accepted)
            count(.guestDelivered, delivered)
            // Bytes of a frame that found no buffer are counted, too: there is no such frame where pools have one data room.
            count(.guestDeliveredBytes, delivered + outcome.refused < accepted ? size.bytes - FenceFrame.length : size.bytes)
            mbufs += size.mbufs
            sent += accepted
        }
        outbox.took(sent, mbufs: mbufs, now: now)
        aheadOfHold = aheadOfHold > sent ? aheadOfHold - sent : 0
        aheadOfFlows = aheadOfFlows > sent ? aheadOfFlows - sent : 0
        if fencePlace > 0 || !outbox.isGivenUp { return }
        count(.vringFull, outbox.free())
        aheadOfHold = 0
        aheadOfFlows = 0
    }

    /// What `count` frames from place `first` on come to.
    @_noLocks
    static func size(of burst: borrowing MbufBurst, from first: Int = 0, count: Int) -> (bytes: Int, mbufs: Int) {
        var bytes = 0
        var mbufs = 0
        var index = first
        while index < first + count {
            bytes += burst[index].packetLength
            mbufs += burst[index].segmentCount
            index += 1
        }
        return (bytes, mbufs)
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
            let bytes = Self.size(of: releasing, count: accepted).bytes
            count(.guestDelivered, accepted - outcome.refused)
            count(.tooLongForGuest, outcome.refused)
            count(.guestDeliveredBytes, bytes)
            releasing.move(to: &spent, limit: accepted)
            spent.free()
            rounds += 1
        }
    }
}
