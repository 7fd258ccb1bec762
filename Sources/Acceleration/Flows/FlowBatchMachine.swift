// SPDX-License-Identifier: BSD-3-Clause

/// How flows come to be steered one by one, and go back, while the rest of their vif's frames are left alone; see
/// <doc:FlowBatches>.
///
/// The two halves are pure values: told what happens, they answer what to do.
public enum FlowBatchMachine {
    /// What may happen to a ``Backend``.
    public enum BackendEvent: Hashable, Sendable {
        /// Starts a batch; only while ``Backend/isIdle``. Of the `adds` none is known, of the `removes` all are steered.
        case change(adds: [FlowEntry], removes: [UInt32])
        /// A message about a batch of this grant.
        case message(ControlMessage)
        /// Answer to ``BackendAction/hold(_:)``, and to ``BackendAction/release``: what was held is delivered.
        case held
        case released
        /// Answer to ``BackendAction/createRule(_:)`` or ``BackendAction/destroyRule(_:)``.
        case rule(UInt32, RuleResult)
        /// The fence asked for is in every slow queue pair.
        case fenceSent(sequence: UInt32)
        /// All flows are to go back as planned: batch by batch, nothing lost.
        case withdraw
        /// All rules and holds are to go now: the VI is lost, or taken away.
        case abandon
        /// Time has passed; see ``Backend/nextDeadline``.
        case tick
    }

    public enum RuleResult: Hashable, Sendable {
        case created
        /// Nothing of it is in the NIC.
        case failed
        case removed
    }

    /// What a ``Backend`` asks of its host, in order. `hold`, `release`, `createRule` and `destroyRule` are each answered by
    /// exactly one event.
    public enum BackendAction: Hashable, Sendable {
        case send(ControlMessage)
        /// Keep those flows' frames back from the slow path.
        case hold([FlowSelector])
        /// Let what was kept back go by the slow path, in order, then everything else of those flows.
        case release
        case createRule(FlowEntry)
        case destroyRule(FlowEntry)
        /// Settle, drain the default queue, then put the fence into every slow queue pair.
        case sendFence(sequence: UInt32)
        case completed(Outcome)
        /// No rule and no hold is left, after ``BackendEvent/withdraw`` or ``BackendEvent/abandon``; nothing follows.
        case emptied
        /// The frontend does not answer, or breaks the rules: to be followed by ``BackendEvent/abandon``.
        case failed(AccelerationReason)
    }

    /// What became of a batch.
    public struct Outcome: Hashable, Sendable {
        /// Flows that are steered now.
        public var added: [UInt32] = []
        /// Flows that the port refused.
        public var failed: [UInt32] = []
        public var removed: [UInt32] = []
        /// The frontend went on without the fence: the added flows are to be removed again.
        public var isFenceExpired = false

        public init() {}
    }
}
