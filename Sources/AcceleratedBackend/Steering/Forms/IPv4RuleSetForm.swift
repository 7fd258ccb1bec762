// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Form C: i40e takes no rule of a destination MAC alone, but one for each kind of packet (i40e_flow.c, i40e_flow_set_fdir_inset: one
/// set of matched fields for each kind, the same for the whole port).
struct IPv4RuleSetForm: SteeringMethod {
    let coverage = "unicast IPv4 that is not fragmented; not IPv6, ARP, SCTP, fragments"
    var coversOnlyPlainIPv4: Bool { true }

    func installation(for target: SteeringTarget) throws(SteeringObjection) -> Installation {
        if let vlan = target.vlan { throw SteeringObjection(words: "its rules match no VLAN, and the vif is in VLAN \(vlan)") }
        let kinds: [[FlowItem]] = [[.udp()], [.tcp()], []]
        return .rules(
            kinds.map { kind in
                FlowRule(
                    pattern: [.ethernet(destination: target.mac), .ipv4()] + kind, actions: [.queue(target.queue)])
            })
    }
}
