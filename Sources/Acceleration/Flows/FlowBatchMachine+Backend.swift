// SPDX-License-Identifier: BSD-3-Clause

extension FlowBatchMachine {
    /// The backend's half, for one grant: keeps account of every rule and hold. Whatever happens, each rule that was created is
    /// destroyed exactly once, and each hold released, before it is ``BackendAction/emptied``.
    public struct Backend: Sendable {
        public let grant: UInt32
        public let limits: AccelerationLimits
        public let settleNanoseconds: UInt64

        /// When to send ``BackendEvent/tick`` at the latest.
        public private(set) var nextDeadline: UInt64?
        /// Answers of the host that nobody waited for, and that were ignored.
        public private(set) var unexpectedAnswers: UInt64 = 0
        /// Messages that came too late to matter.
        public private(set) var staleMessages: UInt64 = 0

        private enum Rule {
            /// Told to the frontend, and not yet asked of the port.
            case announced
            case creating, created, destroying
        }

        private enum Hold {
            case none, engaging, engaged, releasing
        }

        private enum Fence {
            case none, asked, sent, reached, expired

            var isOver: Bool { self == .reached || self == .expired }
        }

        private enum Stage {
            /// The frontend and netback get ready.
            case preparing
            case destroying, creating
            /// The fence is under way, the removed flows are drained.
            case settling
        }

        private enum Ending {
            case none, planned, forced, over
        }

        private struct Batch {
            let sequence: UInt32
            let adds: [FlowEntry]
            let removes: [FlowEntry]
            var stage = Stage.preparing
            var isReady = false
            /// The added flows' gate is shut at the frontend until here.
            var fence = Fence.none
            var isDrained = false
            var isReleased = false
            var failed: [UInt32] = []
        }

        private var flows: [UInt32: (entry: FlowEntry, rule: Rule)] = [:]
        private var hold = Hold.none
        private var batch: Batch?
        private var ending = Ending.none
        private var hasFailed = false
        private var sequence = ControlProtocol.firstFlowSequence
        private var now: UInt64 = 0
        private var actions: [BackendAction] = []

        public init(grant: UInt32, settleNanoseconds: UInt64, limits: AccelerationLimits = AccelerationLimits()) {
            self.grant = grant
            self.settleNanoseconds = settleNanoseconds
            self.limits = limits
        }

        /// Whether a batch may be started.
        public var isIdle: Bool { batch == nil && ending == .none && !hasFailed }
        /// Rules that are in the port, or on their way there or out.
        public var ruleCount: Int { flows.values.count { $0.rule != .announced } }
        /// Whether netback holds frames, or is about to.
        var isHolding: Bool { hold != .none }
        /// Whether nothing is left and nothing follows.
        public var isOver: Bool { ending == .over }

        /// The flows that are steered and not about to change, in order.
        public var steered: [FlowEntry] {
            let changing = Set((batch?.adds ?? []).map(\.id) + (batch?.removes ?? []).map(\.id))
            return flows.values.filter { $0.rule == .created && !changing.contains($0.entry.id) }.map(\.entry)
                .sorted { $0.id < $1.id }
        }

        /// What to do about `event`, in order. `now` is in nanoseconds of any clock that does not go back.
        public mutating func handle(_ event: BackendEvent, now: UInt64) -> [BackendAction] {
            self.now = now
            switch event {
            case .change(let adds, let removes): change(adds, removes)
            case .message(let message): received(message)
            case .held:
                if hold == .engaging { hold = .engaged } else { unexpectedAnswers += 1 }
            case .released:
                if hold == .releasing {
                    hold = .none
                    batch?.isReleased = true
                } else {
                    unexpectedAnswers += 1
                }
            case .rule(let id, let result): answered(id, result)
            case .fenceSent(let sequence): fenceSent(sequence)
            case .withdraw: if ending == .none { ending = .planned }
            case .abandon: abandon()
            case .tick: timePassed()
            }
            advance()
            defer { actions.removeAll() }
            return actions
        }
    }
}

// MARK: A batch

extension FlowBatchMachine.Backend {
    private mutating func change(_ adds: [FlowEntry], _ removes: [UInt32]) {
        guard isIdle else { return }
        let removed = removes.compactMap { flows[$0]?.entry }
        let areNew = Set(adds.map(\.id)).count == adds.count && adds.allSatisfy { flows[$0.id] == nil }
        precondition(areNew && removed.count == removes.count, "a batch adds new flows and removes known ones")
        start(adds, removed)
    }

    private mutating func start(_ adds: [FlowEntry], _ removes: [FlowEntry]) {
        let message = ControlMessage.changeFlows(
            id: grant, sequence: sequence, adds: adds, removes: removes.map(\.id))
        precondition(message.isEncodable, "a batch breaks a limit of the protocol")
        batch = Batch(sequence: sequence, adds: adds, removes: removes)
        // Wraps within its own half of the numbers.
        sequence = sequence == .max ? ControlProtocol.firstFlowSequence : sequence + 1
        for entry in adds { flows[entry.id] = (entry, .announced) }
        actions.append(.send(message))
        if !removes.isEmpty {
            hold = .engaging
            actions.append(.hold(removes.map(\.selector)))
        }
        nextDeadline = now.later(by: limits.open)
    }

    /// Takes each step that can be taken now.
    private mutating func advance() {
        switch ending {
        case .over: return
        case .forced: return finishAbandoning()
        case .none, .planned: break
        }
        if hasFailed { return }
        while let batch, step(batch) {}
        guard batch == nil, ending == .planned else { return }
        let left = steered.prefix(ControlProtocol.maximumFlowChanges)
        if left.isEmpty { finish() } else { start([], Array(left)) }
    }

