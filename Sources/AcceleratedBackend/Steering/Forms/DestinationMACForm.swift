// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Form A: one rule.
struct DestinationMACForm: SteeringMethod {
    let coverage = "all unicast"

    func installation(for target: SteeringTarget) -> Installation {
        var pattern: [FlowItem] = [.ethernet(destination: target.mac)]
        if let vlan = target.vlan { pattern.append(.vlan(identifier: vlan)) }
        return .rules([FlowRule(pattern: pattern, actions: [.queue(target.queue)])])
    }
}
