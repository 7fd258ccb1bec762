// SPDX-License-Identifier: BSD-3-Clause

/// Which flows get the few rules of a port, in numbers. Times are in nanoseconds, rates in frames a second.
public struct FlowPolicySettings: Sendable, Hashable {
    /// Rules of the port that flows may use.
    public var rules = 128
    /// Flows added, and flows removed, in one batch; at most `ControlProtocol.maximumFlowChanges`.
    public var batch = 16
    /// Rules created over time, and at once after a quiet while.
    public var insertionsPerSecond = 200.0
    public var insertionBurst = 64.0
    /// A rule stays at least so long, unless its vif loses acceleration or its frames leak.
    public var minimumAge: UInt64 = 500_000_000
    /// A flow takes another one's rule only when it is so much heavier.
    public var hysteresis = 1.5
    /// A lighter flow gets no rule.
    public var minimumRate = 20.0
    /// A flow's rate is an average over time, of which what is so old counts half.
    public var halfLife: UInt64 = 1_000_000_000
    /// A flow that has its rule so long and is next to nothing loses it.
    public var idle: UInt64 = 5_000_000_000
    /// So long a flow is left alone whose rule was refused or leaked.
    public var pardon: UInt64 = 10_000_000_000
    /// Flows without a rule that are remembered, for each vif.
    public var candidates = 2048

    public init() {}
}

/// What the choice of flows has done so far.
public struct FlowPolicyCounters: Sendable, Equatable {
    /// Flows that got a rule, and lost it.
    public var added: UInt64 = 0
    public var removed: UInt64 = 0
    /// Of the removed ones: for a heavier flow, as idle, over the vif's share, because of leaks or a fence that did not come.
    public var replaced: UInt64 = 0
    public var idle: UInt64 = 0
    public var overShare: UInt64 = 0
    public var condemned: UInt64 = 0
    /// Rules that the port refused.
    public var refused: UInt64 = 0
    /// Times at which the insertion rate kept a flow waiting.
    public var delayed: UInt64 = 0

    public init() {}
}
