// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane

/// How peers turn from the slow to the fast path, and back, without one packet overtaking another.
extension GuestDevice {
    @_noLocks
    mutating func advanceTransmit() {
        if peers.leaving > 0 { checkTransmitDone() }
        if isTransmitFenceConfirmed {
            isTransmitFenceConfirmed = false
            isTransmitFenceUnderWay = false
            count(.fencesConfirmed)
            if mayTransmitFast { peers.fenceConfirmed() } else { peers.fenceLost() }
            counters.set(UInt64(peers.fast), at: NetfrontCounter.peersFast.index)
        } else if isTransmitFenceUnderWay && TSC.now() > transmitFenceDeadline {
            isTransmitFenceUnderWay = false
            count(.fencesLost)
            peers.fenceLost()
        }
        if mayTransmitFast && !isTransmitFenceUnderWay && peers.waiting > 0 { sendTransmitFence() }
    }

    /// Sends a fence by the slow path; when there is no room it goes in a later round.
    @_noLocks
    private mutating func sendTransmitFence() {
        guard pool.allocate(1, into: &outgoing) else { return }
        let sequence = transmitFence &+ 1
        let mbuf = outgoing[0]
        guard mbuf.setLength(FenceFrame.length),
            FenceFrame(nonce: fenceNonce, sequence: sequence).write(to: mbuf.mutableBytes), slow.transmit(&outgoing) == 1
        else {
            outgoing.free()
            return
        }
        transmitFence = sequence
        isTransmitFenceUnderWay = true
        transmitFenceDeadline = TSC.now() &+ transmitFenceTicks
        count(.fencesSent)
        peers.fenceSent()
    }

    /// Peers that leave the VI wait until all it was given is on the wire.
    @_noLocks
    private mutating func checkTransmitDone() {
        guard let binding else { return }
        let isDone: Bool
        if let answer = binding.isTransmitDone() {
            isDone = answer
        } else {
            // The driver can't tell: after a full ring of the longest frames at 10 Gbit/s nothing of it can be left.
            let now = binding.clock()
            if now == 0 { return }
            if transmitDoneAt == 0 { transmitDoneAt = now &+ Self.fullRingNanoseconds }
            isDone = now >= transmitDoneAt
        }
        guard isDone else { return }
        transmitDoneAt = 0
        peers.transmitDone()
        counters.set(UInt64(peers.fast), at: NetfrontCounter.peersFast.index)
    }

    /// 1024 frames of 1538 bytes (preamble and gap included) at 10 Gbit/s.
    private static var fullRingNanoseconds: UInt64 { @_noLocks get { 1024 * 1538 * 8 / 10 } }
}
