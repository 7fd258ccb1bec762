// SPDX-License-Identifier: BSD-3-Clause
import Acceleration

/// Proof by observation: what the default queue yielded for each vif, and what that says of its rule.
extension BackendEngine {
    /// What was seen until now came before the fence, and is no leak.
    mutating func takeBaseline(_ id: UInt32) {
        guard let vif = vifs[id] else { return }
        vifs[id]?.sighted = sightings.count(of: vif.key) ?? vif.sighted
        vifs[id]?.silentSince = now
    }

    mutating func lookForSightings(_ id: UInt32) {
        guard let vif = vifs[id], !vif.isDuplicate, let count = sightings.count(of: vif.key) else { return }
        vifs[id]?.sighted = count
        judgeSuspect(id, hasFrames: count.all != vif.sighted.all)
        guard let attempt = vif.attempt else { return }
        if attempt.form == .perFlow {
            // Most frames come by the default queue: leaks are counted for each flow.
            if vif.machine.state == .granted, count != vif.sighted { tell(id, .candidateSeen) }
            return
        }
        // A frame that the form can't steer neither asks for its rule nor leaks from it.
        let fresh =
            attempt.form.method.coversOnlyPlainIPv4
            ? count.plainIPv4 &- vif.sighted.plainIPv4 : count.all &- vif.sighted.all
        switch vif.machine.state {
        case .granted:
            if fresh > 0 { tell(id, .candidateSeen) }
        case .proving, .connected:
            // A software form takes its frames from the default queue, so all of them are seen there.
            guard attempt.form.usesQueuePairs, vif.machine.watchesForLeaks else { break }
            if fresh > 0 { leaked(fresh, attempt.form, id) } else { checkSilence(id) }
        case .none, .offered, .draining, .refused, .quarantined:
            break
        }
    }

    private mutating func leaked(_ fresh: UInt64, _ form: SteeringForm, _ id: UInt32) {
        vifs[id]?.silentSince = now
        counters.leaked += fresh
        tell(id, .leaked(count: fresh))
        if vifs[id]?.machine.state == .draining {
            vifs[id]?.failing = Ladder.Refusal(form: form, words: "frames still come by the default queue")
        }
    }

    /// A rule was made because frames came; now none comes by the default queue, and the frontend has seen none on its VI.
    private mutating func checkSilence(_ id: UInt32) {
        guard let vif = vifs[id], vif.machine.awaitsProof, let since = vif.silentSince, let form = vif.attempt?.form,
            now >= since.later(by: configuration.silenceNanoseconds)
        else { return }
        vifs[id]?.silentSince = nil
        tell(id, .silent)
        vifs[id]?.suspect = (form, .max)
    }

    /// Whether it was the rule that swallowed the frames: then they come again as soon as it is gone. A sender that had stopped says
    /// nothing against the form.
    private mutating func judgeSuspect(_ id: UInt32, hasFrames: Bool) {
        guard let vif = vifs[id], let suspect = vif.suspect else { return }
        switch vif.machine.state {
        case .refused: break
        case .draining: return
        // It went on otherwise: the port was restarted, or the guest is gone.
        case .none, .offered, .granted, .proving, .connected, .quarantined:
            vifs[id]?.suspect = nil
            return
        }
        if suspect.until == .max {
            // The way back has ended just now.
            vifs[id]?.suspect = (suspect.form, now.later(by: Self.suspicion))
        } else if hasFrames {
            vifs[id]?.suspect = nil
            vifs[id]?.refusals.append(Ladder.Refusal(form: suspect.form, words: "its rule is accepted, and frames vanish"))
            if ladder.best(without: vifs[id]?.refusals ?? []) != nil { startOver(id) }
            report(id)
        } else if now >= suspect.until {
            vifs[id]?.suspect = nil
            startOver(id)
        }
    }
}
