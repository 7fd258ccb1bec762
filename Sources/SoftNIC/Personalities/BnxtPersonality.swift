// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Wire

/// Broadcom NetXtreme-C/E (BCM574xx) without TruFlow.
///
/// DPDK 22.11:
/// * drivers/net/bnxt/bnxt_flow.c, `bnxt_validate_and_parse_flow_type`: a MAC by its full mask and a valid unicast one, a VLAN
///   by the 12 bits of its identifier and never together with IP ("Cannot use VLAN with NTUPLE"), of IP the addresses only;
///   `bnxt_validate_and_parse_flow`: QUEUE refuses queue 0 ("Invalid queue ID."), DROP and RSS exist, COUNT does not;
///   ingress of any group (a group is a VNIC's number), no query.
/// * `bnxt_flow_create`: "Device must be started"; a rule with the match of another one is refused, and the other one steers
///   to the new queue from then on ("Flow with pattern exists, updating destination queue"); validating checks the same as
///   creating.
/// * drivers/net/bnxt/bnxt_ethdev.c, `bnxt_dev_info_get_op`: pools and their queues by repeated halving until they fit, 128
///   addresses, runtime queue set-up, rx_drop_en 1; `bnxt_mq_rx_configure` (bnxt_rxq.c): a pool has configured queues ÷
///   pools, whatever the limits say, and every pool takes broadcast.
struct BnxtPersonality: FlowPersonality {
    var traits: PersonalityTraits {
        // 0x16D7: BCM57414 (drivers/net/bnxt/bnxt.h, BROADCOM_DEV_ID_57414).
        PersonalityTraits(
            driver: "net_bnxt", deviceID: 0x16D7, addressSlots: 128, canStopQueues: true,
            canSetUpQueuesWhileRunning: true,
            pools: PoolTraits(
                limits: { queuePairs in Self.poolLimits(queuePairs) },
                queue: { pool, queues, pools in pool * Swift.max(1, queues / pools) }))
    }

    /// As `bnxt_dev_info_get_op` seeks them, for a function with more VNICs than pools.
    private static func poolLimits(_ queuePairs: Int) -> VMDqLimits? {
        var pools = 64
        var queues = 128
        for _ in 0..<4 {
            for _ in 0..<5 {
                if queuePairs > queues, queues > 0 {
                    let fitting = Swift.min(pools, queues)
                    return VMDqLimits(maximumPools: fitting, firstPool: 0, firstQueue: 0, queueCount: queues)
                }
                queues >>= 1
            }
            pools >>= 1
        }
        return nil
    }

    var fullError: FlowError { FlowError(code: FlowCode.noSpace, message: "Not enough resources for a new flow") }

    func steering(of rule: FlowRule, _ call: FlowCall, _ state: inout FlowState) throws(FlowError) -> Steering {
        if rule.isEgress { throw .invalid("No support for egress.") }
        if !rule.isIngress { throw .invalid("Only support ingress.") }
        if rule.isTransfer { throw .invalid("No support for transfer.") }
        guard let layers = RuleLayers(rule.pattern), !rule.pattern.isEmpty else { throw .invalid("MAC_addr mask not valid") }
        var match = Match()
        if let ethernet = layers.ethernet { try add(ethernet, to: &match) }
        if layers.hasVLAN {
            if layers.network != nil { throw .invalid("Cannot use VLAN with NTUPLE") }
            guard let identifier = layers.vlan else { throw .invalid("VLAN mask is invalid") }
            if layers.ethernet?.etherType != nil { throw .invalid("VLAN TPID matching is not supported") }
            match.setVLAN(identifier)
        }
        if let network = layers.network {
            // The mask of the protocol must be empty: an n-tuple says it by its UDP or TCP item.
            if network.number != nil {
                throw .invalid(network.isIPv4 ? "Invalid IPv4 mask." : "Invalid IPv6 mask.")
            }
            if network.isEmpty && layers.transport?.isEmpty != false {
                throw .invalid("Failed to create ntuple filter")
            }
            match.set(network)
        } else if layers.transport != nil {
            throw .invalid("Failed to create ntuple filter")
        }
        if let transport = layers.transport { match.set(transport) }
        return Steering(match: match, verdict: try verdict(of: rule.actions, queues: call.queues))
    }

    private func add(_ ethernet: RuleLayers.Ethernet, to match: inout Match) throws(FlowError) {
        if let mac = ethernet.destination {
            guard MACAddress(rawValue: mac).isValidUnicast else { throw .invalid("DMAC is invalid") }
            match.setDestination(mac)
        }
        if let mac = ethernet.source {
            guard MACAddress(rawValue: mac).isValidUnicast else { throw .invalid("SMAC is invalid") }
            match.setSource(mac)
        }
        if let type = ethernet.etherType { match.setEtherType(type) }
    }

    private func verdict(of actions: [FlowAction], queues: Int) throws(FlowError) -> Verdict {
        guard actions.count == 1 else { throw .invalid("Invalid action.") }
        switch actions[0] {
        case .queue(let index):
            guard index != 0, Int(index) < queues else { throw .invalid("Invalid queue ID.") }
            return .queue(Int(index))
        case .rss(let indices):
            guard !indices.contains(0), let spread = Verdict(spreadOver: indices, limit: queues) else {
                throw .invalid("Invalid queue ID for RSS")
            }
            return spread
        case .drop: return .drop
        case .count, .unsupported: throw .invalid("Invalid action.")
        }
    }

    func admit(_ steering: Steering, count: Int, _ state: inout FlowState) throws(FlowError) {}

    func refusal(ofDuplicate steering: Steering, of existing: Steering) -> Duplicate {
        if steering.verdict == existing.verdict {
            return Duplicate(error: FlowError(code: FlowCode.exists, message: "Matching Flow exists."))
        }
        return Duplicate(
            error: .invalid("Flow with pattern exists, updating destination queue"), redirects: true)
    }
}
