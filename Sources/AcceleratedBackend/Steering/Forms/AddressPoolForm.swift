// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Form B: VMDq. Which queues a pool has is fixed when the port is configured, so only VIs that say their pool can be used.
struct AddressPoolForm: SteeringMethod {
    let coverage = "all unicast; copies of broadcast and multicast come too, and the guest drops them"

    func installation(for target: SteeringTarget) throws(SteeringObjection) -> Installation {
        // Which VLANs a pool takes is fixed when the port is configured, too (rte_eth_vmdq_rx_conf, pool_map).
        if let vlan = target.vlan {
            throw SteeringObjection(words: "a pool takes untagged frames, and the vif is in VLAN \(vlan)")
        }
        guard let pool = target.pool else { throw SteeringObjection(words: "its VI is in no pool") }
        return .address(target.mac, pool: pool)
    }

    func accepts(_ interface: VirtualInterface) -> Bool { interface.pool != nil }
}
