// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Wire

/// Mellanox ConnectX-4 Lx.
///
/// DPDK 22.11:
/// * drivers/net/mlx5/mlx5_flow.c (`mlx5_flow_validate_item_eth` and its siblings, `mlx5_flow_validate_attributes`): any order
///   of ETH, VLAN, IPv4 or IPv6, UDP or TCP with full or no masks; groups and priorities exist, transfer and egress need
///   ConnectX-5 or later here; QUEUE, RSS, DROP and COUNT (mlx5_flow_verbs.c, `flow_verbs_counter_query`).
/// * A rule in a group other than 0 waits for a JUMP into that group: alone it is taken and never hit.
/// * drivers/net/mlx5/mlx5_mac.c, `mlx5_mac_addr_add`: the pool is ignored; mlx5_ethdev.c: 128 unicast addresses
///   (`MLX5_MAX_UC_MAC_ADDRESSES`), no VMDq, no runtime queue set-up; mlx5.c: queues stop and start; full queues drop.
struct Mlx5Personality: FlowPersonality {
    var traits: PersonalityTraits {
        // 0x1015: MT27710 (mlx5_common_pci.h, PCI_DEVICE_ID_MELLANOX_CONNECTX4LX).
        PersonalityTraits(
            driver: "mlx5_pci", deviceID: 0x1015, addressSlots: 128, canStopQueues: true, ignoresPools: true)
    }

    func steering(of rule: FlowRule, _ call: FlowCall, _ state: inout FlowState) throws(FlowError) -> Steering {
        if rule.isTransfer { throw .unsupported("transfer is supported only with E-Switch") }
        if rule.isEgress { throw .unsupported("egress is not supported") }
        if !rule.isIngress { throw .invalid("ingress attribute is mandatory") }
        if rule.priority > 21843 { throw .unsupported("priority out of range") }
        guard let layers = RuleLayers(rule.pattern), !rule.pattern.isEmpty else {
            throw .unsupported("item not supported")
        }
        var match = Match()
        if let ethernet = layers.ethernet {
            if let mac = ethernet.destination { match.setDestination(mac) }
            if let mac = ethernet.source { match.setSource(mac) }
            if let type = ethernet.etherType { match.setEtherType(type) }
        }
        if layers.hasVLAN {
            guard let identifier = layers.vlan else { throw .unsupported("VLAN cannot be empty") }
            match.setVLAN(identifier)
        }
        if let network = layers.network {
            if let transport = layers.transport, let number = network.number, number != (transport.isUDP ? 17 : 6) {
                throw .invalid("protocol filtering not compatible with the layer 4 item")
            }
            match.set(network)
        } else if layers.transport != nil {
            throw .invalid("L3 is mandatory to filter on L4")
        }
        if let transport = layers.transport { match.set(transport) }
        var steering = Steering(match: match, verdict: .drop, isInert: rule.group != 0)
        try addActions(rule.actions, queues: call.queues, to: &steering)
        return steering
    }

    private func addActions(_ actions: [FlowAction], queues: Int, to steering: inout Steering) throws(FlowError) {
        var fates = 0
        for action in actions {
            switch action {
            case .queue(let index):
                guard Int(index) < queues else { throw .invalid("queue index out of range") }
                steering.verdict = .queue(Int(index))
                fates += 1
            case .rss(let indices):
                guard let verdict = Verdict(spreadOver: indices, limit: queues) else {
                    throw .invalid("queue is not configured")
                }
                steering.verdict = verdict
                fates += 1
            case .drop: fates += 1
            case .count: steering.isCounted = true
            case .unsupported: throw .unsupported("action not supported")
            }
        }
        if fates > 1 { throw .invalid("can't have 2 fate actions in same flow") }
        if fates == 0 { throw .invalid("no fate action is found") }
    }

    func admit(_ steering: Steering, count: Int, _ state: inout FlowState) throws(FlowError) {}

    func refusal(ofDuplicate steering: Steering, of existing: Steering) -> Duplicate {
        Duplicate(error: FlowError(code: FlowCode.exists, message: "hardware refuses to create flow"))
    }
}
