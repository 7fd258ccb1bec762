// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend

/// NICs that one of DPDK's poll-mode drivers serves, and what is known of them. See <doc:Doctor> for the sources.
public struct DriverFamily: Sendable, Equatable {
    /// What people call it.
    public let name: String
    /// As `rte_eth_dev_info_get` names it: the ladder of steering forms goes by it.
    public let driver: String
    /// The PCI device id that stands for the family where two share a driver.
    public let device: UInt16
    /// The kernel's driver.
    let kernelDriver: String
    /// Whether the kernel's driver keeps the NIC while DPDK uses it; otherwise vfio-pci takes its place.
    var isBifurcated = false
    /// What it can't do, in sentences of an operator's interest.
    public let limits: [String]

    /// The forms that will be tried, the best first.
    var forms: [SteeringForm] { SteeringForm.expected(driver: driver, device: device) }

    /// nil for NICs that nothing is known of.
    static func of(vendor: Int, device: Int) -> DriverFamily? {
        all.first { $0.vendor == vendor && $0.devices.contains(device) }?.family
    }

    /// Device ids: drivers/net/*/ of DPDK 22.11 and the kernel's pci tables.
    private static let all: [(vendor: Int, devices: Set<Int>, family: DriverFamily)] = [
        (
            0x8086,
            [
                0x10F7, 0x10F9, 0x10FB, 0x10FC, 0x1507, 0x1514, 0x1517, 0x151C, 0x1528, 0x1529, 0x152A, 0x154A, 0x154D,
                0x1557, 0x1558, 0x1560,
            ], ixgbe82599
        ),
        (
            0x8086,
            [
                0x1563, 0x15D1, 0x15AA, 0x15AB, 0x15AC, 0x15AD, 0x15AE, 0x15B0, 0x15C2, 0x15C3, 0x15C4, 0x15C6, 0x15C7,
                0x15C8, 0x15CA, 0x15CC, 0x15CE, 0x15E4, 0x15E5,
            ], ixgbeX550
        ),
        (
            0x8086,
            [
                0x1572, 0x1574, 0x1580, 0x1581, 0x1583, 0x1584, 0x1585, 0x1586, 0x1587, 0x1588, 0x1589, 0x158A, 0x158B,
                0x37CE, 0x37CF, 0x37D0, 0x37D1, 0x37D2, 0x37D3, 0x0DD2,
            ], i40e
        ),
        (0x8086, [0x10C9, 0x10E6, 0x10E7, 0x10E8, 0x150A, 0x150D, 0x1518, 0x1526], igb82576),
        (
            0x8086,
            [
                0x150E, 0x150F, 0x1510, 0x1511, 0x1516, 0x1521, 0x1522, 0x1523, 0x1524, 0x1533, 0x1536, 0x1537, 0x1538,
                0x1539, 0x1546, 0x157B, 0x157C,
            ], igbI350
        ),
        (0x1924, [0x0903, 0x0923, 0x0A03, 0x0B03], sfc),
        (0x15B3, [0x1013, 0x1015, 0x1017, 0x1019, 0x101B, 0x101D, 0x101F, 0x1021], mlx5),
        (
            0x14E4,
            [
                0x16C8, 0x16C9, 0x16CA, 0x16CE, 0x16CF, 0x16D0, 0x16D1, 0x16D2, 0x16D6, 0x16D7, 0x16D8, 0x16D9, 0x16DF,
                0x16E2, 0x16E3, 0x1750, 0x1751, 0x1752,
            ], bnxt
        ),
    ]

    private static let ixgbe82599 = DriverFamily(
        name: "Intel 82599/X520/X540", driver: "net_ixgbe", device: 0x10FB, kernelDriver: "ixgbe",
        limits: [
            "Pools are set up when the port starts, and switch its RSS off.",
            "Without pools at most 128 IPv4 flows have a rule, for vifs with addresses configured, and no IPv6.",
        ])
    private static let ixgbeX550 = DriverFamily(
        name: "Intel X550", driver: "net_ixgbe", device: 0x1563, kernelDriver: "ixgbe",
        limits: [
            "Pools are set up when the port starts, and switch its RSS off.",
            "Without pools only vifs in a VLAN are steered by address.",
        ])
    private static let i40e = DriverFamily(
        name: "Intel X710/XL710/X722", driver: "net_i40e", device: 0x1572, kernelDriver: "i40e",
        limits: [
            "Each pool takes four queues of what the firmware leaves.",
            "Without pools IPv6, ARP, SCTP and fragments stay on the slow path.",
        ])
    private static let igb82576 = DriverFamily(
        name: "Intel 82576", driver: "net_e1000_igb", device: 0x10C9, kernelDriver: "igb",
        limits: [
            "1 Gbit/s.", "A queue can't be stopped: a VI whose guest was killed is in quarantine until the port is reset.",
            "Without pools at most 8 IPv4 flows have a rule.",
        ])
    private static let igbI350 = DriverFamily(
        name: "Intel 82580/I350/I210", driver: "net_e1000_igb", device: 0x1521, kernelDriver: "igb",
        limits: [
            "1 Gbit/s.", "A queue can't be stopped: a VI whose guest was killed is in quarantine until the port is reset.",
        ])
    private static let sfc = DriverFamily(
        name: "Solarflare SFN7000/SFN8000/X2", driver: "net_sfc_efx", device: 0x0A03, kernelDriver: "sfc",
        limits: ["What a rule may match depends on the firmware variant (sfboot firmware-variant)."])
    private static let mlx5 = DriverFamily(
        name: "Mellanox ConnectX-4/5/6", driver: "mlx5_pci", device: 0x1015, kernelDriver: "mlx5_core", isBifurcated: true,
        limits: ["The kernel's driver keeps the NIC; libibverbs and rdma-core must be installed."])
    private static let bnxt = DriverFamily(
        name: "Broadcom NetXtreme-C/E (BCM573xx/574xx/575xx)", driver: "net_bnxt", device: 0x16D8, kernelDriver: "bnxt_en",
        limits: [
            "Rules never lead to queue 0, which is the slow path's anyhow.",
            "Each accelerated guest takes a VNIC of the firmware's.",
        ])
}
