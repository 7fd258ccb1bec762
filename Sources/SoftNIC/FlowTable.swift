// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Synchronization

/// The control plane's side of the flow table: answers flow calls as the personality's driver would, and sends what it
/// accepted to the engine, which lets it take effect late.
@safe
final class FlowTable: Sendable {
    private let personality: any FlowPersonality
    private let size: Int
    private let commands: EngineCommands
    private let state: PinnedBlock<EngineState>
    /// Frames and bytes of each rule in turn.
    private let counters: CounterBlock
    private let contents: Lock<Contents>

    private struct Contents {
        var rules: [UInt: Rule] = [:]
        var handles: [Match: UInt] = [:]
        var places: [FilterTable: Int] = [:]
        var driver = FlowState()
        var lastHandle: UInt = 0
        /// Numbers that no rule has.
        var free: [Int]
        /// Why there can be no rules now.
        var pause: FlowError?
    }

    private struct Rule {
        var steering: Steering
        let number: Int
        /// Whether the engine knows of it.
        let isEffective: Bool
        /// What the counters were when it began.
        let base: FlowCounts
    }

    init(_ configuration: SoftNICConfiguration, commands: EngineCommands, state: PinnedBlock<EngineState>) {
        personality = configuration.personality.flowEngine
        size = configuration.flowTableSize
        self.commands = commands
        self.state = state
        counters = CounterBlock(count: configuration.flowTableSize * 2)
        contents = Lock(Contents(free: Array((0..<configuration.flowTableSize).reversed())))
    }

    var ruleCounters: Counters { counters.counters }
    var count: Int { contents.withLock { $0.rules.count } }

    func validate(_ rule: FlowRule, queues: Int) throws(FlowError) {
        try contents.withLock { (contents) throws(FlowError) in
            _ = try personality.steering(of: rule, FlowCall(creates: false, queues: queues), &contents.driver)
        }
    }

    func create(_ rule: FlowRule, queues: Int) throws(FlowError) -> UInt {
        try contents.withLock { (contents) throws(FlowError) -> UInt in
            if let pause = contents.pause { throw pause }
            let call = FlowCall(creates: true, queues: queues)
            let steering = try personality.steering(of: rule, call, &contents.driver)
            let faults = unsafe SoftNICFaults(rawValue: state.pointer.pointee.faults.load(ordering: .relaxed))
            if faults.contains(.creationRefused) {
                throw FlowError(code: FlowCode.inputOutput, message: "the NIC refused the filter")
            }
            if !steering.isWholePort, let handle = contents.handles[steering.match] {
                throw try refuse(steering, duplicateOf: handle, &contents)
            }
            if faults.contains(.tableFull) {
                throw FlowError(code: FlowCode.noSpace, message: "no room for another filter")
            }
            guard contents.rules.count < size, let number = contents.free.last else { throw personality.fullError }
            guard commands.hasRoom else { throw Self.isBusy }
            try personality.admit(steering, count: contents.places[steering.table, default: 0], &contents.driver)
            let isEffective = !faults.contains(.rulesIgnored) && !steering.isInert
            if isEffective { try send(begin: true, steering, number) }
            contents.free.removeLast()
            contents.lastHandle += 1
            contents.rules[contents.lastHandle] = Rule(
                steering: steering, number: number, isEffective: isEffective, base: counts(number))
            if !steering.isWholePort { contents.handles[steering.match] = contents.lastHandle }
            contents.places[steering.table, default: 0] += 1
            return contents.lastHandle
        }
    }

    /// The error for a rule that matches what another one does, which may be turned on the way.
    private func refuse(
        _ steering: Steering, duplicateOf handle: UInt, _ contents: inout Contents
    ) throws(FlowError) -> FlowError {
        guard let existing = contents.rules[handle] else { return personality.fullError }
        let duplicate = personality.refusal(ofDuplicate: steering, of: existing.steering)
        if duplicate.redirects {
            if existing.isEffective { try send(begin: true, steering, existing.number) }
            contents.rules[handle]?.steering.verdict = steering.verdict
        }
        return duplicate.error
    }

    func destroy(_ handle: UInt) throws(FlowError) {
        try contents.withLock { (contents) throws(FlowError) in
            guard let rule = contents.rules[handle] else {
                throw FlowError(code: FlowCode.noSuchRule, message: "no such filter")
            }
            if rule.isEffective { try send(begin: false, rule.steering, rule.number) }
            contents.rules[handle] = nil
            if !rule.steering.isWholePort { contents.handles[rule.steering.match] = nil }
            contents.free.append(rule.number)
            let remaining = contents.places[rule.steering.table, default: 1] - 1
            contents.places[rule.steering.table] = remaining
            personality.forget(rule.steering, remaining: remaining, &contents.driver)
        }
    }

    /// What a rule with a COUNT action has counted.
    func query(_ handle: UInt) throws(FlowError) -> FlowCounts {
        try contents.withLock { (contents) throws(FlowError) -> FlowCounts in
            guard let rule = contents.rules[handle] else {
                throw FlowError(code: FlowCode.noSuchRule, message: "no such filter")
            }
            guard rule.steering.isCounted else {
                throw FlowError(code: FlowCode.notSupported, message: "the flow has no counter to query")
            }
            let now = counts(rule.number)
            return FlowCounts(frames: now.frames &- rule.base.frames, bytes: now.bytes &- rule.base.bytes)
        }
    }

    private func counts(_ number: Int) -> FlowCounts {
        FlowCounts(frames: counters.counters[number * 2], bytes: counters.counters[number * 2 + 1])
    }

    /// Forgets every rule, as the NIC does when its port ends a life; the next one is `epoch`. Until ``resume(epoch:)`` there
    /// are no new ones, for the reason given.
    func reset(epoch: UInt32, pause: FlowError) {
        contents.withLock { contents in
            unsafe state.pointer.pointee.epoch.store(epoch, ordering: .releasing)
            for rule in contents.rules.values {
                contents.free.append(rule.number)
                let remaining = contents.places[rule.steering.table, default: 1] - 1
                contents.places[rule.steering.table] = remaining
                personality.forget(rule.steering, remaining: remaining, &contents.driver)
            }
            contents.rules = [:]
            contents.handles = [:]
            contents.pause = pause
        }
    }

    func resume(epoch: UInt32) {
        contents.withLock { contents in
            unsafe state.pointer.pointee.epoch.store(epoch, ordering: .releasing)
            contents.pause = nil
        }
    }

    private func send(begin: Bool, _ steering: Steering, _ number: Int) throws(FlowError) {
        let epoch = unsafe state.pointer.pointee.epoch.load(ordering: .relaxed) & 0xFF_FFFF
        let command =
            if steering.isWholePort {
                FlowCommand(
                    FlowCommand.Operation.spreadAll, epoch: epoch, verdict: begin ? steering.verdict : .spread(0))
            } else {
                FlowCommand(
                    begin ? FlowCommand.Operation.insertRule : FlowCommand.Operation.removeRule, epoch: epoch,
                    rule: number, verdict: steering.verdict, match: steering.match)
            }
        guard commands.send(command) else { throw Self.isBusy }
    }

    private static let isBusy = FlowError(code: FlowCode.tryAgain, message: "the NIC is busy with earlier filters")
}
