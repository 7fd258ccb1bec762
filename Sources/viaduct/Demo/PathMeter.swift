// SPDX-License-Identifier: BSD-3-Clause
import Netfront

/// One reading of a guest's counters.
struct PathSample: Sendable, Equatable {
    /// Seconds since the start.
    var time: Double
    /// The path that is in use and stays so; nil while a switch is under way.
    var path: SwitchRecord.Path?
    var fastPackets: UInt64
    var fastBytes: UInt64
    var slowPackets: UInt64
    var slowBytes: UInt64

    init(
        time: Double, path: SwitchRecord.Path?, fastPackets: UInt64, fastBytes: UInt64, slowPackets: UInt64, slowBytes: UInt64
    ) {
        self.time = time
        self.path = path
        self.fastPackets = fastPackets
        self.fastBytes = fastBytes
        self.slowPackets = slowPackets
        self.slowBytes = slowBytes
    }

    init(_ status: NetfrontStatus, time: Double, path: SwitchRecord.Path?) {
        self.time = time
        self.path = path
        fastPackets = status[.receivedFastPackets]
        fastBytes = status[.receivedFastBytes]
        slowPackets = status[.receivedSlowPackets]
        slowBytes = status[.receivedSlowBytes]
    }

    var packets: UInt64 { fastPackets &+ slowPackets }
    var bytes: UInt64 { fastBytes &+ slowBytes }
}

/// The throughput of each path, measured over the intervals in which it was in use from one reading to the next: packets, and
/// bytes of Ethernet frames without their check sequence, that the guest received by that path.
struct PathMeter: Sendable {
    struct Totals: Sendable, Equatable {
        var seconds = 0.0
        var packets: UInt64 = 0
        var bytes: UInt64 = 0

        /// 0 when the path was never in use.
        var megapacketsPerSecond: Double { seconds > 0 ? Double(packets) / seconds / 1e6 : 0 }
        var gigabitsPerSecond: Double { seconds > 0 ? Double(bytes) * 8 / seconds / 1e9 : 0 }
    }

    private(set) var fast = Totals()
    private(set) var slow = Totals()
    private var last: PathSample?

    mutating func note(_ sample: PathSample) {
        defer { last = sample }
        guard let last, let path = sample.path, path == last.path, sample.time > last.time else { return }
        switch path {
        case .fast:
            fast.seconds += sample.time - last.time
            fast.packets += sample.fastPackets &- last.fastPackets
            fast.bytes += sample.fastBytes &- last.fastBytes
        case .slow:
            slow.seconds += sample.time - last.time
            slow.packets += sample.slowPackets &- last.slowPackets
            slow.bytes += sample.slowBytes &- last.slowBytes
        }
    }
}
