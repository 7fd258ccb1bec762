// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// One way to tell a port "these frames go to that VI". Letters are those of the design's table.
public enum SteeringForm: String, Sendable, Hashable, CaseIterable {
    /// Destination MAC, and the vif's VLAN if it has one, to a queue, by rte_flow. Covers all unicast.
    case destinationMAC = "A"
    /// In software: netback's lane hands the frames over. Covers all unicast; only for guests in netback's process.
    case software = "F"

    var letter: Character { self == .destinationMAC ? "A" : "F" }

    /// Whether its VI is a queue pair of the port.
    var usesQueuePairs: Bool { self == .destinationMAC }

    /// The rule that steers frames for `mac` to `queue`; nil for a form that needs none.
    func rule(mac: UInt64, vlan: UInt16?, queue: UInt16) -> FlowRule? {
        switch self {
        case .software: return nil
        case .destinationMAC:
            var pattern: [FlowItem] = [.ethernet(destination: mac)]
            if let vlan { pattern.append(.vlan(identifier: vlan)) }
            return FlowRule(pattern: pattern, actions: [.queue(queue)])
        }
    }
}
