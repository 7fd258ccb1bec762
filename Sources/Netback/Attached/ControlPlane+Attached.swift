// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import EventLog
import Foundation
import Logging

extension ControlPlane {
    /// Moves the attached guests on. With the lock held.
    func tickAttached() {
        let now = DispatchTime.now().uptimeNanoseconds
        for vif in vifs.values {
            guard let attached = vif.attached else { continue }
            if mustMakeWay(attached), makeWay(vif, attached, now) { continue }
            carryOut(attached.tick(now: now), vif, attached, now)
            if attached.status.stage == .serving, case .quarantined(let reason)? = directory.status(of: vif.id)?.state {
                // It does not let go of its VI: that can be forced.
                carryOut(attached.end("\(reason)", now), vif, attached, now)
            }
        }
    }

    /// A VI in quarantine comes back when the port is reset, with the pools of its vif: a guest that uses the vif's rings has to go
    /// for that, and the next one waits.
    func mustMakeWay(_ attached: AttachedGuest) -> Bool { portLife.awaitsReset && attached.status.quarantine != nil }

    /// Ends a guest that is in the way; whether none is left, and none may come now.
    private func makeWay(_ vif: Vif, _ attached: AttachedGuest, _ now: UInt64) -> Bool {
        switch attached.status.stage {
        case .starting, .serving:
            carryOut(attached.end("its VI can't come back before it has gone", now), vif, attached, now)
            return false
        case .listening, .greeting: return true
        case .ending, .reclaiming: return false
        }
    }

    /// The port's queues hold no mbuf now. With the lock held.
    func endQuarantines() throws(DPDKError) {
        for vif in vifs.values where try vif.attached?.endQuarantine() == true {
            logger.log(NetbackEvent.quarantineEnded, ["vif": "\(vif.configuration.name)"])
            tellWish(of: vif)
        }
    }

    private func carryOut(_ duty: AttachedGuest.Duty, _ vif: Vif, _ attached: AttachedGuest, _ now: UInt64) {
        switch duty {
        case .nothing: break
        case .connect:
            vif.attachedGuestChanged(isThere: true)
            // The lane may be in a round that began before. A guest that nobody tells gives up.
            if group.synchronize() { attached.admit() }
        case .disconnect: vif.attachedGuestChanged(isThere: false)
        case .reclaim:
            // The lane may be in a round that began before the guest was taken for gone.
            guard !vif.isToldConnected || plugin == nil || vif.probed == nil, group.synchronize() else { return }
            // Its VI must not be used before the port was reset: the vif stays on the slow path.
            if attached.reclaim(isAtRest: isLetGo(vif), now: now), attached.status.quarantine != nil { tellWish(of: vif) }
        }
    }

    /// Whether the plugin uses nothing for the vif, as far as it says.
    private func isLetGo(_ vif: Vif) -> Bool {
        guard plugin != nil, vif.probed != nil else { return true }
        switch directory.status(of: vif.id)?.state {
        case nil, .some(.none), .refused, .quarantined: return true
        case .offered, .granted, .proving, .connected, .draining: return false
        }
    }
}
