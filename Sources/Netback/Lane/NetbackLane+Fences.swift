// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane

extension NetbackLane {
    /// The port's clock while a fence needs it, else 0.
    @_noLocks
    mutating func readPortClock() -> UInt64 {
        var place = 0
        while place < vifs.count {
            let vif = vifs[place]
            if vif.lane.fence.isWaiting || vif.lane.transmitFence.isWaiting { return uplink.port.clock }
            place += 1
        }
        return 0
    }

    // MARK: Fences to guests

    @_noLocks
    mutating func advanceGuestFences(_ portClock: UInt64) {
        var place = 0
        while place < vifs.count {
            vifs[place].lane.fence.advance(clock: portClock)
            place += 1
        }
    }

    @_noLocks
    mutating func drainGuestFences(received: Int) {
        var place = 0
        while place < vifs.count {
            vifs[place].lane.fence.drain(received: received, ring: uplinkReceiveRing)
            place += 1
        }
    }

    /// Puts fences whose time has come behind everything that waits for their guest.
    @_noLocks
    mutating func queueGuestFences() {
        var place = 0
        while place < vifs.count {
            let vif = vifs[place]
            if vif.lane.fence.isReady, let mbuf = makeFence(for: vif) {
                vif.lane.queueFence(mbuf)
            }
            place += 1
        }
    }

    /// nil when there is no place for it yet, or no mbuf: the next round tries again.
    @_noLocks
    private mutating func makeFence(for vif: VifReference) -> Mbuf? {
        guard vif.lane.hasPlaceForFence, pool.allocate(1, into: &fresh) else { return nil }
        let mbuf = fresh[0]
        let frame = FenceFrame(nonce: vif.lane.nonce, sequence: vif.lane.fence.sequence)
        guard frame.write(to: mbuf.frameBuffer), mbuf.setLength(FenceFrame.length) else {
            fresh.free()
            return nil
        }
        fresh.removeAll()
        return mbuf
    }

    // MARK: Fences from guests

    /// Confirms the fences in front of which everything is on the wire.
    @_noLocks
    mutating func advanceTransmitFences(_ portClock: UInt64) {
        var place = 0
        while place < vifs.count {
            let vif = vifs[place]
            if vif.lane.transmitFence.isWaiting { advanceTransmitFence(of: vif, portClock) }
            place += 1
        }
    }

    @_noLocks
    private mutating func advanceTransmitFence(of vif: VifReference, _ portClock: UInt64) {
        switch vif.lane.transmitFence.stage {
        case .none:
            return
        case .waiting:
            let marker = vif.lane.transmitFence.marker
            guard posted >= marker else { return }
            // What was in the port is lost, and the port must not be asked.
            if isUplinkSuspended {
                vif.lane.transmitFence.confirm()
                break
            }
            let newer = UInt32(min(posted - marker, UInt64(UInt32.max / 2)))
            guard let isDone = uplink.isTransmitDone(exceptNewest: newer) else {
                // The round's clock may be older than the fence: read it again.
                return vif.lane.transmitFence.time(since: uplink.port.clock)
            }
            if isDone { vif.lane.transmitFence.confirm() } else { return }
        case .timing(let since):
            guard portClock >= since, portClock - since >= ringNanoseconds else { return }
            vif.lane.transmitFence.confirm()
        case .confirmed:
            break
        }
        let event = LaneEvent(
            LaneEvent.Kind.transmitFence, vif: vif.lane.port.vif, argument: UInt64(vif.lane.transmitFence.sequence))
        if events.sendSpontaneous(event) {
            vif.lane.count(.transmitFences)
            vif.lane.transmitFence.end()
        }
    }
}

extension VifLane {
    /// Whether a fence may be put behind the outbox's last frame now: nothing is held that has to be in front of it, and there
    /// is no other fence of which somebody has yet to hear.
    var hasPlaceForFence: Bool {
        @_noLocks get {
            if case .some = sentSequence { return false }
            return isConnected && fencePlace == 0 && heldCount == 0
        }
    }

    @_noLocks
    mutating func queueFence(_ mbuf: Mbuf) {
        outbox.append(mbuf)
        fencePlace = outbox.count
        queuedSequence = fence.sequence
        fence.end()
        count(.fencesMade)
    }
}
