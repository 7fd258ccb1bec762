// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

extension NetbackLane {
    /// Moves what a guest sent by its VI in software to the uplink's outbox, as far as the vif's policy lets it.
    @_noLocks
    mutating func appendGuarded(_ vif: VifReference) {
        var index = 0
        while index < fromGuest.count {
            let mbuf = fromGuest[index]
            if refusesFromVI(mbuf, vif) {
                vif.lane.count(.viRefused)
                free(mbuf)
            } else {
                deliver(mbuf, vlan: vif.lane.vlan, to: .uplink, destination: .broadcast, isFromUplink: false)
            }
            index += 1
        }
        fromGuest.removeAll()
    }

    /// Nobody has looked at such a frame yet.
    @_noLocks
    private mutating func refusesFromVI(_ mbuf: Mbuf, _ vif: VifReference) -> Bool {
        if case .some = objection(to: mbuf) { return true }
        if mbuf.bytes.isInVLAN { return true }
        guard case .some = vif.lane.refusal(of: mbuf) else { return false }
        return true
    }

    /// Whether the switch may learn one more address behind the port; counts it when it may not.
    @_noLocks
    mutating func hasShare(_ port: SwitchPort) -> Bool {
        guard let vif = vifs.at(port), let policy = vif.lane.policy else { return true }
        if table.learnedCount(behind: port) < policy.state.maximumLearned { return true }
        vif.lane.count(.fdbShare)
        return false
    }
}
