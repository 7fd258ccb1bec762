// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Wire

/// Solarflare SFN7000, SFN8000 and X2 (EF10), as far as the accelerated backend asks: a destination MAC, optionally in
/// a VLAN, to a queue.
///
/// Limits from DPDK 22.11 drivers/net/sfc/sfc_flow.c (attributes, items, the QUEUE action's index) and
/// doc/guides/nics/sfc_efx.rst ("Flow API support"): a MAC is matched by its full mask, a VLAN by the 12 bits of its
/// identifier, and only ingress rules of group 0 exist outside of transfer. The driver knows more layers; this NIC
/// refuses them. It also refuses group addresses, which EF10 does not steer but replicate.
struct SFCPersonality: FlowPersonality {
    func steering(of rule: FlowRule, queuePairs: Int) throws(FlowError) -> Steering {
        try checkAttributes(rule)
        let key = try key(of: rule.pattern)
        return Steering(key: key, queue: try queue(of: rule.actions, queuePairs: queuePairs))
    }

    private func checkAttributes(_ rule: FlowRule) throws(FlowError) {
        if rule.isTransfer { throw unsupported("transfer rules need a switch, which this NIC has none of") }
        if rule.isEgress { throw unsupported("egress rules are not supported") }
        if !rule.isIngress { throw unsupported("a rule must be for ingress") }
        if rule.group != 0 { throw unsupported("groups are not supported") }
        if rule.priority != 0 { throw unsupported("priorities are not supported") }
    }

    private func key(of pattern: [FlowItem]) throws(FlowError) -> SteeringKey {
        guard case .ethernet(let destination, let source, let etherType) = pattern.first else {
            throw pattern.first == .unsupported
                ? invalid("the first item is no ETH item, or matches in part: a MAC needs the full mask")
                : invalid("a pattern must begin with an ETH item")
        }
        guard let destination else { throw invalid("the ETH item must match the destination") }
        if source != nil { throw invalid("the source can't be matched together with the destination") }
        if etherType != nil { throw invalid("the EtherType can't be matched together with the destination") }
        let address = MACAddress(rawValue: destination)
        if address.isGroup { throw unsupported("group addresses can't be steered to one queue") }
        if !address.isValidUnicast { throw invalid("no station has the address zero") }
        if pattern.count == 1 { return SteeringKey(destination: address, vlan: nil) }
        guard case .vlan(let identifier) = pattern[1] else { throw invalid("unexpected item behind ETH") }
        guard let identifier else { throw invalid("the VLAN item must match the identifier by the mask 0x0fff") }
        if pattern.count > 2 { throw invalid("unexpected item behind VLAN") }
        return SteeringKey(destination: address, vlan: identifier)
    }

    private func queue(of actions: [FlowAction], queuePairs: Int) throws(FlowError) -> Int {
        var chosen: Int?
        for action in actions {
            switch action {
            case .queue(let index):
                if chosen != nil { throw invalid("only one action may decide the frame's fate") }
                guard Int(index) < queuePairs else {
                    throw invalid("QUEUE names queue \(index), and there are \(queuePairs)")
                }
                chosen = Int(index)
            case .count: throw unsupported("counting is not supported for this rule")
            case .drop: throw unsupported("DROP is not supported")
            case .rss: throw unsupported("RSS is not supported")
            case .unsupported: throw unsupported("the action is not supported")
            }
        }
        guard let chosen else { throw invalid("no action decides the frame's fate") }
        return chosen
    }

    private func unsupported(_ message: String) -> FlowError {
        FlowError(code: FlowCode.notSupported, message: message)
    }

    private func invalid(_ message: String) -> FlowError { FlowError(code: FlowCode.invalid, message: message) }
}
