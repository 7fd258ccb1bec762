// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Intel 82576.
///
/// DPDK 22.11:
/// * drivers/net/e1000/igb_flow.c, `igb_flow_create` and `_validate`: n-tuple, EtherType, RSS, in ixgbe's manner; no COUNT,
///   no query, no flow director. A queue is compared with the 16 that the NIC has (`IGB_MAX_RX_QUEUE_NUM_82576`), not with
///   those configured.
/// * e1000_ethdev.h: 8 n-tuples (`E1000_MAX_FTQF_FILTERS`), 8 EtherTypes (`E1000_MAX_ETQF_FILTERS`); igb_ethdev.c: one more
///   is ENOSYS.
/// * `igb_parse_rss_filter` is not given the pattern.
/// * igb_ethdev.c, `eth_igb_infos_get`: 8 pools; 24 addresses (base/e1000_82575.h, `E1000_RAR_ENTRIES_82576`); no queue stops
///   or starts, no runtime queue set-up, rx_drop_en 0. Pool n is on queue n (82576 datasheet, 8.26.1).
/// * igb_rxtx.c, `igb_vmdq_rx_hw_configure` asks for pools by VLAN alone (`E1000_VT_CTL_IGNORE_MAC`). QEMU 10's model of the 82576
///   steers by address all the same, which was measured, and so does this one. A NIC that does as it is asked takes an address into a
///   pool and steers nothing by it: ``SoftNICFaults/rulesIgnored``.
struct IgbPersonality: FlowPersonality {
    var traits: PersonalityTraits {
        PersonalityTraits(
            // 0x10C9: base/e1000_hw.h, E1000_DEV_ID_82576.
            driver: "net_e1000_igb", deviceID: 0x10C9, addressSlots: 24, alwaysDrops: false,
            pools: PoolTraits(
                limits: { queuePairs in
                    let pools = Swift.min(8, queuePairs)
                    return VMDqLimits(maximumPools: pools, firstPool: 0, firstQueue: 0, queueCount: pools)
                },
                takeTaggedFrames: false))
    }

    func steering(of rule: FlowRule, _ call: FlowCall, _ state: inout FlowState) throws(FlowError) -> Steering {
        if let (match, queue) = IntelFilters.ntuple(rule), queue < 16 {
            return Steering(match: match, verdict: verdict(queue, call), table: .ntuple)
        }
        if let (match, queue) = IntelFilters.etherType(rule), queue < 16 {
            return Steering(match: match, verdict: verdict(queue, call), table: .etherType)
        }
        if let steering = IntelFilters.spread(rule, queues: call.queues) { return steering }
        throw call.creates ? .notCreated(FlowCode.invalid) : .invalid("Not supported action.")
    }

    private func verdict(_ queue: UInt16, _ call: FlowCall) -> Verdict {
        Int(queue) < call.queues ? .queue(Int(queue)) : .nowhere
    }

    func admit(_ steering: Steering, count: Int, _ state: inout FlowState) throws(FlowError) {
        if steering.table == .spread {
            if state.hasSpread { throw .notCreated(FlowCode.invalid) }
            state.hasSpread = true
        } else if count >= 8 {
            throw .notCreated(FlowCode.notImplemented)
        }
    }

    func refusal(ofDuplicate steering: Steering, of existing: Steering) -> Duplicate {
        Duplicate(error: .notCreated(FlowCode.exists))
    }

    func forget(_ steering: Steering, remaining: Int, _ state: inout FlowState) {
        if steering.table == .spread { state.hasSpread = false }
    }
}
