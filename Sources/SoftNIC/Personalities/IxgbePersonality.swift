// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Intel 82599 and X550.
///
/// DPDK 22.11:
/// * drivers/net/ixgbe/ixgbe_flow.c, `ixgbe_flow_create` and `_validate`: parsers are tried in the order n-tuple, EtherType,
///   flow director, RSS, and the last one's words are the answer: "Not supported action." when validating, "Failed to create
///   flow." when creating. No COUNT; `ixgbe_flow_ops` has no query.
/// * `ixgbe_parse_ntuple_filter`: only the 82599 and the X540 have n-tuples. A queue out of range is answered by `-rte_errno` that nobody has set, so the rule is taken.
/// * base/ixgbe_type.h: 128 n-tuples (`IXGBE_MAX_FTQF_FILTERS`), 8 EtherTypes (`IXGBE_MAX_ETQF_FILTERS`);
///   ixgbe_ethdev.c: one n-tuple more is ENOSYS (`ixgbe_add_5tuple_filter`), one EtherType more ENOSPC, a second one with the
///   same match EEXIST.
/// * `ixgbe_parse_fdir_filter`: also validating sets the flow director's mode, which stays when the last rule is gone; a rule
///   of the other mode is refused. ETH with VLAN is a mode of its own that only the X550 has (ixgbe_fdir.c,
///   `ixgbe_fdir_configure`). `ixgbe_flow_create` compares the one mask of all rules at creation only.
/// * `ixgbe_config_rss_filter` (ixgbe_rxtx.c): a second RSS rule is EINVAL, and the pattern is never looked at.
/// * ixgbe_ethdev.c, `ixgbe_dev_info_get`: 64 pools, 128 queues, so two a pool in VMDQ_ONLY; 128 addresses
///   (base/ixgbe_82599.c, `IXGBE_82599_RAR_ENTRIES`), rx_drop_en 0, queues that stop and start, no runtime queue set-up.
/// * `ixgbe_vmdq_rx_hw_configure` (ixgbe_rxtx.c): one receive mode for all pools, the VLAN filter on and no VLAN mapped, so
///   that tagged frames go to the default pool; every pool gets frames to the port's own address (MPSAR of address 0).
struct IxgbePersonality: FlowPersonality {
    let isX550: Bool

    var traits: PersonalityTraits {
        PersonalityTraits(
            driver: "net_ixgbe", deviceID: isX550 ? 0x1563 : 0x10FB, addressSlots: 128, canStopQueues: true,
            alwaysDrops: false,
            pools: PoolTraits(
                limits: { queuePairs in
                    let pools = queuePairs / 2
                    guard pools > 0 else { return nil }
                    return VMDqLimits(maximumPools: pools, firstPool: 0, firstQueue: 0, queueCount: pools * 2)
                },
                takeTaggedFrames: false, shareOwnAddress: true))
    }

    func steering(of rule: FlowRule, _ call: FlowCall, _ state: inout FlowState) throws(FlowError) -> Steering {
        if !isX550, let (match, queue) = IntelFilters.ntuple(rule) {
            let verdict = Int(queue) < call.queues ? Verdict.queue(Int(queue)) : .nowhere
            return Steering(match: match, verdict: verdict, table: .ntuple)
        }
        if let (match, queue) = IntelFilters.etherType(rule), Int(queue) < call.queues {
            return Steering(match: match, verdict: .queue(Int(queue)), table: .etherType)
        }
        if let steering = director(rule, call, &state) { return steering }
        if let steering = IntelFilters.spread(rule, queues: call.queues) { return steering }
        throw call.creates ? .notCreated(FlowCode.invalid) : .invalid("Not supported action.")
    }

    /// Perfect filters: ETH with VLAN, or IPv4 that the n-tuples do not take, which leaves DROP.
    private func director(_ rule: FlowRule, _ call: FlowCall, _ state: inout FlowState) -> Steering? {
        guard rule.isIngress, !rule.isEgress, !rule.isTransfer, rule.priority == 0, rule.actions.count == 1,
            let layers = RuleLayers(rule.pattern)
        else { return nil }
        var match = Match()
        let mode: FlowState.DirectorMode
        if let ethernet = layers.ethernet, !ethernet.isEmpty {
            guard let mac = ethernet.destination, ethernet.source == nil, ethernet.etherType == nil,
                let vlan = layers.vlan, layers.network == nil, layers.transport == nil
            else { return nil }
            mode = .addressAndVLAN
            match.setDestination(mac)
            match.setVLAN(vlan)
        } else {
            // The mask of the protocol must be empty, and there must be one.
            guard !layers.hasVLAN, let network = layers.network, network.isIPv4, !network.isEmpty, network.number == nil
            else { return nil }
            mode = .perfect
            match.set(network)
            if let transport = layers.transport { match.set(transport) } else { match.shape.insert(.otherIP) }
        }
        let verdict: Verdict
        switch rule.actions[0] {
        case .queue(let queue):
            guard Int(queue) < call.queues else { return nil }
            verdict = .queue(Int(queue))
        case .drop:
            // The 82599 drops by addresses only.
            if !isX550, layers.transport?.isEmpty == false { return nil }
            verdict = .drop
        default: return nil
        }
        guard isX550 || mode == .perfect else { return nil }
        if let current = state.directorMode, current != mode { return nil }
        state.directorMode = mode
        return Steering(match: match, verdict: verdict, table: .director)
    }

    func admit(_ steering: Steering, count: Int, _ state: inout FlowState) throws(FlowError) {
        switch steering.table {
        case .ntuple: if count >= 128 { throw .notCreated(FlowCode.notImplemented) }
        case .etherType: if count >= 8 { throw .notCreated(FlowCode.noSpace) }
        case .spread:
            if state.hasSpread { throw .notCreated(FlowCode.invalid) }
            state.hasSpread = true
        case .director:
            let mask = steering.match.shape.intersection(.fields)
            // The driver's answer is what memcmp said.
            if let current = state.directorMask, current != mask { throw .notCreated(FlowCode.notPermitted) }
            state.directorMask = mask
        case .filters: break
        }
    }

    func refusal(ofDuplicate steering: Steering, of existing: Steering) -> Duplicate {
        // ixgbe_fdir.c: "Conflict with existing fdir filter!".
        Duplicate(error: .notCreated(steering.table == .director ? FlowCode.invalid : FlowCode.exists))
    }

    func forget(_ steering: Steering, remaining: Int, _ state: inout FlowState) {
        if steering.table == .spread { state.hasSpread = false }
        if steering.table == .director && remaining == 0 { state.directorMask = nil }
    }
}
