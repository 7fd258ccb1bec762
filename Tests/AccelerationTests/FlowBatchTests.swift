// SPDX-License-Identifier: BSD-3-Clause

import Dataplane
import Testing
import Wire

@testable import Acceleration

@Suite struct FlowBatchTests {
    private static func entry(_ id: UInt32) -> FlowEntry {
        FlowEntry(id: id, FlowSelector(IPv4Address(rawValue: 1), .udp, port: UInt16(id)))
    }
    private static let first = ControlProtocol.firstFlowSequence

    // MARK: One batch, step by step

    @Test func aBatchOfBothKinds() {
        var machine = FlowBatchMachine.Backend(grant: 7, settleNanoseconds: 10)
        _ = steer(&machine, [1, 2])
        let sequence = Self.first + 1
        #expect(
            machine.handle(.change(adds: [Self.entry(3)], removes: [1]), now: 5) == [
                .send(.changeFlows(id: 7, sequence: sequence, adds: [Self.entry(3)], removes: [1])),
                .hold([Self.entry(1).selector]),
            ])
        // No rule before both have answered.
        #expect(machine.handle(.message(.flowsReady(id: 7, sequence: sequence)), now: 6) == [])
        #expect(machine.handle(.held, now: 7) == [.destroyRule(Self.entry(1))])
        // The new rule only when the old one is out: there may be no room for both.
        #expect(machine.handle(.rule(1, .removed), now: 8) == [.createRule(Self.entry(3))])
        #expect(
            machine.handle(.rule(3, .created), now: 9) == [
                .send(.flowRulesChanged(id: 7, sequence: sequence, failed: [])), .sendFence(sequence: sequence),
            ])
        #expect(machine.handle(.fenceSent(sequence: sequence), now: 10) == [])
        #expect(machine.handle(.message(.flowsDrained(id: 7, sequence: sequence)), now: 11) == [.release])
        #expect(machine.handle(.message(.flowFenceReached(id: 7, sequence: sequence, stashed: 4)), now: 12) == [])
        #expect(machine.isHolding)
        var outcome = FlowBatchMachine.Outcome()
        outcome.added = [3]
        outcome.removed = [1]
        #expect(machine.handle(.released, now: 13) == [.completed(outcome)])
        #expect(machine.isIdle && machine.steered.map(\.id) == [2, 3] && machine.nextDeadline == nil)
    }

    /// Goes through a batch that adds those flows.
    private func steer(_ machine: inout FlowBatchMachine.Backend, _ ids: [UInt32]) -> UInt32 {
        guard
            case .send(.changeFlows(_, let sequence, _, _)) = machine.handle(
                .change(adds: ids.map(Self.entry), removes: []), now: 1
            ).first
        else { return 0 }
        _ = machine.handle(.message(.flowsReady(id: 7, sequence: sequence)), now: 1)
        for id in ids { _ = machine.handle(.rule(id, .created), now: 1) }
        _ = machine.handle(.message(.flowFenceReached(id: 7, sequence: sequence, stashed: 0)), now: 1)
        return sequence
    }

    @Test func refusedRulesAreToldAndForgotten() {
        var machine = FlowBatchMachine.Backend(grant: 7, settleNanoseconds: 10)
        _ = machine.handle(.change(adds: [Self.entry(1), Self.entry(2)], removes: []), now: 1)
        _ = machine.handle(.message(.flowsReady(id: 7, sequence: Self.first)), now: 1)
        _ = machine.handle(.rule(1, .failed), now: 1)
        #expect(
            machine.handle(.rule(2, .created), now: 1) == [
                .send(.flowRulesChanged(id: 7, sequence: Self.first, failed: [1])), .sendFence(sequence: Self.first),
            ])
        var outcome = FlowBatchMachine.Outcome()
        outcome.added = [2]
        outcome.failed = [1]
        #expect(
            machine.handle(.message(.flowFenceReached(id: 7, sequence: Self.first, stashed: 0)), now: 1) == [.completed(outcome)])
    }

    @Test func withdrawingTakesAllBackInBatches() {
        var machine = FlowBatchMachine.Backend(grant: 7, settleNanoseconds: 10)
        _ = steer(&machine, Array(1...30))
        _ = steer(&machine, Array(31...40))
        var batches: [Int] = []
        var pending = machine.handle(.withdraw, now: 2)
        var isEmptied = false
        while !pending.isEmpty {
            let action = pending.removeFirst()
            switch action {
            case .send(.changeFlows(_, let sequence, let adds, let removes)):
                #expect(adds.isEmpty)
                batches.append(removes.count)
                pending += machine.handle(.message(.flowsReady(id: 7, sequence: sequence)), now: 2)
            case .send(.flowRulesChanged(_, let sequence, _)):
                pending += machine.handle(.message(.flowsDrained(id: 7, sequence: sequence)), now: 2)
            case .hold: pending += machine.handle(.held, now: 2)
            case .release: pending += machine.handle(.released, now: 2)
            case .destroyRule(let entry): pending += machine.handle(.rule(entry.id, .removed), now: 2)
            case .emptied: isEmptied = true
            case .completed: break
            default: Issue.record("\(action)")
            }
        }
        #expect(isEmptied && machine.isOver && machine.ruleCount == 0 && !machine.isHolding)
        #expect(batches == [32, 8])
    }

    @Test(arguments: 0..<7)
    func abandonedAtEachStepNothingIsLeft(steps: Int) {
        var machine = FlowBatchMachine.Backend(grant: 7, settleNanoseconds: 10)
        _ = steer(&machine, [1, 2])
        let sequence = Self.first + 1
        let events: [FlowBatchMachine.BackendEvent] = [
            .change(adds: [Self.entry(3)], removes: [1]), .message(.flowsReady(id: 7, sequence: sequence)), .held,
            .rule(1, .removed), .rule(3, .created), .message(.flowsDrained(id: 7, sequence: sequence)),
        ]
        var asked: [FlowBatchMachine.BackendAction] = []
        for event in events.prefix(steps) { asked += machine.handle(event, now: 2) }
        asked += machine.handle(.abandon, now: 3)
        // What was asked for is answered still, or now.
        var answered = Set(steps > 2 ? ["hold"] : [])
        if steps > 3 { answered.insert("destroy1") }
        if steps > 4 { answered.insert("create3") }
        var isEmptied = false
        while !asked.isEmpty {
            let action = asked.removeFirst()
            switch action {
            case .hold where answered.insert("hold").inserted: asked += machine.handle(.held, now: 4)
            case .release: asked += machine.handle(.released, now: 4)
            case .createRule(let entry) where answered.insert("create\(entry.id)").inserted:
                asked += machine.handle(.rule(entry.id, .created), now: 4)
            case .destroyRule(let entry) where answered.insert("destroy\(entry.id)").inserted:
                asked += machine.handle(.rule(entry.id, .removed), now: 4)
            case .emptied: isEmptied = true
            default: break
            }
        }
        #expect(isEmptied && machine.isOver && machine.ruleCount == 0 && !machine.isHolding)
        #expect(machine.unexpectedAnswers == 0)
    }

    @Test func timeLimitsAndViolationsFailTheMachine() {
        var machine = FlowBatchMachine.Backend(grant: 7, settleNanoseconds: 10)
        _ = machine.handle(.change(adds: [Self.entry(1)], removes: []), now: 1)
        let deadline = machine.nextDeadline ?? 0
        #expect(machine.handle(.tick, now: deadline - 1) == [])
        #expect(
            machine.handle(.tick, now: deadline) == [
                .failed(AccelerationReason(.timeout, "a change of flows was not got ready for"))
            ])
        let rows: [ControlMessage] = [
            .flowsReady(id: 7, sequence: Self.first + 5), .flowFenceReached(id: 7, sequence: Self.first, stashed: 0),
            .flowFenceExpired(id: 7, sequence: Self.first), .flowsDrained(id: 7, sequence: Self.first), .closed(id: 7),
        ]
        for message in rows {
            var machine = FlowBatchMachine.Backend(grant: 7, settleNanoseconds: 10)
            _ = machine.handle(.change(adds: [Self.entry(1)], removes: []), now: 1)
            guard case .failed(let reason) = machine.handle(.message(message), now: 2).first else {
                Issue.record("\(message) was taken")
                continue
            }
            #expect(reason.code == .protocolViolation)
            // Nothing more is believed, or asked for, until it is abandoned.
            #expect(machine.handle(.message(.flowsReady(id: 7, sequence: Self.first)), now: 3) == [])
            #expect(machine.handle(.abandon, now: 4) == [.emptied])
        }
    }

    @Test func aBackendThatBreaksTheRulesIsFoundOut() {
        let change = { (sequence: UInt32, adds: [UInt32], removes: [UInt32]) in
            FlowBatchMachine.FrontendEvent.message(
                .changeFlows(id: 7, sequence: sequence, adds: adds.map(Self.entry), removes: removes))
        }
        let rows: [[FlowBatchMachine.FrontendEvent]] = [
            [change(Self.first, [1], []), change(Self.first + 1, [2], [])],
            [change(Self.first, [1, 1], [])],
            [change(Self.first, [], [1])],
            [.message(.flowRulesChanged(id: 7, sequence: Self.first, failed: []))],
            [change(Self.first, [1], []), .message(.flowRulesChanged(id: 7, sequence: Self.first, failed: []))],
            [
                change(Self.first, [1], []), .begun(sequence: Self.first),
                .message(.flowRulesChanged(id: 7, sequence: Self.first, failed: [2])),
            ],
        ]
        for events in rows {
            var machine = FlowBatchMachine.Frontend(grant: 7)
            var actions: [FlowBatchMachine.FrontendAction] = []
            for event in events { actions = machine.handle(event) }
            let isViolation = if case .violated = actions.last { true } else { false }
            #expect(isViolation, "\(events)")
        }
    }

    @Test func aFrontendTakesSoManyFlowsAndNoMore() {
        var machine = FlowBatchMachine.Frontend(grant: 7)
        var sequence = Self.first
        for first in stride(from: 1, through: ControlProtocol.maximumFlows, by: 32) {
            let adds = (first..<first + 32).map { Self.entry(UInt32($0)) }
            _ = machine.handle(.message(.changeFlows(id: 7, sequence: sequence, adds: adds, removes: [])))
            _ = machine.handle(.begun(sequence: sequence))
            _ = machine.handle(.message(.flowRulesChanged(id: 7, sequence: sequence, failed: [])))
            _ = machine.handle(.fenceArrived(sequence: sequence, stashed: 0))
            #expect(machine.isIdle)
            sequence += 1
        }
        let actions = machine.handle(.message(.changeFlows(id: 7, sequence: sequence, adds: [Self.entry(5000)], removes: [])))
        #expect(actions == [.violated("too many flows")])
    }

    // MARK: Joined

    /// What a run has to come to. The whole pair in an expectation would be printed whole.
    private func expect(_ condition: Bool, _ what: String, location: SourceLocation = #_sourceLocation) {
        if !condition { Issue.record("\(what)", sourceLocation: location) }
    }

    private func finish(_ pair: inout JoinedFlowMachines) {
        for _ in 0..<5_000 where !pair.isEmptied { pair.step() }
        pair.isSending = false
        for _ in 0..<20_000 where !(pair.isEmptied && pair.framesUnderWay == 0) { pair.step() }
        expect(pair.isEmptied, "not emptied")
        expect(pair.isNothingInPort, "rules are left")
        expect(pair.creations == pair.destructions, "\(pair.creations) created, \(pair.destructions) destroyed")
        expect(pair.holds == pair.releases, "\(pair.holds) holds, \(pair.releases) releases")
        expect(pair.framesUnderWay == 0, "\(pair.framesUnderWay) frames are on their way")
        expect(pair.framesDelivered + pair.lost == pair.framesSent, "frames are missing")
        expect(pair.backend.unexpectedAnswers == 0, "unexpected answers")
    }

    /// With nobody in trouble not a frame is lost, and none overtakes another of its flow.
    @Test(arguments: UInt64(0)..<20)
    func nothingIsLostOrOvertaken(seed: UInt64) {
        var pair = JoinedFlowMachines(seed: seed)
        for _ in 0..<40_000 {
            pair.step()
            if pair.random.oneIn(20) { pair.change() }
        }
        pair.tellBackend(.withdraw)
        finish(&pair)
        expect(pair.lost == 0 && pair.overtakings == 0 && pair.failure == nil, "lost \(pair.lost), overtaken \(pair.overtakings)")
        expect(
            pair.frontend.isIdle && pair.frontend.flows.isEmpty && pair.frontend.unexpectedAnswers == 0,
            "the frontend is not at rest")
        // It went both ways, and each way had something to keep back.
        expect(
            pair.outcomes.count > 50 && pair.framesHeld > 20 && pair.framesStashed > 20 && pair.framesBySteering > 500,
            "\(pair.outcomes.count) batches, \(pair.framesHeld) held, \(pair.framesStashed) stashed, \(pair.framesBySteering) steered"
        )
    }

    /// Rules refused, fences lost: what expires is counted, nothing else is overtaken.
    @Test(arguments: UInt64(100)..<140)
    func inTroubleNothingElseIsOvertaken(seed: UInt64) {
        var pair = JoinedFlowMachines(seed: seed)
        pair.troubleOneIn = 12
        for _ in 0..<20_000 {
            pair.step()
            if pair.random.oneIn(20) { pair.change() }
        }
        if pair.failure == nil { pair.tellBackend(.withdraw) }
        for _ in 0..<20_000 where !pair.isEmptied { pair.step() }
        // A guest that waits for a fence that was lost, with nothing to keep back, is found by the time limit.
        if !pair.isEmptied {
            pair.now += 60_000_000_000
            pair.tellBackend(.tick)
        }
        finish(&pair)
        if pair.expiries == 0 { expect(pair.overtakings == 0, "\(pair.overtakings) overtakings") }
    }

    /// The VI is lost, or the guest falls silent, at any moment.
    @Test(arguments: UInt64(200)..<280)
    func atAnyMomentTheEndLeavesNothing(seed: UInt64) {
        var pair = JoinedFlowMachines(seed: seed)
        let end = 200 + pair.random.below(3000)
        for _ in 0..<end {
            pair.step()
            if pair.random.oneIn(20) { pair.change() }
        }
        if pair.random.oneIn(2) {
            pair.reset()
        } else {
            pair.isGuestStuck = true
            if pair.backend.isIdle { pair.change() }
            pair.tellBackend(.withdraw)
            for _ in 0..<500 { pair.step() }
            pair.now += 60_000_000_000
            pair.tellBackend(.tick)
        }
        finish(&pair)
        expect(pair.overtakings == 0, "\(pair.overtakings) overtakings")
    }
}
