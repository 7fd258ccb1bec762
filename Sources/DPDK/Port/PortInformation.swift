// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

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
}