    /// Whether the batch got any further.
    private mutating func step(_ batch: Batch) -> Bool {
        switch batch.stage {
        case .preparing:
            guard batch.isReady, batch.removes.isEmpty || hold == .engaged else { return false }
            nextDeadline = nil
            self.batch?.stage = .destroying
            for entry in batch.removes { destroy(entry) }
        case .destroying:
            guard batch.removes.allSatisfy({ flows[$0.id] == nil }) else { return false }
            self.batch?.stage = .creating
            for entry in batch.adds {
                flows[entry.id]?.rule = .creating
                actions.append(.createRule(entry))
            }
        case .creating:
            guard batch.adds.allSatisfy({ flows[$0.id]?.rule != .creating }) else { return false }
            self.batch?.stage = .settling
            actions.append(.send(.flowRulesChanged(id: grant, sequence: batch.sequence, failed: batch.failed)))
            nextDeadline = now.later(by: limits.fence).later(by: settleNanoseconds)
            guard !batch.adds.isEmpty, !batch.fence.isOver else { break }
            self.batch?.fence = .asked
            actions.append(.sendFence(sequence: batch.sequence))
        case .settling:
            if batch.isDrained, hold == .engaged {
                hold = .releasing
                actions.append(.release)
            }
            let isBack = batch.removes.isEmpty || (batch.isDrained && batch.isReleased)
            guard isBack, batch.adds.isEmpty || batch.fence.isOver else { return false }
            complete(batch)
        }
        return true
    }

    private mutating func complete(_ batch: Batch) {
        nextDeadline = nil
        self.batch = nil
        var outcome = FlowBatchMachine.Outcome()
        outcome.added = batch.adds.map(\.id).filter { flows[$0] != nil }
        outcome.failed = batch.failed
        outcome.removed = batch.removes.map(\.id)
        outcome.isFenceExpired = batch.fence == .expired
        actions.append(.completed(outcome))
    }

    private mutating func destroy(_ entry: FlowEntry) {
        flows[entry.id]?.rule = .destroying
        actions.append(.destroyRule(entry))
    }

    private mutating func answered(_ id: UInt32, _ result: FlowBatchMachine.RuleResult) {
        switch (result, flows[id]?.rule) {
        case (.created, .creating): flows[id]?.rule = .created
        case (.failed, .creating):
            flows[id] = nil
            batch?.failed.append(id)
        case (.removed, .destroying): flows[id] = nil
        default: unexpectedAnswers += 1
        }
    }

    private mutating func fenceSent(_ sent: UInt32) {
        guard let batch, batch.sequence == sent, batch.fence == .asked else { return }
        self.batch?.fence = .sent
        // The guest's slow path took as long as it took; the answer is due from now on.
        if nextDeadline != nil { nextDeadline = now.later(by: limits.fence).later(by: settleNanoseconds) }
    }
}

// MARK: What the frontend says

extension FlowBatchMachine.Backend {
    private mutating func received(_ message: ControlMessage) {
        guard ending != .forced, ending != .over, !hasFailed else {
            staleMessages += 1
            return
        }
        switch message {
        case .flowsReady(_, let sequence):
            guard let batch, batch.sequence == sequence, !batch.isReady else { return violated("flows ready out of turn") }
            self.batch?.isReady = true
        case .flowFenceReached(_, let sequence, _):
            guard let batch, batch.sequence == sequence, batch.fence == .asked || batch.fence == .sent else {
                return violated("flow fence out of turn")
            }
            self.batch?.fence = .reached
        case .flowFenceExpired(_, let sequence):
            // It waits since the first frame of the first rule.
            guard let batch, batch.sequence == sequence, !batch.fence.isOver, !batch.adds.isEmpty,
                batch.stage == .creating || batch.stage == .settling
            else { return violated("flow fence expired out of turn") }
            self.batch?.fence = .expired
        case .flowsDrained(_, let sequence):
            guard let batch, batch.sequence == sequence, batch.stage == .settling, !batch.removes.isEmpty, !batch.isDrained
            else { return violated("flows drained out of turn") }
            self.batch?.isDrained = true
        default:
            violated("not about a batch of flows")
        }
    }

    private mutating func violated(_ rule: String) { fail(AccelerationReason(.protocolViolation, rule)) }

    private mutating func fail(_ reason: AccelerationReason) {
        hasFailed = true
        nextDeadline = nil
        actions.append(.failed(reason))
    }

    private mutating func timePassed() {
        guard let deadline = nextDeadline, now >= deadline else { return }
        nextDeadline = nil
        let what = batch?.stage == .preparing ? "got ready for" : "finished"
        fail(AccelerationReason(.timeout, "a change of flows was not \(what)"))
    }
}

// MARK: The end

extension FlowBatchMachine.Backend {
    private mutating func abandon() {
        guard ending != .over, ending != .forced else { return }
        ending = .forced
        batch = nil
        nextDeadline = nil
        for id in flows.keys.sorted() where flows[id]?.rule == .announced { flows[id] = nil }
    }

    private mutating func finishAbandoning() {
        for id in flows.keys.sorted() {
            if let flow = flows[id], flow.rule == .created { destroy(flow.entry) }
        }
        // What is held goes by the slow path: what the VI still holds is lost, so nothing is overtaken.
        if hold == .engaged, flows.isEmpty {
            hold = .releasing
            actions.append(.release)
        }
        if flows.isEmpty, hold == .none { finish() }
    }

    private mutating func finish() {
        ending = .over
        nextDeadline = nil
        actions.append(.emptied)
    }
}
