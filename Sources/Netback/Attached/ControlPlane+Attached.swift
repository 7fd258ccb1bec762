// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Dataplane
import Foundation
import Logging

extension ControlPlane {
    /// Moves the attached guests on. With the lock held.
    func tickAttached() {
        let now = DispatchTime.now().uptimeNanoseconds
        for vif in vifs.values {
            guard let attached = vif.attached else { continue }
            carryOut(attached.tick(now: now), vif, attached, now)
            if attached.status.stage == .serving, case .quarantined(let reason)? = directory.status(of: vif.id)?.state,
                attached.status.quarantine == nil
            {
                // It does not let go of its VI: that can be forced.
                carryOut(attached.end("\(reason)", now), vif, attached, now)
            }
        }
    }

    private func carryOut(_ duty: AttachedGuest.Duty, _ vif: Vif, _ attached: AttachedGuest, _ now: UInt64) {
        switch duty {
        case .nothing: break
        case .connect: vif.attachedGuestChanged(isThere: true)
        case .disconnect: vif.attachedGuestChanged(isThere: false)
        case .reclaim:
            // The lane may be in a round that began before the guest was taken for gone.
            guard !vif.isToldConnected || plugin == nil || vif.probed == nil, group.synchronize() else { return }
            let hadQuarantine = attached.status.quarantine != nil
            if attached.reclaim(isAtRest: isLetGo(vif), now: now), !hadQuarantine, let words = attached.status.quarantine {
                quarantine(vif, AccelerationReason(.portDown, words))
            }
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

    /// The vif's VI must not be used before the port was restarted: the vif stays on the slow path.
    private func quarantine(_ vif: Vif, _ reason: AccelerationReason) {
        vif.isWanted = false
        try? withHotHooksAway { plugin in
            if let probed = vif.probed { plugin.want(false, probed) }
        }
        directory.report(AccelerationStatus(state: .quarantined(reason), reason: reason), vif: vif.id)
    }
}
