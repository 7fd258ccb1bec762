// SPDX-License-Identifier: BSD-3-Clause

/// Time limits and thresholds of the hand-shakes. Times are in nanoseconds.
///
/// A limit that ends costs frames: what the VI holds is lost. So they are far longer than a hand-shake takes, which is
/// milliseconds: only a peer that is gone or stuck should meet one, not a machine that is short of processors.
public struct AccelerationLimits: Hashable, Sendable {
    /// From an offer to its answer.
    public var offer: UInt64 = 5_000_000_000
    /// From a grant to `opened`.
    public var open: UInt64 = 5_000_000_000
    /// From a fence in every slow queue pair (or the wish to put it there) to `fenceReached`.
    public var fence: UInt64 = 10_000_000_000
    /// From `rulesRemoved` to `drained`, on top of the settle time; also how long a frontend waits after `withdraw`.
    public var drain: UInt64 = 10_000_000_000
    /// From `drained` or `revoke`, or from the end of ``revocation``, to `closed`.
    public var close: UInt64 = 5_000_000_000
    /// How long the host goes on to keep frames back after `revoke`, unless `closed` comes first: the time that a frontend's control
    /// side has to put the order in front of whatever its lcore does next. An lcore that found older frames on its VI before the order
    /// would deliver them behind what the host lets go.
    public var revocation: UInt64 = 100_000_000
    /// From an offer that was declined or not answered to the next one, so that a plugin that is loaded late finds
    /// its vif; 0 for never.
    public var reoffer: UInt64 = 1_000_000_000
    /// A rule is abandoned when more than this many frames leak within ``leakWindow``, or at all before the first one came by the VI.
    public var leakThreshold: UInt64 = 64
    /// Length of the windows, one after the other, in which leaked frames are counted.
    public var leakWindow: UInt64 = 1_000_000_000

    public init() {}

    /// The longest that a planned way back from the VI takes, when the peer does not answer.
    public var withdrawal: UInt64 { fence.later(by: drain).later(by: revocation).later(by: close) }
}

extension UInt64 {
    /// This time plus `interval`, or the end of time.
    package func later(by interval: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(interval)
        return overflow ? .max : sum
    }
}
