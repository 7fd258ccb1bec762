// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Foundation
import Netfront

/// The table that is printed while a guest runs: a line a second.
struct LiveTable: Sendable {
    static let header = " time  path  state       form     Mpps   Gbit/s   declined"
    private var last: PathSample?
    private var nextLine = 1.0

    /// The line of this second, once a second.
    mutating func line(_ status: NetfrontStatus, form: Character?, at seconds: Double) -> String? {
        let sample = PathSample(status, time: seconds, path: nil)
        guard let last else {
            self.last = sample
            return nil
        }
        guard seconds >= nextLine else { return nil }
        nextLine = max(nextLine + 1, seconds)
        self.last = sample
        let elapsed = sample.time - last.time
        let rate = Double(sample.packets &- last.packets) / elapsed / 1e6
        let throughput = Double(sample.bytes &- last.bytes) * 8 / elapsed / 1e9
        let declined = DemoReport.declines(status).values.reduce(0, +)
        return Self.right(seconds, 1, 5) + "  " + Self.left(status.isFast ? "fast" : "slow", 4) + "  "
            + Self.left(Self.word(status.acceleration.state), 11) + " "
            + Self.left(status.isFast ? form.map(String.init) ?? "-" : "-", 4) + " "
            + Self.right(rate, 3, 8) + " " + Self.right(throughput, 3, 8) + " " + Self.left(pad: 10, String(declined))
    }

    private static func word(_ state: AccelerationState) -> String {
        switch state {
        case .refused: "refused"
        case .quarantined: "quarantined"
        default: "\(state)"
        }
    }

    private static func right(_ value: Double, _ digits: Int, _ width: Int) -> String {
        left(pad: width, value.formatted(digits: digits))
    }

    private static func left(pad width: Int, _ text: String) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

extension Double {
    /// With that many digits behind the point.
    func formatted(digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
