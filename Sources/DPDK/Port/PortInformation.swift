// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// A driver's VMDq pools: groups of receive queues, each with MAC addresses of its own
/// (`rte_eth_dev_info`: max_vmdq_pools, vmdq_pool_base, vmdq_queue_base, vmdq_queue_num).
public struct VMDqLimits: Sendable, Equatable {
    public let maximumPools: Int
    /// Number of the first pool that may be given addresses.
    public let firstPool: Int
    /// The first pool's first queue.
    public let firstQueue: Int
    /// Queues that belong to pools, when the port has all of its pools.
    public let queueCount: Int

    public init(maximumPools: Int, firstPool: Int, firstQueue: Int, queueCount: Int) {
        self.maximumPools = maximumPools
        self.firstPool = firstPool
        self.firstQueue = firstQueue
        self.queueCount = queueCount
    }

    /// At least 1.
    public var queuesPerPool: Int { maximumPools > 0 ? Swift.max(1, queueCount / maximumPools) : 1 }

    /// The first queue of `pool`.
    public func queue(ofPool pool: Int) -> Int { firstQueue + (pool - firstPool) * queuesPerPool }
}

/// What a port is and can do (rte_eth_dev_info_get).
public struct PortInformation: Sendable {
    /// The driver's name, by which the accelerated backend picks its ladder of steering forms.
    public let driver: String
    public let name: String
    public let maximumReceiveQueues: Int
    public let maximumTransmitQueues: Int
    /// Queues that the port was configured with; 0 before.
    public let receiveQueues: Int
    public let transmitQueues: Int
    public let mtu: Int
    /// The port's own address: six octets, the first most significant.
    public let mac: UInt64
    public let isLinkUp: Bool
    public let linkMegabits: Int
    /// -1 when unknown.
    public let numaNode: Int
    public let canSetUpQueuesWhileRunning: Bool
    /// Whether single receive queues can be stopped and started; false also where that is not known, since ethdev has no flag
    /// for it.
    public let canStopQueues: Bool
    /// MAC addresses that the port takes, its own included.
    public let maximumAddresses: Int
    /// nil when the driver has no pools.
    public let vmdq: VMDqLimits?
    /// The PCI device id, which tells NICs apart that share a driver; nil for a device that is not on a PCI bus.
    public let deviceID: UInt16?
    /// What the transmitter can do, and what it was configured to do.
    public let offloads: Offloads
    public let configuredOffloads: Offloads

    init(_ info: cdpdk_port_info) {
        driver = Self.text(info.driver)
        name = Self.text(info.name)
        maximumReceiveQueues = Int(info.max_rx_queues)
        maximumTransmitQueues = Int(info.max_tx_queues)
        receiveQueues = Int(info.rx_queues)
        transmitQueues = Int(info.tx_queues)
        mtu = Int(info.mtu)
        let octets = [info.mac.0, info.mac.1, info.mac.2, info.mac.3, info.mac.4, info.mac.5]
        mac = octets.reduce(0) { $0 << 8 | UInt64($1) }
        isLinkUp = info.is_up
        linkMegabits = Int(info.link_mbps)
        numaNode = Int(info.numa_node)
        canSetUpQueuesWhileRunning = info.runtime_rx_queue_setup
        canStopQueues = info.can_stop_queues
        maximumAddresses = Int(info.max_mac_addresses)
        vmdq =
            info.vmdq_pools == 0
            ? nil
            : VMDqLimits(
                maximumPools: Int(info.vmdq_pools), firstPool: Int(info.vmdq_pool_base),
                firstQueue: Int(info.vmdq_queue_base), queueCount: Int(info.vmdq_queue_count))
        deviceID = info.pci_device < 0 ? nil : UInt16(truncatingIfNeeded: info.pci_device)
        offloads = Offloads(rawValue: info.tx_offloads)
        configuredOffloads = Offloads(rawValue: info.tx_offloads_on)
    }

    private static func text<T>(_ characters: T) -> String {
        var copy = characters
        return unsafe withUnsafeBytes(of: &copy) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

/// A port's counters (rte_eth_stats_get); each wraps at 64 bits.
public struct PortStatistics: Sendable, Equatable {
    public let receivedPackets, receivedBytes, transmittedPackets, transmittedBytes: UInt64
    /// Frames dropped by the NIC because no descriptor was free.
    public let receiveMissed: UInt64
    public let receiveErrors, transmitErrors: UInt64
    /// Frames dropped because the pool had no mbuf.
    public let receiveNoMbuf: UInt64

    public init(
        receivedPackets: UInt64 = 0, receivedBytes: UInt64 = 0, transmittedPackets: UInt64 = 0,
        transmittedBytes: UInt64 = 0, receiveMissed: UInt64 = 0, receiveErrors: UInt64 = 0, transmitErrors: UInt64 = 0,
        receiveNoMbuf: UInt64 = 0
    ) {
        self.receivedPackets = receivedPackets
        self.receivedBytes = receivedBytes
        self.transmittedPackets = transmittedPackets
        self.transmittedBytes = transmittedBytes
        self.receiveMissed = receiveMissed
        self.receiveErrors = receiveErrors
        self.transmitErrors = transmitErrors
        self.receiveNoMbuf = receiveNoMbuf
    }

    init(_ stats: cdpdk_port_stats) {
        receivedPackets = stats.rx_packets
        receivedBytes = stats.rx_bytes
        transmittedPackets = stats.tx_packets
        transmittedBytes = stats.tx_bytes
        receiveMissed = stats.rx_missed
        receiveErrors = stats.rx_errors
        transmitErrors = stats.tx_errors
        receiveNoMbuf = stats.rx_no_mbuf
    }

    var c: cdpdk_port_stats {
        cdpdk_port_stats(
            rx_packets: receivedPackets, rx_bytes: receivedBytes, tx_packets: transmittedPackets, tx_bytes: transmittedBytes,
            rx_missed: receiveMissed, rx_errors: receiveErrors, tx_errors: transmitErrors, rx_no_mbuf: receiveNoMbuf)
    }
}
