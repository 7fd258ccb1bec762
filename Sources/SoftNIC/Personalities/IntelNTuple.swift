// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Filters that ixgbe and igb have in common, by DPDK 22.11 drivers/net/ixgbe/ixgbe_flow.c and drivers/net/e1000/igb_flow.c
/// (`cons_parse_ntuple_filter`, `cons_parse_ethertype_filter`, `ixgbe_parse_rss_filter`, `igb_parse_rss_filter`). Each
/// function answers nil where its parser would refuse.
enum IntelFilters {
    /// IPv4 addresses, protocol and ports, each whole or not at all; no field of ETH or VLAN; QUEUE alone. The protocol is
    /// that of the IPv4 item only: UDP and TCP items say ports, not the protocol, and a filter that compares nothing takes
    /// every IPv4 frame.
    static func ntuple(_ rule: FlowRule) -> (match: Match, queue: UInt16)? {
        guard rule.isIngress, !rule.isEgress, !rule.isTransfer, rule.priority <= 0xFFFF,
            let layers = RuleLayers(rule.pattern), layers.ethernet?.isEmpty != false, layers.vlan == nil,
            layers.ethernet != nil || !layers.hasVLAN, let network = layers.network, network.isIPv4,
            rule.actions.count == 1, case .queue(let queue) = rule.actions[0]
        else { return nil }
        var match = Match()
        match.set(network)
        if let transport = layers.transport { match.set(transport, comparingKind: false) }
        // Priorities out of 1...7 count as 1.
        let priority = (1...7).contains(rule.priority) ? Int(rule.priority) : 1
        match.shape = match.shape.with(priority: priority)
        return (match, queue)
    }

    /// One EtherType, but IPv4's and IPv6's ("IPv4/IPv6 not supported by ethertype filter"), and no MAC ("mac compare is
    /// unsupported"); QUEUE alone ("drop option is unsupported").
    static func etherType(_ rule: FlowRule) -> (match: Match, queue: UInt16)? {
        guard rule.isIngress, !rule.isEgress, !rule.isTransfer, rule.priority == 0, rule.group == 0,
            rule.pattern.count == 1, case .ethernet(nil, nil, let type?) = rule.pattern[0], type != 0x0800, type != 0x86DD,
            rule.actions.count == 1, case .queue(let queue) = rule.actions[0]
        else { return nil }
        var match = Match()
        match.setEtherType(type)
        match.shape = match.shape.with(priority: 7)
        return (match, queue)
    }

    /// RSS alone. The parser is not given the pattern: the whole port is turned to these queues.
    static func spread(_ rule: FlowRule, queues: Int) -> Steering? {
        guard rule.isIngress, !rule.isEgress, !rule.isTransfer, rule.priority <= 0xFFFF, rule.actions.count == 1,
            case .rss(let indices) = rule.actions[0], let verdict = Verdict(spreadOver: indices, limit: queues)
        else { return nil }
        return Steering(match: Match(), verdict: verdict, table: .spread, isWholePort: true)
    }
}
