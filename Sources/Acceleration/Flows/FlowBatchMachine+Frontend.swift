// SPDX-License-Identifier: BSD-3-Clause

extension FlowBatchMachine {
    /// What may happen to a ``Frontend``.
    public enum FrontendEvent: Hashable, Sendable {
        /// A message about a batch of this grant.
        case message(ControlMessage)
        /// Answer to ``FrontendAction/begin(sequence:adds:removes:)``: the lcore keeps the added flows back.
        case begun(sequence: UInt32)
        /// The fence came, and the stash, of `stashed` frames, is delivered.
        case fenceArrived(sequence: UInt32, stashed: UInt32)
        /// The slow path yielded nothing for the time limit: the stash was delivered without a fence.
        case fenceExpired(sequence: UInt32)
        /// All that the VI had of the removed flows is delivered.
        case drained(sequence: UInt32)
    }

    /// What a ``Frontend`` asks of its host, in order.
    public enum FrontendAction: Hashable, Sendable {
        case send(ControlMessage)
        /// Keep back what the VI yields of the added flows, until the fence of that sequence came.
        case begin(sequence: UInt32, adds: [FlowEntry], removes: [UInt32])
        /// The port steers as the batch says, but for the `failed`: see when the VI has nothing more of the removed ones, and
        /// forget them and the failed ones.
        case rulesChanged(sequence: UInt32, failed: [UInt32])
        /// The backend broke the rules.
        case violated(String)
    }

    /// The frontend's half, for one grant.
    public struct Frontend: Sendable {
        public let grant: UInt32
        /// Answers of the host that nobody waited for, and that were ignored.
        public private(set) var unexpectedAnswers: UInt64 = 0

        private struct Batch {
            let sequence: UInt32
            let adds: Set<UInt32>
            let removes: Set<UInt32>
            var isBegun = false
            var areRulesChanged = false
            var isFenceOver: Bool
            var isDrained: Bool
        }

        /// Flows that are steered, or under way.
        public private(set) var flows: Set<UInt32> = []
        private var batch: Batch?
        private var actions: [FrontendAction] = []

        public init(grant: UInt32) { self.grant = grant }

        /// Whether no batch is under way.
        public var isIdle: Bool { batch == nil }

        public mutating func handle(_ event: FrontendEvent) -> [FrontendAction] {
            switch event {
            case .message(let message): received(message)
            case .begun(let sequence): begun(sequence)
            case .fenceArrived(let sequence, let stashed): fenceIsOver(sequence, stashed: stashed)
            case .fenceExpired(let sequence): fenceIsOver(sequence, stashed: nil)
            case .drained(let sequence): drained(sequence)
            }
            finishBatch()
            defer { actions.removeAll() }
            return actions
        }
    }
}

extension FlowBatchMachine.Frontend {
    private mutating func received(_ message: ControlMessage) {
        switch message {
        case .changeFlows(_, let sequence, let adds, let removes): change(sequence, adds, removes)
        case .flowRulesChanged(_, let sequence, let failed): rulesChanged(sequence, failed)
        default: actions.append(.violated("not about a batch of flows"))
        }
    }

    private mutating func change(_ sequence: UInt32, _ adds: [FlowEntry], _ removes: [UInt32]) {
        guard batch == nil else { return violated("a batch of flows before the last one was over") }
        let added = Set(adds.map(\.id))
        let removed = Set(removes)
        guard added.count == adds.count, removed.count == removes.count, added.isDisjoint(with: flows),
            removed.isSubset(of: flows), Set(adds.map(\.selector)).count == adds.count
        else { return violated("a batch that adds known flows, or removes unknown ones") }
        guard flows.count + added.count <= ControlProtocol.maximumFlows else { return violated("too many flows") }
        flows.formUnion(added)
        batch = Batch(
            sequence: sequence, adds: added, removes: removed, isFenceOver: adds.isEmpty, isDrained: removes.isEmpty)
        actions.append(.begin(sequence: sequence, adds: adds, removes: removes))
    }

    private mutating func rulesChanged(_ sequence: UInt32, _ failed: [UInt32]) {
        guard let batch, batch.sequence == sequence, batch.isBegun, !batch.areRulesChanged,
            Set(failed).isSubset(of: batch.adds), Set(failed).count == failed.count
        else { return violated("flow rules changed out of turn") }
        self.batch?.areRulesChanged = true
        flows.subtract(failed)
        flows.subtract(batch.removes)
        actions.append(.rulesChanged(sequence: sequence, failed: failed))
    }

    private mutating func violated(_ rule: String) { actions.append(.violated(rule)) }

    private mutating func begun(_ sequence: UInt32) {
        guard let batch, batch.sequence == sequence, !batch.isBegun else { return ignore() }
        self.batch?.isBegun = true
        actions.append(.send(.flowsReady(id: grant, sequence: sequence)))
    }

    /// `stashed` is nil when it did not come.
    private mutating func fenceIsOver(_ sequence: UInt32, stashed: UInt32?) {
        guard let batch, batch.sequence == sequence, !batch.isFenceOver else { return ignore() }
        self.batch?.isFenceOver = true
        if let stashed {
            actions.append(.send(.flowFenceReached(id: grant, sequence: sequence, stashed: stashed)))
        } else {
            actions.append(.send(.flowFenceExpired(id: grant, sequence: sequence)))
        }
    }

    private mutating func drained(_ sequence: UInt32) {
        guard let batch, batch.sequence == sequence, batch.areRulesChanged, !batch.isDrained else { return ignore() }
        self.batch?.isDrained = true
        actions.append(.send(.flowsDrained(id: grant, sequence: sequence)))
    }

    private mutating func ignore() { unexpectedAnswers += 1 }

    private mutating func finishBatch() {
        guard let batch, batch.areRulesChanged, batch.isFenceOver, batch.isDrained else { return }
        self.batch = nil
    }
}
