// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Form D: the flow director's MAC and VLAN mode (ixgbe_flow.c, ixgbe_parse_fdir_filter_normal; X550 and newer).
struct MACAndVLANForm: SteeringMethod {
    let coverage = "all unicast of the vif's VLAN"
    /// The mode that a rule puts the flow director into stays when the rule goes (ixgbe_flow.c, 22.11), and one other than none costs
    /// the vector receive function at the next start: only a vif that needs it may cause that.
    var canBeProbed: Bool { false }

    func installation(for target: SteeringTarget) throws(SteeringObjection) -> Installation {
        guard let vlan = target.vlan else {
            throw SteeringObjection(words: "its rules match a MAC in a VLAN, and the vif is in none")
        }
        return .rules([
            FlowRule(
                pattern: [.ethernet(destination: target.mac), .vlan(identifier: vlan)], actions: [.queue(target.queue)])
        ])
    }
}
