// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Wire

extension GuestDevice {
    /// Sends what it can of `burst`, each packet by the path that is its peer's; how many. What could not go now stays in the
    /// burst, in order, and stays the caller's.
    @_noLocks
    mutating func transmit(_ burst: inout MbufBurst) -> Int {
        // A guest that only waits to send must not wait for ever for an order that it would find at its next receive.
        takeCommands()
        advanceTransmit()
        let offered = burst.count
        var first = 0
        // What is busy stays in front; what follows it goes on, since order matters only within a peer.
        while first < burst.count {
            let pass = Self.smaller(burst.count - first, Self.passLength)
            first += transmitPass(&burst, from: first, count: pass)
        }
        count(.transmitBusy, burst.count)
        return offered - burst.count
    }

    /// One pass of at most ``passLength`` packets from `first` on; how many of them stay.
    @_noLocks
    private mutating func transmitPass(_ burst: inout MbufBurst, from first: Int, count length: Int) -> Int {
        var index = 0
        while index < length {
            received.append(burst[first + index])
            index += 1
        }
        // `received` only lends its slots here; the mbufs are still the burst's.
        decide(length)
        if let binding { unsafe binding.transmit(received, count: length, verdicts: verdicts) }
        let sentSlow = sendDeclined(length)
        let kept = settle(&burst, from: first, length, sentSlow: sentSlow)
        received.removeAll()
        return kept
    }

    /// Writes what is known of each packet before the plugin sees it.
    @_noLocks
    private mutating func decide(_ length: Int) {
        var index = 0
        while index < length {
            unsafe verdicts[index] = verdict(received[index]).rawValue
            unsafe lengths[index] = received[index].packetLength
            index += 1
        }
    }

    @inline(__always) @_noLocks
    private mutating func verdict(_ mbuf: Mbuf) -> Verdict {
        let bytes = mbuf.bytes
        guard bytes.count >= 14 else { return .declined(.form) }
        let destination = bytes.mac(at: 0)
        if destination.isGroup { return mayTransmitFast ? .declined(.groupAddress) : .declined(.notConnected) }
        guard let peer = peers.find(destination.rawValue) else {
            return mayTransmitFast ? .declined(.peerUnknown) : .declined(.notConnected)
        }
        switch peers[peer].state {
        case .fast: return .eligible
        case .heldCandidate, .heldFencing, .leaving, .forgetting: return .busy
        case .fencing:
            peers.noteSlow(peer)
            return .declined(.notConnected)
        case .candidate, .none: return .declined(.notConnected)
        }
    }

    /// Sends the declined packets by the slow path, in order; how many of them it took.
    @_noLocks
    private mutating func sendDeclined(_ length: Int) -> Int {
        var index = 0
        while index < length {
            if unsafe Verdict(rawValue: verdicts[index]).isDeclined {
                if unsafe verdicts[index] == DeclineReason.form.verdict && leaveFastPath(received[index]) {
                    // Packets of this peer are in the VI: it goes slow only when they are out.
                    unsafe verdicts[index] = Verdict.busy.rawValue
                } else {
                    outgoing.append(received[index])
                }
            }
            index += 1
        }
        let sent = slow.transmit(&outgoing)
        // The rest is the caller's.
        outgoing.removeAll()
        return sent
    }

    /// A packet that the VI can't carry must not overtake those to the same peer that it does carry: the peer leaves the fast
    /// path first. False when the peer is not on it.
    @_noLocks
    private mutating func leaveFastPath(_ mbuf: Mbuf) -> Bool {
        let bytes = mbuf.bytes
        guard bytes.count >= 14, let peer = peers.find(bytes.mac(at: 0).rawValue), peers[peer].state == .fast else {
            return false
        }
        peers.setState(peer, .leaving)
        return true
    }

    /// Counts, and moves what was not sent together; how many stay. The mbufs of the others may be gone already.
    @_noLocks
    private mutating func settle(_ burst: inout MbufBurst, from first: Int, _ length: Int, sentSlow: Int) -> Int {
        var kept = 0
        var declined = 0
        var slowBytes = 0
        var accepted = 0
        var fastBytes = 0
        var index = 0
        while index < length {
            let verdict = unsafe Verdict(rawValue: verdicts[index])
            if verdict.isDeclined && declined < sentSlow {
                declined += 1
                slowBytes += unsafe lengths[index]
                countDecline(verdict)
            } else if verdict == .accepted {
                accepted += 1
                fastBytes += unsafe lengths[index]
            } else {
                burst.place(received[index], at: first + kept)
                kept += 1
            }
            index += 1
        }
        count(.transmittedSlowPackets, sentSlow)
        count(.transmittedSlowBytes, slowBytes)
        count(.transmittedFastPackets, accepted)
        count(.transmittedFastBytes, fastBytes)
        if kept < length { burst.removeSubrange(from: first + kept, count: length - kept) }
        return kept
    }

    @inline(__always) @_noLocks
    private func countDecline(_ verdict: Verdict) {
        let offset = Int(verdict.rawValue) - 16
        // Reasons that a newer plugin knows and this host does not count as form.
        let counter = offset < 5 ? NetfrontCounter.declinedNotConnected.index + offset : NetfrontCounter.declinedForm.index
        counters.add(1, to: counter)
    }
}
