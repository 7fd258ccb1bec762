// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// A driver without flow operations: ethdev itself answers ENOSYS (DPDK 22.11 lib/ethdev/rte_flow.c; true of net_null,
/// net_ring, net_memif, net_vhost, net_virtio, net_af_packet and net_af_xdp). One MAC address, no pools.
struct NoFlowPersonality: FlowPersonality {
    var traits: PersonalityTraits { PersonalityTraits(driver: "net_ring") }

    func steering(of rule: FlowRule, _ call: FlowCall, _ state: inout FlowState) throws(FlowError) -> Steering {
        throw FlowError(code: FlowCode.notImplemented, message: "function not implemented")
    }
    func admit(_ steering: Steering, count: Int, _ state: inout FlowState) throws(FlowError) {}
    func refusal(ofDuplicate steering: Steering, of existing: Steering) -> Duplicate {
        Duplicate(error: FlowError(code: FlowCode.exists, message: "exists"))
    }
}
