// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Wire

/// Form E: a rule for each of the heaviest flows. A vif's VI is granted first, without any rule; then flows come and go.
struct FlowForm: SteeringMethod {
    let coverage =
        "the heaviest UDP and TCP flows to one address and port, as many as there are rules; not fragments, IPv4 options, other protocols"
    /// Which rules the port takes is asked by `probeFlows()`.
    var canBeProbed: Bool { false }

    func installation(for target: SteeringTarget) throws(SteeringObjection) -> Installation {
        if let vlan = target.vlan { throw SteeringObjection(words: "its rules match no VLAN, and the vif is in VLAN \(vlan)") }
        return .none
    }
}

/// How a port's rules name a flow.
struct FlowRuleShape: Sendable, Equatable {
    /// Together with the destination MAC. Where the port can't, a frame for another MAC and the same IP address is steered, too.
    var matchesMAC: Bool
    /// With the protocol in the IP item, beside the UDP or TCP item.
    var namesProtocol: Bool
    var takesIPv6 = true

    /// What to ask of a driver, the best first.
    static func candidates(driver: String, device: UInt16?) -> [FlowRuleShape] {
        switch driver {
        // ixgbe_flow.c: no n-tuples from X550 on. Its flow director takes no protocol in the IP item, and IPv4 alone
        // (ixgbe_parse_fdir_filter_normal); all of a port's rules name the same fields.
        case "net_ixgbe" where DriverFacts.isX550(device):
            [FlowRuleShape(matchesMAC: false, namesProtocol: false, takesIPv6: false)]
        // ixgbe_flow.c and igb_flow.c (cons_parse_ntuple_filter): no field of ETH, and the UDP or TCP item says nothing of the protocol,
        // so that a rule that does not name it takes both.
        case "net_ixgbe", "net_e1000_igb": [FlowRuleShape(matchesMAC: false, namesProtocol: true, takesIPv6: false)]
        // Others refuse what they can't: bnxt_flow.c takes no protocol in the IP item, sfc firmware not every set of fields.
        default:
            [
                FlowRuleShape(matchesMAC: true, namesProtocol: true), FlowRuleShape(matchesMAC: true, namesProtocol: false),
                FlowRuleShape(matchesMAC: false, namesProtocol: true), FlowRuleShape(matchesMAC: false, namesProtocol: false),
            ]
        }
    }

    func rule(_ selector: FlowSelector, mac: UInt64, queue: UInt16) -> FlowRule {
        let number = namesProtocol ? selector.transport.rawValue : nil
        let network: FlowItem =
            selector.isIPv6
            ? .ipv6(destination: FlowIPv6Address(high: selector.high, low: selector.low), protocol: number)
            : .ipv4(destination: UInt32(truncatingIfNeeded: selector.low), protocol: number)
        let transport: FlowItem =
            selector.transport == .udp ? .udp(destination: selector.port) : .tcp(destination: selector.port)
        return FlowRule(
            pattern: [.ethernet(destination: matchesMAC ? mac : nil), network, transport], actions: [.queue(queue)])
    }
}
