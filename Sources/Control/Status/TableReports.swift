// SPDX-License-Identifier: BSD-3-Clause
public import AcceleratedBackend
import Acceleration
import Foundation
public import Netback
import Wire

/// The result of `fdb`: addresses that the switch knows.
public struct ForwardingReport: Codable, Sendable, Equatable {
    public struct Entry: Codable, Sendable, Equatable {
        public var mac: String
        /// nil for untagged frames.
        public var vlan: UInt16?
        /// `uplink`, or the name of a vif.
        public var port: String
        /// `static` for a vif's own address, else `learned`.
        public var kind: String
        public var ageSeconds: Int
    }

    public var entries: [Entry]

    /// - Parameter names: of vifs, by number.
    public init(_ entries: [ForwardingEntry], names: [UInt32: String]) {
        self.entries = entries.map { entry in
            let port: String
            switch entry.port {
            case .uplink: port = "uplink"
            case .vif(let id): port = names[id] ?? "vif \(id)"
            }
            return Entry(
                mac: "\(entry.mac)", vlan: entry.vlan, port: port, kind: entry.isStatic ? "static" : "learned",
                ageSeconds: entry.ageSeconds)
        }
    }
}

/// The result of `flows`: rules of single flows (form E).
public struct FlowsReport: Codable, Sendable, Equatable {
    public struct Flow: Codable, Sendable, Equatable {
        /// Protocol, addresses and ports that the rule matches.
        public var match: String
        /// Frames a second that the flow has had lately.
        public var framesPerSecond: Double
    }

    public struct Vif: Codable, Sendable, Equatable {
        public var vif: String
        /// Rules that the vif may have at most.
        public var ruleLimit: Int
        /// The busiest first.
        public var flows: [Flow]
    }

    /// Of the port, whatever their form.
    public var rules: Int
    /// Those whose flows are steered one by one.
    public var vifs: [Vif]

    public init(rules: Int, _ reports: [(name: String, report: FlowReport)]) {
        self.rules = rules
        vifs = reports.map { name, report in
            let flows = report.steered.map { Flow(match: $0.key, framesPerSecond: ($0.value * 10).rounded() / 10) }
            return Vif(
                vif: name, ruleLimit: report.ruleLimit,
                flows: flows.sorted { ($1.framesPerSecond, $0.match) < ($0.framesPerSecond, $1.match) })
        }
    }
}

/// The result of `switches`: when vifs changed their path, and how long that took.
public struct SwitchesReport: Codable, Sendable, Equatable {
    public struct Change: Codable, Sendable, Equatable {
        /// When it was done; UTC, as ISO 8601 has it.
        public var time: String
        /// The path from then on.
        public var path: VifReport.Path
        public var milliseconds: Double
        public var form: String?
        public var reason: VifReport.Reason?
    }

    public struct Vif: Codable, Sendable, Equatable {
        public var vif: String
        /// The last 64, the oldest first.
        public var changes: [Change]
    }

    public var vifs: [Vif]

    public init(_ histories: [(name: String, changes: [AccelerationChange])]) {
        vifs = histories.map { name, changes in
            Vif(vif: name, changes: changes.map(Change.init))
        }
    }
}

extension SwitchesReport.Change {
    init(_ change: AccelerationChange) {
        self.init(
            time: change.date.formatted(.iso8601.time(includingFractionalSeconds: true)), path: change.isFast ? .fast : .slow,
            milliseconds: Milliseconds.rounded(change.nanoseconds), form: change.form.map(String.init),
            reason: change.reason.map { VifReport.Reason(code: "\($0.code)", words: $0.text) })
    }
}
