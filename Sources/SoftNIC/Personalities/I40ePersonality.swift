// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Intel X710.
///
/// DPDK 22.11:
/// * drivers/net/i40e/i40e_flow.c, `i40e_flow_parse_fdir_pattern`: ETH with or without VLAN, then IPv4 or IPv6, then UDP or
///   TCP; "L2 and L3 input set are exclusive.", "L2 and L4 input set are exclusive."; a MAC alone is no rule ("Invalid type
///   mask."). ETH with VLAN and nothing else is the packet type of what is not IP. QUEUE and DROP; no COUNT that the flow
///   director would take, no query of it. `i40e_flow_parse_attr`: no groups, no priorities.
/// * i40e_flow_parse_ethertype_pattern: an EtherType with or without a destination MAC, not IPv4's, IPv6's, LLDP's.
/// * i40e_fdir.c, `i40e_flow_set_fdir_inset`: one input set for each packet type that has rules, and only those fields that
///   i40e_ethdev.c (`i40e_get_default_input_set`'s neighbour, `valid_fdir_inset_table`) lists: no MAC with IPv6, no protocol
///   with UDP or TCP. Both are looked at when creating only, so validating says yes.
/// * Full: ENOBUFS, "Fdir space full" (`i40e_fdir_entry_pool_get`); 768 EtherTypes (`I40E_MAX_ETHERTYPE_FILTER_NUM`).
/// * i40e_hash.c: RSS with a pattern takes no queues ("RSS Queues not supported when pattern specified"), and no header
///   fields; without a pattern it is the whole port's.
/// * i40e_ethdev.c, `i40e_dev_info_get`: pools behind the port's own queues, numbered from 1, of four queues each
///   (`RTE_LIBRTE_I40E_QUEUE_NUM_PER_VM`), as many as are left; `i40e_macaddr_add`: pool 0 is the port, tagged frames too;
///   64 addresses (`I40E_NUM_MACADDR_MAX`), rx_drop_en 0, queues that stop and start, runtime queue set-up.
struct I40ePersonality: FlowPersonality {
    var traits: PersonalityTraits {
        PersonalityTraits(
            // 0x1572: base/i40e_devids.h, I40E_DEV_ID_SFP_XL710.
            driver: "net_i40e", deviceID: 0x1572, addressSlots: 64, canStopQueues: true,
            canSetUpQueuesWhileRunning: true, alwaysDrops: false,
            pools: PoolTraits(
                limits: { queuePairs in
                    let pools = (queuePairs - 1) / 4
                    guard pools > 0 else { return nil }
                    return VMDqLimits(
                        maximumPools: pools, firstPool: 1, firstQueue: queuePairs - pools * 4, queueCount: pools * 4)
                },
                portIsPoolZero: true))
    }

    var fullError: FlowError { FlowError(code: FlowCode.noBuffers, message: "Fdir space full") }

    func steering(of rule: FlowRule, _ call: FlowCall, _ state: inout FlowState) throws(FlowError) -> Steering {
        if case .rss(let indices) = rule.actions.first { return try spread(rule, indices, call) }
        guard let layers = RuleLayers(rule.pattern), let ethernet = layers.ethernet else {
            throw .invalid("Unsupported pattern")
        }
        var match = Match()
        var table = FilterTable.director
        if let network = layers.network {
            try add(ethernet, layers, network, to: &match)
        } else if layers.transport != nil {
            throw .invalid("Unsupported pattern")
        } else if layers.hasVLAN {
            if let mac = ethernet.destination { match.setDestination(mac) }
            if let mac = ethernet.source { match.setSource(mac) }
            if let identifier = layers.vlan { match.setVLAN(identifier) }
            match.shape.insert(.notIP)
        } else {
            guard let type = ethernet.etherType else {
                throw .invalid(ethernet.isEmpty ? "NULL eth spec/mask." : "Invalid type mask.")
            }
            guard ethernet.source == nil, type != 0x0800, type != 0x86DD, type != 0x88CC else {
                throw .invalid("Unsupported ether_type.")
            }
            table = .etherType
            match.setEtherType(type)
            if let mac = ethernet.destination { match.setDestination(mac) }
        }
        let verdict = try verdict(of: rule.actions, call)
        if rule.isTransfer || rule.isEgress || !rule.isIngress { throw .invalid("Only support ingress.") }
        if rule.priority != 0 { throw .invalid("Not support priority.") }
        if rule.group != 0 { throw .invalid("Not support group.") }
        return Steering(match: match, verdict: verdict, table: table)
    }

