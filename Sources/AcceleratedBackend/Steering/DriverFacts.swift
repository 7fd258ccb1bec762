// SPDX-License-Identifier: BSD-3-Clause

/// What is known of drivers' ways to steer, from the sources of DPDK 22.11.11 and 24.11.6, `drivers/net`.
///
/// A driver's name decides which forms are asked for at all: some drivers take a rule and reprogram the whole port. So a rule that
/// spreads (RSS) with a pattern is in no form: ixgbe and igb ignore its pattern.
enum DriverFacts {
    /// The forms to try, the best first.
    ///
    /// - Parameter device: the PCI device id, which tells families apart that share a driver.
    static func forms(driver: String, device: UInt16?) -> [SteeringForm] {
        switch driver {
        // sfc_flow.c, sfc_flow_parse_eth and _vlan: destination MAC with a full mask, VLAN identifier with mask 0x0FFF.
        case "net_sfc_efx": [.destinationMAC, .perFlow, .software]
        // doc/guides/nics/mlx5.rst: any ETH and VLAN fields. The driver's name is its bus's: PCI, or auxiliary for sub-functions.
        case "mlx5_pci", "mlx5_auxiliary": [.destinationMAC, .perFlow, .software]
        // bnxt_flow.c: full masks only; refuses queue 0, which is never granted. bnxt_ethdev.c: a pool is a VNIC.
        case "net_bnxt": [.destinationMAC, .addressPool, .perFlow, .software]
        // ixgbe_flow.c: "mac compare is unsupported" in ntuple rules, of which only 82599 and X540 have some; the flow director matches
        // a MAC in a VLAN from X550 on, or single flows: the first rule says which.
        case "net_ixgbe": [.addressPool] + (isX550(device) ? [.macAndVLAN] : []) + [.perFlow, .software]
        // i40e_flow.c: no rule of destination MAC alone, but together with the kind of packet.
        case "net_i40e": [.addressPool, .ipv4RuleSet, .software]
        // igb_flow.c: no MAC in any rule; the 82576's match five fields, of which some may be left out.
        case "net_e1000_igb": [.addressPool, .perFlow, .software]
        // A NIC in software may stand behind it; a bare ring port answers ENOSYS, and software steering follows.
        case "net_ring": [.destinationMAC, .software]
        // tap_flow.c: could, but unsteered frames are hashed over all queues, so a granted one gets other guests' frames.
        // Virtual drivers (null, af_packet, af_xdp, memif, vhost, virtio, pcap) have no flow calls.
        default: [.software]
        }
    }

    /// X550 and X550EM (drivers/net/ixgbe/base/ixgbe_type.h, IXGBE_DEV_ID_X550*).
    static func isX550(_ device: UInt16?) -> Bool {
        switch device ?? 0 {
        case 0x1563, 0x15D1, 0x15AA...0x15AE, 0x15B0, 0x15C2...0x15C4, 0x15C6...0x15C8, 0x15CA, 0x15CC, 0x15CE, 0x15E4, 0x15E5:
            true
        default: false
        }
    }
}
