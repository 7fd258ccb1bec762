// SPDX-License-Identifier: BSD-3-Clause

/// How far the acceleration of one vif is. Both sides publish theirs; see <doc:HandShake>.
public enum AccelerationState: Hashable, Sendable {
    /// Slow path only, and nothing under way.
    case none
    /// Offered, not granted yet.
    case offered
    /// A VI is granted; it is being opened, or no frame for it was seen yet.
    case granted
    /// A rule is in; the fence is under way or no frame was seen on the VI yet.
    case proving
    /// Frames go by the VI, in order.
    case connected
    /// On the way back to the slow path.
    case draining
    /// Slow path only, and why.
    case refused(AccelerationReason)
    /// Slow path only; the VI could not be taken back, and why.
    case quarantined(AccelerationReason)
}

extension AccelerationState {
    /// Why the vif is not accelerated, where a reason is known.
    public var reason: AccelerationReason? {
        switch self {
        case .refused(let reason), .quarantined(let reason): reason
        case .none, .offered, .granted, .proving, .connected, .draining: nil
        }
    }
}

extension AccelerationState: CustomStringConvertible {
    public var description: String {
        switch self {
        case .none: "none"
        case .offered: "offered"
        case .granted: "granted"
        case .proving: "proving"
        case .connected: "connected"
        case .draining: "draining"
        case .refused(let reason): "refused(\(reason))"
        case .quarantined(let reason): "quarantined(\(reason))"
        }
    }
}
