// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Wire

/// Solarflare SFN7000, SFN8000 and X2 (EF10).
///
/// DPDK 22.11:
/// * drivers/net/sfc/sfc_flow.c (`sfc_flow_parse_attr`, `sfc_flow_parse_eth`, `_vlan`, `_ipv4`, `_ipv6`, `_udp`, `_tcp`,
///   `sfc_flow_parse_actions`): a MAC is matched by its full mask, a VLAN by the 12 bits of its identifier, only ingress rules
///   of group 0 and without priority exist outside of transfer; QUEUE, RSS and DROP decide, COUNT is the transfer engine's.
/// * The firmware has filters for {MAC}, {MAC, VLAN}, {protocol, local address and port} and {protocol, both addresses and
///   ports}, and `sfc_flow_is_match_supported` refuses every other set, so no MAC together with IP and no empty IP or
///   transport item at the end (doc/guides/nics/sfc_efx.rst, "Flow API support").
/// * drivers/net/sfc/sfc_ethdev.c: one MAC address and no `mac_addr_add`, no VMDq, queues that stop and start, runtime queue
///   set-up, rx_drop_en 1 (sfc_rx.c forces it).
///
/// Group addresses are refused, which EF10 does not steer but replicates.
struct SFCPersonality: FlowPersonality {
    var traits: PersonalityTraits {
        // 0x0A03: SFC9220 (SFN8000), drivers/common/sfc_efx/base/efx.h, EFX_PCI_DEVID_MEDFORD.
        PersonalityTraits(
            driver: "net_sfc_efx", deviceID: 0x0A03, takesAddresses: false, canStopQueues: true,
            canSetUpQueuesWhileRunning: true)
    }

    func steering(of rule: FlowRule, _ call: FlowCall, _ state: inout FlowState) throws(FlowError) -> Steering {
        try checkAttributes(rule)
        let match = try match(of: rule.pattern)
        return Steering(match: match, verdict: try verdict(of: rule.actions, queues: call.queues))
    }

    func admit(_ steering: Steering, count: Int, _ state: inout FlowState) throws(FlowError) {}

    func refusal(ofDuplicate steering: Steering, of existing: Steering) -> Duplicate {
        Duplicate(error: FlowError(code: FlowCode.exists, message: "a filter with the same match exists"))
    }

    private func checkAttributes(_ rule: FlowRule) throws(FlowError) {
        if rule.isTransfer { throw .unsupported("transfer rules need a switch, which this NIC has none of") }
        if rule.isEgress { throw .unsupported("egress rules are not supported") }
        if !rule.isIngress { throw .unsupported("a rule must be for ingress") }
        if rule.group != 0 { throw .unsupported("groups are not supported") }
        if rule.priority != 0 { throw .unsupported("priorities are not supported") }
    }

    private func match(of pattern: [FlowItem]) throws(FlowError) -> Match {
        guard case .ethernet(let destination, let source, let etherType) = pattern.first else {
            throw pattern.first == .unsupported
                ? .invalid("the first item is no ETH item, or matches in part: a MAC needs the full mask")
                : .invalid("a pattern must begin with an ETH item")
        }
        if destination == nil && source == nil && etherType == nil, pattern.count > 1 {
            return try networkMatch(of: pattern)
        }
        guard let destination else { throw .invalid("the ETH item must match the destination") }
        if source != nil { throw .invalid("the source can't be matched together with the destination") }
        if etherType != nil { throw .invalid("the EtherType can't be matched together with the destination") }
        let address = MACAddress(rawValue: destination)
        if address.isGroup { throw .unsupported("group addresses can't be steered to one queue") }
        if !address.isValidUnicast { throw .invalid("no station has the address zero") }
        var match = Match()
        match.setDestination(destination)
        if pattern.count == 1 { return match }
        guard case .vlan(let identifier) = pattern[1] else {
            throw .invalid("unexpected item behind ETH: no filter of this firmware has a MAC and more")
        }
        guard let identifier else { throw .invalid("the VLAN item must match the identifier by the mask 0x0fff") }
        if pattern.count > 2 { throw .invalid("unexpected item behind VLAN") }
        match.setVLAN(identifier)
        return match
    }

    /// Three or five parts of the tuple, nothing else.
    private func networkMatch(of pattern: [FlowItem]) throws(FlowError) -> Match {
        guard let layers = RuleLayers(pattern), !layers.hasVLAN, let network = layers.network else {
            throw .invalid("unexpected item behind ETH, which must match the destination or be followed by IPV4 or IPV6")
        }
        guard let transport = layers.transport, network.hasDestination, transport.destinationPort != nil,
            network.hasSource == (transport.sourcePort != nil)
        else { throw .unsupported("Flow rule match is not supported by firmware") }
        if let number = network.number, number != (transport.isUDP ? 17 : 6) {
            throw .invalid("the protocol of the IP item is not that of the next item")
        }
        var match = Match()
        match.set(network, comparingProtocol: false)
        match.set(transport)
        return match
    }

    private func verdict(of actions: [FlowAction], queues: Int) throws(FlowError) -> Verdict {
        var chosen: Verdict?
        for action in actions {
            let verdict: Verdict
            switch action {
            case .queue(let index):
                guard Int(index) < queues else { throw .invalid("QUEUE names queue \(index), and there are \(queues)") }
                verdict = .queue(Int(index))
            case .rss(let indices):
                guard let spread = Verdict(spreadOver: indices, limit: queues) else {
                    throw .invalid("RSS names a queue that is not there, or none")
                }
                verdict = spread
            case .drop: verdict = .drop
            case .count: throw .unsupported("counting is not supported for this rule")
            case .unsupported: throw .unsupported("the action is not supported")
            }
            if chosen != nil { throw .invalid("only one action may decide the frame's fate") }
            chosen = verdict
        }
        guard let chosen else { throw .invalid("no action decides the frame's fate") }
        return chosen
    }
}
