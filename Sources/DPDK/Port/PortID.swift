// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// An ethdev port's number in this process.
@frozen
public struct PortID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16
    @inlinable @_noLocks public init(rawValue: UInt16) { self.rawValue = rawValue }
    public var description: String { "port \(rawValue)" }

    /// The port with that device name (`net_ring0`, a PCI address), if there is one.
    public init?(named name: String) {
        let result = unsafe cdpdk_port_by_name(name)
        guard result >= 0 else { return nil }
        rawValue = UInt16(result)
    }

    public var isValid: Bool { cdpdk_port_is_valid(rawValue) }

    /// Nanoseconds on the device's own clock; only differences mean something. A NIC in software has a clock of its own, which
    /// stands still while the machine does not run it; a real NIC's delays are measured on the host's clock.
    @inlinable public var clock: UInt64 { @_noLocks get { cdpdk_port_clock(rawValue) } }

    public var information: PortInformation {
        get throws(DPDKError) {
            var info = cdpdk_port_info()
            try DPDKError.check(unsafe cdpdk_port_info_get(rawValue, &info), "read \(self)")
            return PortInformation(info)
        }
    }

    public var statistics: PortStatistics {
        get throws(DPDKError) {
            var stats = cdpdk_port_stats()
            try DPDKError.check(unsafe cdpdk_port_stats_get(rawValue, &stats), "read statistics of \(self)")
            return PortStatistics(stats)
        }
    }

    /// What the first queue pairs counted, each wrapping at 64 bits: `count` of them, or as many as DPDK tells of (16). All 0 where the
    /// driver does not count by queue, which it does not say.
    public func queueStatistics(count: Int) throws(DPDKError) -> [QueueStatistics] {
        var stats = [cdpdk_queue_stats](repeating: cdpdk_queue_stats(), count: min(max(count, 0), Int(UInt16.max)))
        let told = unsafe cdpdk_port_queue_stats_get(rawValue, &stats, UInt16(stats.count))
        try DPDKError.check(min(told, 0), "read statistics of the queues of \(self)")
        return stats.prefix(Int(told)).map(QueueStatistics.init)
    }
}
