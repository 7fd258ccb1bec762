// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
public import Foundation

/// A vif reached the fast path, or came back from it.
public struct AccelerationChange: Sendable, Equatable {
    /// When it was done.
    public let date: Date
    public let isFast: Bool
    /// From the first step of the change to its end, as the plugin reported them.
    public let nanoseconds: UInt64
    /// The form of steering that came into use; nil on the way back.
    public let form: Character?
    /// Why the vif came back, where somebody said so.
    public let reason: AccelerationReason?
}

/// The last changes of one vif's path, and how long all of them took, from the states that a plugin reports.
struct AccelerationHistory {
    static let limit = 64

    private(set) var changes: [AccelerationChange] = []
    private(set) var toFast = SwitchDurations()
    private(set) var toSlow = SwitchDurations()
    private var isFast = false
    /// When the vif left the last place of rest.
    private var left: UInt64?

    mutating func note(_ status: AccelerationStatus) {
        note(status, now: DispatchTime.now().uptimeNanoseconds, date: Date())
    }

    mutating func note(_ status: AccelerationStatus, now: UInt64, date: Date) {
        switch status.state {
        case .connected: arrive(fast: true, status, now, date)
        case .none, .refused, .quarantined: arrive(fast: false, status, now, date)
        // Until a frame for the guest comes nothing is done, however long that takes: proving begins with the rule.
        case .offered, .granted: if isFast { left = left ?? now }
        case .proving, .draining: left = left ?? now
        }
    }

    private mutating func arrive(fast: Bool, _ status: AccelerationStatus, _ now: UInt64, _ date: Date) {
        defer { left = nil }
        guard fast != isFast else { return }
        isFast = fast
        let duration = now - (left ?? now)
        if fast { toFast.add(duration) } else { toSlow.add(duration) }
        changes.append(
            AccelerationChange(
                date: date, isFast: fast, nanoseconds: duration, form: fast ? status.form : nil,
                reason: fast ? nil : status.state.reason ?? status.reason))
        if changes.count > Self.limit { changes.removeFirst() }
    }
}