    private func add(
        _ ethernet: RuleLayers.Ethernet, _ layers: RuleLayers, _ network: RuleLayers.Network, to match: inout Match
    ) throws(FlowError) {
        let comparesLink = ethernet.destination != nil || ethernet.source != nil
        if comparesLink && network.isIPv4 && !network.isEmpty {
            throw .invalid("L2 and L3 input set are exclusive.")
        }
        if comparesLink && layers.transport?.isEmpty == false { throw .invalid("L2 and L4 input set are exclusive.") }
        if let mac = ethernet.destination { match.setDestination(mac) }
        if let mac = ethernet.source { match.setSource(mac) }
        if let identifier = layers.vlan { match.setVLAN(identifier) }
        match.set(network)
        // Fragments are packet types of their own, the first one too.
        match.shape.insert(.whole)
        if let transport = layers.transport { match.set(transport) } else { match.shape.insert(.otherIP) }
    }

    private func verdict(of actions: [FlowAction], _ call: FlowCall) throws(FlowError) -> Verdict {
        guard actions.count == 1 else { throw .invalid("Invalid action.") }
        switch actions[0] {
        case .queue(let queue):
            guard Int(queue) < call.queues else { throw .invalid("Invalid queue ID for FDIR.") }
            return .queue(Int(queue))
        case .drop: return .drop
        default: throw .invalid("Invalid action.")
        }
    }

    private func spread(_ rule: FlowRule, _ indices: [UInt16], _ call: FlowCall) throws(FlowError) -> Steering {
        if rule.actions.count > 1 { throw .invalid("Only support one action for RSS.") }
        if !rule.pattern.isEmpty {
            let comparesNothing = rule.pattern.allSatisfy { item in
                [.ethernet(), .vlan(identifier: nil), .ipv4(), .ipv6(), .udp(), .tcp()].contains(item)
            }
            throw .unsupported(
                comparesNothing
                    ? "RSS Queues not supported when pattern specified" : "Header info should not be specified")
        }
        guard let verdict = Verdict(spreadOver: indices, limit: call.queues) else { throw .invalid("Invalid queue") }
        return Steering(match: Match(), verdict: verdict, table: .spread, isWholePort: true)
    }

    func admit(_ steering: Steering, count: Int, _ state: inout FlowState) throws(FlowError) {
        switch steering.table {
        case .spread:
            if state.hasSpread { throw .notCreated(FlowCode.invalid) }
            state.hasSpread = true
        case .etherType: if count >= 768 { throw .notCreated(FlowCode.noSpace) }
        case .director:
            let set = steering.match.shape.intersection(.fields)
            let type = packetType(steering)
            let isListed =
                steering.match.shape.contains(.ipv6)
                ? set.isDisjoint(with: [.destination, .source])
                    && (steering.match.shape.contains(.otherIP) || !set.contains(.protocolNumber))
                : steering.match.shape.contains(.otherIP) || !set.contains(.protocolNumber)
            guard isListed else { throw .notCreated(FlowCode.invalid) }
            if let current = state.inputSets[type] {
                guard current.set == set else { throw .notCreated(FlowCode.invalid) }
                state.inputSets[type] = (set, current.rules + 1)
            } else {
                state.inputSets[type] = (set, 1)
            }
        case .ntuple, .filters: break
        }
    }

    /// The kinds of a shape: i40e's packet classifier types.
    private func packetType(_ steering: Steering) -> UInt32 {
        steering.match.shape.subtracting(.fields).rawValue
    }

    func refusal(ofDuplicate steering: Steering, of existing: Steering) -> Duplicate {
        // i40e_fdir.c: "Conflict with existing flow director rules!".
        Duplicate(error: .notCreated(steering.table == .director ? FlowCode.invalid : FlowCode.exists))
    }

    func forget(_ steering: Steering, remaining: Int, _ state: inout FlowState) {
        if steering.table == .spread { state.hasSpread = false }
        guard steering.table == .director, let current = state.inputSets[packetType(steering)] else { return }
        state.inputSets[packetType(steering)] = current.rules > 1 ? (current.set, current.rules - 1) : nil
    }
}
