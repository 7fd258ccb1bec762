// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane

extension GuestDevice {
    /// Carries out what the control plane asked for since the last round.
    @_noLocks
    mutating func takeCommands() {
        coarseTime = UInt32(truncatingIfNeeded: TSC.now() >> coarseShift)
        while let word = commands.dequeue() {
            guard let command = LaneCommand(word: word) else { continue }
            carryOut(command)
        }
    }

    @_noLocks
    private mutating func carryOut(_ command: LaneCommand) {
        switch command {
        case .nonceHigh(let half): fenceNonce = UInt64(half) << 32
        case .nonceLow(let half): fenceNonce |= UInt64(half)
        case .settle(let microseconds): settleNanoseconds = UInt64(microseconds) &* 1000
        case .open:
            isPollingVI = true
            isDraining = false
            hasPolled = false
            staleFrames = 0
            hasSeenFrame = false
            mayTransmitFast = false
            gate = .shut
            gateReport = .nothing
        case .drain:
            isDraining = true
            settled.restart()
            stopFastTransmit()
            peers.withdrawAll()
        case .close: close()
        case .beginFlows(let word): if let order = unsafe FlowBatchOrder(word: word) { beginFlows(order) }
        case .flowRulesChanged(let word): if let order = unsafe FlowBatchOrder(word: word) { flowRulesChanged(order) }
        case .localAddressesChanged: withdrawLocalPeers()
        case .transmitFenceConfirmed(let sequence):
            if isTransmitFenceUnderWay && sequence == transmitFence { isTransmitFenceConfirmed = true }
        }
    }

    /// Lets go of the VI, whatever is in it.
    @_noLocks
    private mutating func close() {
        isPollingVI = false
        isDraining = false
        fenceNonce = 0
        // By force: the slow path carries on at once, and may overtake what the VI has yet to send.
        if mayHoldUnsent() { count(.possibleReorderings) }
        stopFastTransmit()
        peers.removeAll()
        counters.set(0, at: NetfrontCounter.peersFast.index)
        transmitDoneAt = 0
        forgetFlows()
        if stash.isEmpty {
            gate = .open
            gateReport = .nothing
            tell(.closed)
        } else {
            openGate(.closed)
        }
    }

    /// Whether the VI may hold packets of peers that did not leave it in order.
    @_noLocks
    private mutating func mayHoldUnsent() -> Bool {
        if peers.fast == 0 && peers.leaving == 0 { return false }
        guard let binding, let isDone = binding.isTransmitDone() else { return true }
        return !isDone
    }

    @_noLocks
    private mutating func stopFastTransmit() {
        mayTransmitFast = false
        isTransmitFenceUnderWay = false
        isTransmitFenceConfirmed = false
    }

    /// MACs that moved onto this host can't be reached by the wire any more.
    @_noLocks
    private mutating func withdrawLocalPeers() {
        var index = 0
        while index < peers.capacity {
            let peer = peers[index]
            if peer.state != .none && isLocal(peer.mac) { peers.withdraw(index) }
            index += 1
        }
    }
}
