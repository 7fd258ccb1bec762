// SPDX-License-Identifier: BSD-3-Clause
import Acceleration

/// What a vif may have, and what becomes of it when that changes.
extension BackendEngine {
    /// Why the vif may not have so many rules, whatever is free; nil when it may.
    func quotaObjection(_ rules: Int, to vif: AcceleratedVif) -> String? {
        let limit = quotas.quotas(of: vif.description.mac).rules
        return rules > limit ? "the vif may have \(limit) rules, and it needs \(rules)" : nil
    }

    mutating func setQuotas(_ new: AcceleratedBackendQuotas) {
        let old = quotas
        quotas = new
        for id in order {
            setFlowLimit(of: id)
            if let mac = vifs[id]?.description.mac { vifs[id]?.machine.setMaximumStash(quotas.quotas(of: mac).stash) }
        }
        for id in order where isAffected(id, old) { startOver(id) }
        withdrawSurplus()
        // Whoever waits may have its turn now.
        givenBack = [.interface, .rule]
        wakeWaiting()
    }

    mutating func setFlowLimit(of id: UInt32) {
        guard let vif = vifs[id] else { return }
        flows.policy.setRuleLimit(quotas.quotas(of: vif.description.mac).rules, vif: id)
    }

    /// Whether the vif's own quotas forbid the form in use, or no longer forbid one that is better.
    private mutating func isAffected(_ id: UInt32, _ old: AcceleratedBackendQuotas) -> Bool {
        guard let vif = vifs[id] else { return false }
        let mac = vif.description.mac
        guard old.quotas(of: mac) != quotas.quotas(of: mac) else { return false }
        let wasForbidden = vif.refusals.contains(where: \.isQuota)
        vifs[id]?.refusals.removeAll(where: \.isQuota)
        return wasForbidden || quotaObjection(vif.attempt?.installed.rules.count ?? 0, to: vif) != nil
    }

    /// The newest grants beyond the port's quotas are withdrawn. Rules of flows are the policy's.
    private mutating func withdrawSurplus() {
        let newest = order.filter { vifs[$0]?.attempt != nil }
            .sorted { (vifs[$0]?.machine.grantID ?? 0) > (vifs[$1]?.machine.grantID ?? 0) }
        var grants = newest.count
        var rules = ruleCount - flows.ruleCount
        for id in newest where grants > quotas.virtualInterfaces || rules > quotas.rules {
            let own = vifs[id]?.attempt?.installed.rules.count ?? 0
            guard grants > quotas.virtualInterfaces || own > 0 else { continue }
            grants -= 1
            rules -= own
            startOver(id)
        }
    }
}
