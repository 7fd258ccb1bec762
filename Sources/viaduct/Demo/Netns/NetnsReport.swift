// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Netfront

/// What a run between two kernels came to: the JSON of `viaduct demo --netns`, and the judgement on it.
struct NetnsReport: Encodable, Equatable, Sendable {
    struct Phase: Encodable, Equatable, Sendable {
        let path: String
        /// TCP payload that arrived at the guest.
        let gbps: Double
        let seconds: Double
    }

    /// TCP takes the place of sequence numbers: nothing is said about lost, reordered and duplicated frames.
    let traffic: DemoReport
    /// Each stretch of time in which one path was in use.
    let phases: [Phase]
    /// null for a path by which no ping went.
    let ping: PerPath<RoundTrips?>
    /// The longest time in which no byte of the TCP stream arrived at the guest, to a tenth of a second.
    let longestStallMillis: Double
    let tcpRetransmits: Int

    /// Switches of path that a run must have.
    static let leastSwitches = 6
    static let longestStall = 200.0

    init(traffic: DemoReport, timeline: PathTimeline, outcome: KernelTraffic.Outcome) {
        self.traffic = traffic
        phases = timeline.phases.compactMap { phase in
            let moved = outcome.receiver.transfer(
                from: phase.from - outcome.testStart, to: phase.to - outcome.testStart)
            guard moved.seconds > 0 else { return nil }
            return Phase(
                path: phase.path.rawValue, gbps: DemoReport.rounded(Double(moved.bytes) * 8 / moved.seconds / 1e9),
                seconds: DemoReport.rounded(phase.seconds))
        }
        func times(_ path: SwitchRecord.Path) -> [Double] {
            outcome.replies.replies.filter { reply in
                let end = reply.time - outcome.began
                return timeline.path(from: end - reply.milliseconds / 1000, to: end) == path
            }.map(\.milliseconds)
        }
        ping = PerPath(fast: RoundTrips(milliseconds: times(.fast)), slow: RoundTrips(milliseconds: times(.slow)))
        longestStallMillis = outcome.receiver.longestStallMilliseconds
        tcpRetransmits = outcome.retransmits
    }

    private enum Key: String, CodingKey {
        case phases, ping, longestStallMillis, tcpRetransmits
    }

    func encode(to encoder: any Encoder) throws {
        try traffic.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(phases, forKey: .phases)
        try container.encode(ping, forKey: .ping)
        try container.encode(longestStallMillis, forKey: .longestStallMillis)
        try container.encode(tcpRetransmits, forKey: .tcpRetransmits)
    }

    /// Why the run failed, in a line; nil when it did not.
    var complaint: String? {
        if let complaint = traffic.complaint { return complaint }
        if traffic.switches.count < Self.leastSwitches {
            return "\(traffic.switches.count) switches of path instead of \(Self.leastSwitches): give the run more --seconds"
        }
        if longestStallMillis >= Self.longestStall {
            return "no byte of the TCP stream arrived for \(Int(longestStallMillis)) ms: is the machine busy with something else?"
        }
        return nil
    }

    /// The end of a run, for people.
    var summary: String {
        var lines = [traffic.summary]
        for phase in phases {
            lines.append("TCP        \(phase.path) \(phase.gbps) Gbit/s for \(phase.seconds.formatted(digits: 1)) s")
        }
        for (path, times) in [("fast", ping.fast), ("slow", ping.slow)] {
            if let times { lines.append("ping       \(path) min \(times.min)  avg \(times.avg)  max \(times.max) ms") }
        }
        lines.append("longest stall \(Int(longestStallMillis)) ms, \(tcpRetransmits) TCP retransmits")
        return lines.joined(separator: "\n")
    }
}
