// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Synchronization

/// The control plane's side of the flow table: answers flow calls as the personality's driver would, and sends what it
/// accepted to the engine, which lets it take effect late.
@safe
final class FlowTable: Sendable {
    private let personality: any FlowPersonality
    private let size: Int
    private let commands: WordRing
    private let state: PinnedBlock<EngineState>
    private let rules = Mutex(Rules())

    private struct Rules {
        var byHandle: [UInt: Rule] = [:]
        var keys: Set<SteeringKey> = []
        var lastHandle: UInt = 0
    }

    private struct Rule {
        let key: SteeringKey
        /// Whether the engine knows of it.
        let isEffective: Bool
    }

    init(_ configuration: SoftNICConfiguration, state: PinnedBlock<EngineState>) throws(DPDKError) {
        personality = configuration.personality.flowEngine
        size = configuration.flowTableSize
        self.state = state
        commands = try WordRing(name: "\(configuration.name)_flow", capacity: 2048, numaNode: configuration.numaNode)
    }

    var commandRing: WordRingHandle { commands.handle }
    var count: Int { rules.withLock { $0.byHandle.count } }

    func validate(_ rule: FlowRule, queuePairs: Int) throws(FlowError) {
        _ = try personality.steering(of: rule, queuePairs: queuePairs)
    }

    func create(_ rule: FlowRule, queuePairs: Int) throws(FlowError) -> UInt {
        let steering = try personality.steering(of: rule, queuePairs: queuePairs)
        let faults = unsafe SoftNICFaults(rawValue: state.pointer.pointee.faults.load(ordering: .relaxed))
        return try rules.withLock { (rules) throws(FlowError) -> UInt in
            if faults.contains(.creationRefused) {
                throw FlowError(code: FlowCode.inputOutput, message: "the NIC refused the filter")
            }
            if rules.keys.contains(steering.key) {
                throw FlowError(code: FlowCode.exists, message: "a filter with the same match exists")
            }
            if faults.contains(.tableFull) || rules.byHandle.count >= size {
                throw FlowError(code: FlowCode.noSpace, message: "no room for another filter")
            }
            let isEffective = !faults.contains(.rulesIgnored)
            if isEffective { try send(FlowCommand(key: steering.key, queue: steering.queue)) }
            rules.lastHandle += 1
            rules.byHandle[rules.lastHandle] = Rule(key: steering.key, isEffective: isEffective)
            rules.keys.insert(steering.key)
            return rules.lastHandle
        }
    }

    func destroy(_ handle: UInt) throws(FlowError) {
        try rules.withLock { (rules) throws(FlowError) in
            guard let rule = rules.byHandle[handle] else {
                throw FlowError(code: FlowCode.noSuchRule, message: "no such filter")
            }
            if rule.isEffective { try send(FlowCommand(key: rule.key, queue: nil)) }
            rules.byHandle[handle] = nil
            rules.keys.remove(rule.key)
        }
    }

    /// Both words or none.
    private func send(_ command: FlowCommand) throws(FlowError) {
        let ring = commands.handle
        guard ring.freeCount >= 2 else {
            throw FlowError(code: FlowCode.tryAgain, message: "the NIC is busy with earlier filters")
        }
        let (first, second) = command.words
        let isSent = ring.enqueue(first) && ring.enqueue(second)
        precondition(isSent, "a ring with room takes a word")
    }
}
