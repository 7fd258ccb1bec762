// SPDX-License-Identifier: BSD-3-Clause
import CViaductAccel
public import Wire

/// The host's side of a plugin: one object for all vifs of a port.
///
/// All of this runs on control-plane threads, one call at a time. The two hot hooks, which look at the bursts of the default
/// queue, are C functions of the plugin's own (see `viaduct_accel.h`) and work on state that they share with this object by atomics.
public protocol BackendAccelerator: AnyObject, Sendable {
    func attach(_ host: BackendHost)
    func detach()
    /// A vif that may be accelerated; false refuses it.
    func probe(_ vif: VifDescription) -> Bool
    func remove(vif: UInt32)
    func want(_ wanted: Bool, vif: UInt32)
    func controlMessage(_ bytes: [UInt8], vif: UInt32)
    func pathEvent(_ event: PathEvent, vif: UInt32)
    func localAddresses(_ addresses: [MACAddress], generation: UInt64)
    func portSuspended()
    func portResumed()
    func linkChanged(isUp: Bool)
    /// About once a millisecond, with a monotonic clock in nanoseconds.
    func tick(now: UInt64)
}

/// What the slow path tells about one vif (`enum viaduct_path_event`).
public enum PathEvent: Sendable, Equatable {
    case guestConnected
    case guestGone
    /// The guest's process has ended, or will at once: nobody can be waited for, and its VI is taken back without it.
    case guestDied
    case held
    case released
    case fenceSent(sequence: UInt32)
    case transmitFence(sequence: UInt32)
    case steered
    case unsteered
    case flowsHeld
    case flowsReleased

    /// nil for an event that this version does not know.
    public init?(_ event: UInt32, argument: UInt64) {
        let sequence = UInt32(truncatingIfNeeded: argument)
        switch event {
        case VIADUCT_PATH_GUEST_CONNECTED.rawValue: self = .guestConnected
        case VIADUCT_PATH_GUEST_GONE.rawValue: self = .guestGone
        case VIADUCT_PATH_GUEST_DIED.rawValue: self = .guestDied
        case VIADUCT_PATH_HELD.rawValue: self = .held
        case VIADUCT_PATH_RELEASED.rawValue: self = .released
        case VIADUCT_PATH_FENCE_SENT.rawValue: self = .fenceSent(sequence: sequence)
        case VIADUCT_PATH_TRANSMIT_FENCE.rawValue: self = .transmitFence(sequence: sequence)
        case VIADUCT_PATH_STEERED.rawValue: self = .steered
        case VIADUCT_PATH_UNSTEERED.rawValue: self = .unsteered
        case VIADUCT_PATH_FLOWS_HELD.rawValue: self = .flowsHeld
        case VIADUCT_PATH_FLOWS_RELEASED.rawValue: self = .flowsReleased
        default: return nil
        }
    }

    public var c: (event: UInt32, argument: UInt64) {
        switch self {
        case .guestConnected: (VIADUCT_PATH_GUEST_CONNECTED.rawValue, 0)
        case .guestGone: (VIADUCT_PATH_GUEST_GONE.rawValue, 0)
        case .guestDied: (VIADUCT_PATH_GUEST_DIED.rawValue, 0)
        case .held: (VIADUCT_PATH_HELD.rawValue, 0)
        case .released: (VIADUCT_PATH_RELEASED.rawValue, 0)
        case .fenceSent(let sequence): (VIADUCT_PATH_FENCE_SENT.rawValue, UInt64(sequence))
        case .transmitFence(let sequence): (VIADUCT_PATH_TRANSMIT_FENCE.rawValue, UInt64(sequence))
        case .steered: (VIADUCT_PATH_STEERED.rawValue, 0)
        case .unsteered: (VIADUCT_PATH_UNSTEERED.rawValue, 0)
        case .flowsHeld: (VIADUCT_PATH_FLOWS_HELD.rawValue, 0)
        case .flowsReleased: (VIADUCT_PATH_FLOWS_RELEASED.rawValue, 0)
        }
    }
}
