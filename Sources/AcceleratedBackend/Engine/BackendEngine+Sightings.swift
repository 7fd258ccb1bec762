// SPDX-License-Identifier: BSD-3-Clause
import Acceleration

/// What the default queue yielded for each vif.
extension BackendEngine {
    /// What was seen until now came before the fence, and is no leak.
    mutating func takeBaseline(_ id: UInt32) {
        guard let vif = vifs[id] else { return }
        vifs[id]?.sighted = sightings.count(of: vif.key) ?? vif.sighted
        vifs[id]?.isFenceSent = true
    }

    mutating func lookForSightings(_ id: UInt32) {
        guard let vif = vifs[id], !vif.isDuplicate, let count = sightings.count(of: vif.key) else { return }
        vifs[id]?.sighted = count
        let fresh = count &- vif.sighted
        guard fresh > 0, let attempt = vif.attempt else { return }
        switch vif.machine.state {
        case .granted:
            tell(id, .candidateSeen)
        // A software form takes its frames from the default queue, so all of them are seen there.
        case .proving where vif.isFenceSent && attempt.form.usesQueuePairs,
            .connected where attempt.form.usesQueuePairs:
            counters.leaked += fresh
            tell(id, .leaked(count: fresh))
            if vifs[id]?.machine.state == .draining {
                vifs[id]?.failing = Ladder.Refusal(form: attempt.form, words: "frames still come by the default queue")
            }
        case .none, .offered, .proving, .connected, .draining, .refused, .quarantined:
            break
        }
    }
}
