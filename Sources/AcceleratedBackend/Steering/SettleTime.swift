// SPDX-License-Identifier: BSD-3-Clause

/// How long after `rte_flow_create` or `rte_flow_destroy` returned a frame may still arrive by the queue that the rules named
/// before, in nanoseconds.
///
/// Two things add up: how late the rule takes effect, and what the port had already sorted, which is at most its receive buffer, a
/// byte of which takes 0.8 ns at 10 Gbit/s. None of these values was measured on hardware. They are generous: a settle time costs
/// nothing but the duration of a switch of path, and one that is too short shows as leaked frames.
public enum SettleTime {
    /// For a driver that nothing is known of.
    public static let fallback: UInt64 = 5_000_000

    public static func nanoseconds(driver: String) -> UInt64 {
        switch driver {
        // Rules take effect up to 150 us late and frames are delivered up to 80 us late, on the device's own clock.
        case "net_ring": 500_000
        // The filter is in when the firmware's answer (MCDI) returns; the packet memory is at most 1 MB: 0.8 ms.
        case "net_sfc_efx": 1_000_000
        // Rules are written to memory that the NIC caches, by a queue of its own; the create call waits for the completion.
        case "mlx5_pci", "mlx5_auxiliary": 2_000_000
        // The filter is in when the firmware's answer (HWRM) returns; its pipeline isn't documented.
        case "net_bnxt": 2_000_000
        // An address filter is a register's write (ixgbe_type.h: RAL, RAH, MPSAR), or in i40e an answer of the firmware; the packet buffer is
        // at most 968 KB (i40e), 512 KB (ixgbe): 0.8 ms.
        case "net_ixgbe", "net_i40e", "net_e1000_igb": 1_000_000
        default: fallback
        }
    }
}
