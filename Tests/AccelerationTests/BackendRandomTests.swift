// SPDX-License-Identifier: BSD-3-Clause

import Dataplane
import Testing

@testable import Acceleration

/// Random events, hostile messages among them, against the laws of ``BackendAccount``.
@Suite struct BackendRandomTests {
    @Test(arguments: UInt64(1)...20)
    func noSequenceOfEventsBreaksTheLaws(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var script = BackendScript()
        var nextID: UInt32 = 1
        for _ in 0..<5_000 {
            script.now += random.next() % 2_000_000
            _ = script.tell(event(&random, script, &nextID))
            if let deadline = script.machine.nextDeadline, random.oneIn(200) {
                script.now = max(script.now, deadline)
                _ = script.tell(.tick)
            }
        }
        finish(&script)
        #expect(script.account.isBalanced)
        #expect(script.account.isEmpty)
        #expect(script.account.allocations > 20, "the sequence hardly leaves the slow path")
        #expect(script.account.connections > 0)
    }

    /// Switches off, answers what is owed, lets the time limits run out.
    private func finish(_ script: inout BackendScript) {
        _ = script.tell(.portResumed)
        _ = script.tell(.wanted(false))
        for _ in 0..<10 {
            script.settle(frontendAnswers: false)
            if let deadline = script.machine.nextDeadline {
                script.now = max(script.now, deadline)
                _ = script.tell(.tick)
            }
        }
    }

    private func event(
        _ random: inout SplitMix64, _ script: BackendScript, _ nextID: inout UInt32
    ) -> BackendEvent {
        let reason = AccelerationReason(.ruleRefused)
        // Mostly what a host and a frontend would do next, so that every rung is reached.
        if !random.oneIn(6) {
            if let owed = script.account.owed.first { return answer(owed, &random, &nextID) }
            if let next = honestMessage(script) { return next }
        }
        switch random.below(36) {
        case 0...4: return .wanted(true)
        case 5...8: return .wanted(random.oneIn(2))
        case 9: return .portSuspended(AccelerationReason(.portDown))
        case 10...12: return .portResumed
        case 13: return .guestGone
        case 14: return .violation(.badLength)
        case 15: return .silent
        case 16: return .leaked(count: random.next() % 50)
        case 17: return .tick
        case 18: return .rule(.created)
        case 19: return .rule(.removed)
        case 20: return .hold(.engaged)
        case 21: return .hold(.released)
        case 22: return .rule(.failed(reason))
        case 23...26: return .candidateSeen
        default: return .message(hostileMessage(&random, script.account.vi ?? nextID))
        }
    }

    private func answer(
        _ owed: BackendAccount.Owed, _ random: inout SplitMix64, _ nextID: inout UInt32
    ) -> BackendEvent {
        switch owed {
        case .allocation:
            if random.oneIn(10) { return .virtualInterface(.unavailable(AccelerationReason(.noFreeVI))) }
            nextID += 1
            return .virtualInterface(.allocated(id: nextID, BackendScript.grant, fenceNonce: random.next()))
        case .ruleCreation:
            return random.oneIn(8) ? .rule(.failed(AccelerationReason(.ruleRefused))) : .rule(.created)
        case .ruleRemoval: return .rule(.removed)
        case .holdEngaging: return .hold(.engaged)
        case .holdReleasing: return .hold(.released)
        }
    }

    private func honestMessage(_ script: BackendScript) -> BackendEvent? {
        let machine = script.machine
        let id = machine.virtualInterface?.id ?? 1
        switch machine.phase {
        case .offering: return .message(.accept(version: 1))
        case .opening: return .message(.opened(id: id))
        case .waiting: return .candidateSeen
        case .proving where !machine.isFenceSent: return .fenceSent(sequence: machine.fenceSequence)
        case .proving where !machine.isFenceReached:
            return .message(.fenceReached(id: id, sequence: machine.fenceSequence, stashed: 0))
        case .proving: return .message(.proven(id: id))
        case .unwinding where machine.virtualInterface?.progress == .open && machine.unwinding?.isTold == true:
            return .message(.drained(id: id))
        case .unwinding where machine.virtualInterface?.progress == .drained: return .message(.closed(id: id))
        case .idle, .allocating, .creatingRule, .connected, .unwinding: return nil
        }
    }

    private func hostileMessage(_ random: inout SplitMix64, _ current: UInt32) -> ControlMessage {
        let id = random.oneIn(3) ? current &+ 1 : current
        let reason = AccelerationReason(.pluginRemoved)
        switch random.below(11) {
        case 0: return .accept(version: UInt16(random.below(3)))
        case 1: return .refuse(reason)
        case 2: return .opened(id: id)
        case 3: return .openFailed(id: id, reason)
        case 4: return .proven(id: id)
        case 5: return .fenceReached(id: id, sequence: UInt32(random.below(4)), stashed: 1)
        case 6: return .fenceExpired(id: id)
        case 7: return .drained(id: id)
        case 8: return .closed(id: id)
        case 9: return .withdraw(id: id, reason)
        default: return .rulesRemoved(id: id)
        }
    }
}
