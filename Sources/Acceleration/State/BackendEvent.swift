// SPDX-License-Identifier: BSD-3-Clause

/// What may happen to a ``BackendMachine``.
public enum BackendEvent: Hashable, Sendable {
    /// Whether this vif should be accelerated. `false`, then `true`, retries after a refusal.
    case wanted(Bool)
    /// A decoded message from the frontend.
    case message(ControlMessage)
    /// Answer to ``BackendAction/allocateVI``.
    case virtualInterface(Allocation)
    /// A unicast frame for the vif's MAC came by the default queue.
    case candidateSeen
    /// Answer to ``BackendAction/createRule`` or ``BackendAction/destroyRule``.
    case rule(RuleResult)
    /// Answer to ``BackendAction/engageHold`` or ``BackendAction/releaseHold``.
    case hold(HoldResult)
    /// The fence asked for by ``BackendAction/sendFence(sequence:)`` is in every slow queue pair.
    case fenceSent(sequence: UInt32)
    /// So many frames for the steering key came by the default queue after the fence.
    case leaked(count: UInt64)
    /// Frames were expected, and neither path yields any.
    case silent
    /// A batch of flows came to nothing: the frontend did not answer, or broke the rules.
    case flowsFailed(AccelerationReason)
    /// The port is down or being reset: what its VIs and rules held is lost.
    case portSuspended(AccelerationReason)
    /// The port works again.
    case portResumed
    /// The guest can touch nothing any more: its process is dead, or its device was taken away.
    case guestGone
    /// The link could not decode what the frontend sent.
    case violation(ControlDecodingError)
    /// Time has passed; see ``BackendMachine/nextDeadline``.
    case tick

    public enum Allocation: Hashable, Sendable {
        /// `id` is not 0 and was not used for this vif before.
        case allocated(id: UInt32, Grant, fenceNonce: UInt64)
        case unavailable(AccelerationReason)
    }

    public enum RuleResult: Hashable, Sendable {
        case created
        /// No part of the rule is in the NIC.
        case failed(AccelerationReason)
        case removed
    }

    public enum HoldResult: Hashable, Sendable {
        case engaged
        /// What was held is delivered, and frames pass again.
        case released
    }
}

/// What a ``BackendMachine`` asks of its host, to be carried out in order. Each of `allocateVI`, `createRule`,
/// `destroyRule`, `engageHold` and `releaseHold` is answered by exactly one event.
public enum BackendAction: Hashable, Sendable {
    case send(ControlMessage)
    case allocateVI
    case createRule
    case destroyRule
    /// Settle, drain the default queue, then put the fence into every slow queue pair.
    case sendFence(sequence: UInt32)
    /// Keep the key's frames back from the slow path, in order.
    case engageHold
    /// Let what was kept back go by the slow path, then everything else.
    case releaseHold
    /// The VI is closed by the frontend (or was never granted): take it back into the pool.
    case reclaimVI
    /// The VI may still be touched: it can't be used until it was taken back by force.
    case quarantineVI(AccelerationReason)
    case stateChanged(AccelerationState)
}
