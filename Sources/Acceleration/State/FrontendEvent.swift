// SPDX-License-Identifier: BSD-3-Clause

public import Wire

/// What may happen to a ``FrontendMachine``.
public enum FrontendEvent: Hashable, Sendable {
    /// A decoded message from the backend.
    case message(ControlMessage)
    /// Answer to ``FrontendAction/openVI(id:_:fenceNonce:settleNanoseconds:)``: the plugin polls the VI.
    case opened
    /// Answer to ``FrontendAction/openVI(id:_:fenceNonce:settleNanoseconds:)``: nothing is open.
    case openFailed(AccelerationReason)
    /// A frame with the vif's MAC came by the VI.
    case firstFrameSeen
    /// Every slow queue pair delivered the fence, and the stash, of `stashed` frames, is delivered.
    case fenceArrived(sequence: UInt32, stashed: UInt32)
    /// The slow path yielded nothing for the time limit: the stash was delivered without a fence.
    case fenceExpired
    /// What came of ``FrontendAction/flows(_:)``.
    case flows(FlowBatchMachine.FrontendEvent)
    /// Answer to ``FrontendAction/beginDrain``: the VI stayed empty for the settle time, all its frames are delivered
    /// and its TX descriptors are done.
    case viDrained
    /// Answer to ``FrontendAction/closeVI(forced:)``: the VI is no longer touched.
    case viClosed
    /// Whether a plugin can take an offer; if not, why not. An acceleration under way is withdrawn as planned.
    case available(Availability)
    /// The guest stops: let go at once.
    case guestStopping
    /// The link could not decode what the backend sent.
    case violation(ControlDecodingError)
    /// Time has passed; see ``FrontendMachine/nextDeadline``.
    case tick

    public enum Availability: Hashable, Sendable {
        case yes
        case no(AccelerationReason)
    }
}

/// What a ``FrontendMachine`` asks of its host, to be carried out in order. `openVI`, `beginDrain` and `closeVI` are
/// each answered by one event.
public enum FrontendAction: Hashable, Sendable {
    case send(ControlMessage)
    case openVI(id: UInt32, Grant, fenceNonce: UInt64, settleNanoseconds: UInt64)
    /// From now on keep back what the VI yields until the fence came by the slow path. Told before the first frame can
    /// be steered.
    case beginStash
    /// Stop sending by the VI, and poll it until it stays empty.
    case beginDrain
    /// Stop touching the VI. `forced`: whatever is in it; deliver the stash, if there is one.
    case closeVI(forced: Bool)
    /// Replaces the set of MAC addresses that must not be sent to by the VI.
    case updateLocalAddresses(generation: UInt64, [MACAddress])
    case transmitFenceConfirmed(sequence: UInt32)
    /// `begin` and `rulesChanged` alone. Those of a grant end with `beginDrain` and `closeVI`.
    case flows(FlowBatchMachine.FrontendAction)
    case stateChanged(AccelerationState)
}
