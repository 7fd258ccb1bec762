// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Netfront

/// What rules of single flows are worth: the share of the guest's packets that came by its VI, measured while the fast path was in
/// use, from ``learningSeconds`` after it came: the first rules are made then.
struct FlowShareMeter: Sendable {
    /// Until the heaviest flows are known and have their rules.
    static let learningSeconds = 1.0

    private(set) var fastPackets: UInt64 = 0
    private(set) var packets: UInt64 = 0
    /// Seconds that were measured, and those of them when rules could be made.
    private(set) var seconds = 0.0
    private(set) var fastSeconds = 0.0
    /// As it was last in use.
    private(set) var report: FlowReport?
    /// Rules that there were for flows, while the fast path was in use.
    private(set) var ruleLimit = 0
    /// The most rules at once.
    private(set) var mostRules = 0
    private var last: PathSample?
    private var fastSince: Double?

    mutating func note(_ sample: PathSample, _ report: FlowReport?) {
        defer { last = sample }
        if let report {
            self.report = report
            mostRules = max(mostRules, report.steered.count)
        }
        guard sample.path == .fast, let report else {
            fastSince = nil
            return
        }
        ruleLimit = report.ruleLimit
        guard let since = fastSince, let last, sample.time > last.time else {
            fastSince = sample.time
            return
        }
        fastSeconds += sample.time - last.time
        guard last.time >= since + Self.learningSeconds else { return }
        seconds += sample.time - last.time
        fastPackets += sample.fastPackets &- last.fastPackets
        packets += sample.packets &- last.packets
    }
}

/// The rules of single flows, in a run's report.
struct FlowFindings: Encodable, Equatable, Sendable {
    /// Rules there are, and the most that were in use at once.
    var rules: Int
    var used: Int
    /// The share of packets that came by a rule; nil when the fast path was never in use for long enough.
    var share: Double?
    /// What it had been, had the rules gone to the heaviest flows from the start; nil for flows whose packets were not counted one by
    /// one.
    var oracle: Double?
    var ofOracle: Double?
    /// Seconds over which the share was measured.
    var seconds: Double
    /// Rules made and taken out in the whole run, and both together in each second of the fast path.
    var made: UInt64
    var removed: UInt64
    var changesPerSecond: Double

    /// nil when flows were never steered one by one.
    ///
    /// - Parameter sent: packets of each flow, where that is known.
    init?(_ meter: FlowShareMeter, sent: [UInt64]?) {
        guard let report = meter.report else { return nil }
        rules = meter.ruleLimit
        used = meter.mostRules
        let best = sent.flatMap { Self.best($0, rules: meter.ruleLimit) }
        let reached = meter.packets > 0 ? Double(meter.fastPackets) / Double(meter.packets) : nil
        oracle = best.map(DemoReport.rounded)
        share = reached.map(DemoReport.rounded)
        if let best, let reached { ofOracle = DemoReport.rounded(reached / best) }
        seconds = DemoReport.rounded(meter.seconds)
        made = report.counters.added
        removed = report.counters.removed
        changesPerSecond = meter.fastSeconds > 0 ? DemoReport.rounded(Double(made + removed) / meter.fastSeconds) : 0
    }

    /// The heaviest flows' share of all packets; nil without packets.
    private static func best(_ sent: [UInt64], rules: Int) -> Double? {
        let all = sent.reduce(0, +)
        return all > 0 ? Double(sent.sorted(by: >).prefix(rules).reduce(0, +)) / Double(all) : nil
    }
}
