// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// A driver without flow operations: ethdev itself answers ENOSYS (DPDK 22.11 lib/ethdev/rte_flow.c; true of net_null,
/// net_ring, net_memif, net_vhost, net_virtio, net_af_packet and net_af_xdp).
struct NoFlowPersonality: FlowPersonality {
    func steering(of rule: FlowRule, queuePairs: Int) throws(FlowError) -> Steering {
        throw FlowError(code: FlowCode.notImplemented, message: "function not implemented")
    }
}
