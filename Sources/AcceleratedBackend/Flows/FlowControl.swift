// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
public import Wire

/// What an operator may set of form E.
public struct FlowConfiguration: Sendable {
    public var policy = FlowPolicySettings()
    /// From one look at the flows to the next.
    public var intervalNanoseconds: UInt64 = 100_000_000
    /// Flows of each vif that are counted at once.
    public var sketchCapacity = 1024
    /// IP addresses of vifs, by MAC, each used by nobody else on the uplink, in whatever VLAN. Where a port's rules can't match the
    /// MAC, only these become keys, and a vif that has none is refused.
    public var addresses: [MACAddress: [IPAddress]] = [:]

    public init() {}
}

extension IPAddress {
    init(of selector: FlowSelector) {
        self =
            selector.isIPv6
            ? IPAddress(IPv6Address(high: selector.high, low: selector.low))
            : IPAddress(IPv4Address(rawValue: UInt32(truncatingIfNeeded: selector.low)))
    }
}

/// A vif whose flows are steered one by one.
struct FlowVif {
    /// What the vif's machine waits to be told once no flow is steered any more.
    enum Question { case hold, destroy }

    var machine: FlowBatchMachine.Backend
    let meter: FlowMeter
    /// Handles of rules in the port.
    var rules: [UInt32: UInt64] = [:]
    /// Rules that the port did not let go of, and until when that is tried.
    var stuck: [UInt32: (entry: FlowEntry, deadline: UInt64)] = [:]
    var question: Question?
    var isEmptied = false
    var failure: AccelerationReason?
    /// The port's last refusals, since the last rule that it took.
    var refusals = 0
    var hasRules = false
    /// Leaks of each flow when its fence had come, or at the begin of the window.
    var leaks: [UInt32: UInt64] = [:]
    var leakWindow: UInt64 = 0
}

/// Form E on one port.
struct FlowControl {
    var policy: FlowPolicy
    /// nil until the port has taken a rule.
    var shape: FlowRuleShape?
    var vifs: [UInt32: FlowVif] = [:]
    let watch: FlowWatchTable
    var observedAt: UInt64 = 0
    /// What netback's refusals amount to.
    var deferred: [(vif: UInt32, event: FlowBatchMachine.BackendEvent)] = []

    /// Rules of a vif that may be refused in a row, when none was taken, before the form counts as refused.
    static let patience = 8

    var ruleCount: Int { vifs.values.reduce(0) { $0 + $1.rules.count } }
}

/// Form E as it stands for one vif: for status.
public struct FlowReport: Sendable, Equatable {
    /// Flows with a rule of their own, each with its frames a second as far as known.
    public var steered: [String: Double] = [:]
    public var counters = FlowPolicyCounters()
    /// Rules that the vif's flows may have at most: its quota, or fewer where the port has no more for all vifs.
    public var ruleLimit = 0
}

extension AcceleratedBackend {
    /// nil for a vif whose flows are not steered one by one.
    public func flows(vif: UInt32) -> FlowReport? {
        withEngine { engine in
            guard let flows = engine.flows.vifs[vif] else { return nil }
            var report = FlowReport()
            report.counters = engine.flows.policy.counters
            report.ruleLimit = engine.flows.policy.limit(of: vif)
            let steered = Set(flows.machine.steered.map(\.selector))
            for flow in engine.flows.policy.flows(of: vif) where steered.contains(flow.selector) {
                report.steered[flow.selector.description] = flow.rate
            }
            return report
        }
    }
}
