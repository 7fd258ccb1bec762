// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// The replies in the output of `ping -D` (iputils).
struct PingReplies: Equatable, Sendable {
    struct Reply: Equatable, Sendable {
        /// Seconds since 1970 at which it came.
        let time: Double
        let milliseconds: Double
    }

    let replies: [Reply]

    init(output: String) {
        replies = output.split(separator: "\n").compactMap { line in
            guard line.first == "[", let close = line.firstIndex(of: "]"),
                let time = Double(line[line.index(after: line.startIndex)..<close]),
                let field = line.split(separator: " ").first(where: { $0.hasPrefix("time=") }),
                let milliseconds = Double(field.dropFirst(5))
            else { return nil }
            return Reply(time: time, milliseconds: milliseconds)
        }
    }
}

/// Round-trip times in milliseconds.
struct RoundTrips: Encodable, Equatable, Sendable {
    let min: Double
    let avg: Double
    let max: Double

    /// nil of none.
    init?(milliseconds times: [Double]) {
        guard let least = times.min(), let most = times.max() else { return nil }
        min = least
        avg = DemoReport.rounded(times.reduce(0, +) / Double(times.count))
        max = most
    }
}
