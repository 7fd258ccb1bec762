// SPDX-License-Identifier: BSD-3-Clause
import Control
import EventLog
import Foundation
import Logging

extension NetbackHost {
    /// Makes everything that can change as the new configuration says; the rest is named in the log. What fails for one vif changes
    /// nothing for others.
    func reload(_ new: DaemonConfiguration) {
        operations.lock()
        defer { operations.unlock() }
        let plan = ReloadPlan(from: running, to: new)
        for words in plan.refused { logger.log(DaemonEvent.notReloaded, ["reason": "\(words)"]) }
        // What goes makes way, of names, addresses and sockets, for what comes.
        for name in plan.removed { attempt(name) { try stopVif(name) } }
        let remade = plan.changed.filter { !$0.remadeFor.isEmpty }
        for change in remade { attempt(change.settings.name) { try stopVif(change.settings.name) } }
        for change in remade { attempt(change.settings.name) { try startVif(change.settings) } }
        for change in plan.changed where change.remadeFor.isEmpty {
            attempt(change.settings.name) { try carryOut(change) }
        }
        for vif in plan.added { attempt(vif.name) { try startVif(vif) } }
        note(logLevel: new.logLevel)
        logger.log(
            DaemonEvent.reloaded,
            [
                "removed": "\(plan.removed.joined(separator: " "))", "added": "\(plan.added.map(\.name).joined(separator: " "))",
                "changed": "\(plan.changed.map(\.settings.name).joined(separator: " "))", "refused": "\(plan.refused.count)",
            ])
    }

    private func attempt(_ vif: String, _ body: () throws -> Void) {
        do {
            try body()
        } catch {
            logger.log(DaemonEvent.vifNotReloaded, ["vif": "\(vif)", "reason": "\(error)"])
        }
    }
}
