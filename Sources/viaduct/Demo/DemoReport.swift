// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Foundation
import Netfront

/// A value for each path.
struct PerPath<Value: Encodable & Equatable & Sendable>: Encodable, Equatable, Sendable {
    var fast: Value
    var slow: Value
}

/// What a run came to: the JSON of `viaduct demo`, and the judgement on it.
struct DemoReport: Encodable, Equatable, Sendable {
    struct Switch: Encodable, Equatable, Sendable {
        let to: String
        let millis: Double
        let stashed: Int
    }

    /// A form of steering that was not used.
    struct Refused: Encodable, Equatable, Sendable {
        let form: String
        let reason: String
    }

    /// The guest's packets.
    var rx: PerPath<UInt64>
    var tx: PerPath<UInt64>
    /// Sums over the guest's checker and the remote host's: a frame that never reached the guest is missing at both. nil, and
    /// no key, where frames have no sequence numbers.
    var findings: TrafficFindings?
    /// Packets that the guest's plugin left to the slow path, by reason.
    var declined: [String: UInt64]
    var switches: [Switch]
    var mbufsInUse: Int
    /// The steering form that was in use; null when there was none.
    var form: String?
    /// Which of the guest's frames that form steers, in words.
    var coverage: String?
    /// Forms above it that were not used, and why.
    var refused: [Refused]
    /// Of rules for single flows; nil, and no key, when there were none.
    var flows: FlowFindings?
    /// See ``PathMeter``.
    var gbps: PerPath<Double>
    var mpps: PerPath<Double>

    init(
        status: NetfrontStatus, findings: TrafficFindings?, flows: FlowFindings? = nil, meter: PathMeter,
        steering: SteeringReport?, mbufsInUse: Int
    ) {
        self.flows = flows
        rx = PerPath(fast: status[.receivedFastPackets], slow: status[.receivedSlowPackets])
        tx = PerPath(fast: status[.transmittedFastPackets], slow: status[.transmittedSlowPackets])
        self.findings = findings
        declined = Self.declines(status)
        switches = status.switches.map { record in
            Switch(to: record.to.rawValue, millis: Self.rounded(Double(record.nanoseconds) / 1e6), stashed: record.stashed)
        }
        self.mbufsInUse = mbufsInUse
        form = steering?.form?.rawValue
        coverage = steering?.coverage
        refused = steering?.refused.map { Refused(form: $0.form.rawValue, reason: $0.reason) } ?? []
        gbps = PerPath(
            fast: Self.rounded(meter.fast.gigabitsPerSecond), slow: Self.rounded(meter.slow.gigabitsPerSecond))
        mpps = PerPath(
            fast: Self.rounded(meter.fast.megapacketsPerSecond), slow: Self.rounded(meter.slow.megapacketsPerSecond))
    }

    static func declines(_ status: NetfrontStatus) -> [String: UInt64] {
        [
            "notConnected": status[.declinedNotConnected], "groupAddress": status[.declinedGroupAddress],
            "peerUnknown": status[.declinedPeerUnknown], "form": status[.declinedForm], "source": status[.declinedSource],
        ]
    }

    /// To a ten-thousandth.
    static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }

    private enum Key: String, CodingKey {
        case rx, tx, lost, reordered, duplicated, declined, switches, mbufsInUse, leakedMbufs, form, coverage, refused, flows,
            gbps
        case mpps
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(rx, forKey: .rx)
        try container.encode(tx, forKey: .tx)
        if let findings {
            try container.encode(findings.lost, forKey: .lost)
            try container.encode(findings.reordered, forKey: .reordered)
            try container.encode(findings.duplicated, forKey: .duplicated)
        }
        try container.encode(declined, forKey: .declined)
        try container.encode(switches, forKey: .switches)
        try container.encode(mbufsInUse, forKey: .mbufsInUse)
        // At the end of a run whatever is still in use has leaked.
        try container.encode(mbufsInUse, forKey: .leakedMbufs)
        // These keys are there also without a value.
        try container.encode(form, forKey: .form)
        try container.encode(coverage, forKey: .coverage)
        try container.encode(refused, forKey: .refused)
        try container.encodeIfPresent(flows, forKey: .flows)
        try container.encode(gbps, forKey: .gbps)
        try container.encode(mpps, forKey: .mpps)
    }

    /// Why the run failed, in a line; nil when it did not.
    var complaint: String? {
        if let findings, findings.lost + findings.reordered + findings.duplicated > 0 {
            return "\(findings.lost) frames lost, \(findings.reordered) reordered, \(findings.duplicated) duplicated: "
                + "run again with --verbose for the counters"
        }
        if mbufsInUse > 0 { return "\(mbufsInUse) mbufs were not given back: please report it with the output of --verbose" }
        return nil
    }
}
