// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// What `iperf3 --json` says at the end of a test: the parts that are looked at.
struct IperfReport: Decodable, Equatable, Sendable {
    struct Summary: Decodable, Equatable, Sendable {
        /// Seconds since the test began.
        let start: Double
        let end: Double
        let seconds: Double
        let bytes: UInt64
        /// Only from the side that sends.
        let retransmits: Int?
    }

    struct Interval: Decodable, Equatable, Sendable {
        let sum: Summary
    }

    struct End: Decodable, Equatable, Sendable {
        let sent: Summary?
        let received: Summary?
        enum CodingKeys: String, CodingKey {
            case sent = "sum_sent"
            case received = "sum_received"
        }
    }

    let intervals: [Interval]
    let end: End
    /// Why the test failed.
    let error: String?

    /// nil for what is no such report.
    init?(json: String) {
        // A server that served a client writes text in front when it also had to complain.
        guard let begin = json.firstIndex(of: "{"),
            let report = try? JSONDecoder().decode(Self.self, from: Data(json[begin...].utf8))
        else { return nil }
        self = report
    }

    /// The longest time without a byte, in milliseconds, as coarse as the intervals are.
    var longestStallMilliseconds: Double {
        var longest = 0.0
        var current = 0.0
        for interval in intervals {
            current = interval.sum.bytes == 0 ? current + interval.sum.seconds : 0
            longest = max(longest, current)
        }
        return (longest * 1000).rounded()
    }

    /// Bytes and seconds of the intervals that lie within that time of the test.
    func transfer(from: Double, to: Double) -> (bytes: UInt64, seconds: Double) {
        var bytes: UInt64 = 0
        var seconds = 0.0
        for interval in intervals where interval.sum.start >= from && interval.sum.end <= to {
            bytes += interval.sum.bytes
            seconds += interval.sum.seconds
        }
        return (bytes, seconds)
    }
}
