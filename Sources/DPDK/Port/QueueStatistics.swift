// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// What a port counted of one queue pair: its receive queue, and the transmit queue of the same number.
public struct QueueStatistics: Sendable, Equatable {
    public let receivedPackets, receivedBytes, transmittedPackets, transmittedBytes: UInt64

    public init(
        receivedPackets: UInt64 = 0, receivedBytes: UInt64 = 0, transmittedPackets: UInt64 = 0, transmittedBytes: UInt64 = 0
    ) {
        self.receivedPackets = receivedPackets
        self.receivedBytes = receivedBytes
        self.transmittedPackets = transmittedPackets
        self.transmittedBytes = transmittedBytes
    }

    init(_ stats: cdpdk_queue_stats) {
        self.init(
            receivedPackets: stats.rx_packets, receivedBytes: stats.rx_bytes, transmittedPackets: stats.tx_packets,
            transmittedBytes: stats.tx_bytes)
    }

    var c: cdpdk_queue_stats {
        cdpdk_queue_stats(
            rx_packets: receivedPackets, rx_bytes: receivedBytes, tx_packets: transmittedPackets, tx_bytes: transmittedBytes)
    }
}
