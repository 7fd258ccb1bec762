// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

@testable import Acceleration

/// A backend machine whose host answers as told: leads it to a rung of the ladder and compares what it does.
struct BackendScript {
    static let id: UInt32 = 7
    static let mac = MACAddress(rawValue: 0x0200_0000_0007)
    static let grant = Grant.queuePair(port: 0, rxQueue: 1, txQueue: 1, mempool: "vi1")
    static let offer = BackendAction.send(.offer(version: 1, mac: mac, plugin: "vi", maximumStash: 256))
    static let granted = BackendAction.send(.grant(id: id, grant, fenceNonce: 99, settleNanoseconds: 1_000))

    /// The rungs of the ladder, in order.
    enum Rung: Int, CaseIterable, Comparable {
        case offering, allocating, opening, waiting, creatingRule, proving, fenceSent, fenceReached, connected

        static func < (left: Rung, right: Rung) -> Bool { left.rawValue < right.rawValue }
    }

    var machine: BackendMachine
    var account = BackendAccount()
    var now: UInt64 = 0

    init(limits: AccelerationLimits = AccelerationLimits(), versions: ClosedRange<UInt16> = 1...1) {
        var configuration = BackendMachine.Configuration(
            mac: Self.mac, plugin: "vi", maximumStash: 256, settleNanoseconds: 1_000)
        configuration.limits = limits
        configuration.versions = versions
        machine = BackendMachine(configuration)
    }

    init(at rung: Rung) {
        self.init()
        lead(to: rung)
    }

    mutating func tell(_ event: BackendEvent) -> [BackendAction] {
        account.willHandle(event)
        let actions = machine.handle(event, now: now)
        for action in actions { account.did(action) }
        return actions
    }

    mutating func expect(
        _ event: BackendEvent, _ expected: [BackendAction], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let actions = tell(event)
        #expect(actions == expected, "on \(event)", sourceLocation: sourceLocation)
    }

    /// From `none`, up to `rung`.
    mutating func lead(to rung: Rung, sourceLocation: SourceLocation = #_sourceLocation) {
        let steps: [(Rung, BackendEvent)] = [
            (.offering, .wanted(true)),
            (.allocating, .message(.accept(version: 1))),
            (.opening, .virtualInterface(.allocated(id: Self.id, Self.grant, fenceNonce: 99))),
            (.waiting, .message(.opened(id: Self.id))),
            (.creatingRule, .candidateSeen),
            (.proving, .rule(.created)),
            (.fenceSent, .fenceSent(sequence: machine.fenceSequence &+ 1)),
            (.fenceReached, .message(.fenceReached(id: Self.id, sequence: machine.fenceSequence &+ 1, stashed: 3))),
            (.connected, .message(.proven(id: Self.id))),
        ]
        for (step, event) in steps where step <= rung { _ = tell(event) }
    }

    /// Lets time pass until the machine's own deadline, and ticks.
    mutating func expire(sourceLocation: SourceLocation = #_sourceLocation) -> [BackendAction] {
        guard let deadline = machine.nextDeadline else {
            Issue.record("no deadline", sourceLocation: sourceLocation)
            return []
        }
        now = deadline - 1
        expect(.tick, [], sourceLocation: sourceLocation)
        now = deadline
        return tell(.tick)
    }

    /// Answers for host and frontend, as an honest pair would, until nothing is owed.
    mutating func settle(frontendAnswers: Bool = true) {
        var isTold = machine.unwinding?.isTold ?? false
        var isRevoked = machine.unwinding?.isRevoked ?? false
        for _ in 0..<20 {
            if let owed = account.owed.first {
                let actions: [BackendAction]
                switch owed {
                case .allocation:
                    actions = tell(.virtualInterface(.allocated(id: Self.id, Self.grant, fenceNonce: 99)))
                case .ruleCreation: actions = tell(.rule(.created))
                case .ruleRemoval: actions = tell(.rule(.removed))
                case .holdEngaging: actions = tell(.hold(.engaged))
                case .holdReleasing: actions = tell(.hold(.released))
                }
                if actions.contains(.send(.rulesRemoved(id: Self.id))) { isTold = true }
            } else if machine.unwinding?.awaitsFence == true {
                _ = tell(.fenceSent(sequence: machine.fenceSequence))
            } else if frontendAnswers, account.mayBeTouched, let vi = machine.virtualInterface {
                isRevoked = isRevoked || machine.unwinding?.isRevoked == true
                isTold = isTold || machine.unwinding?.isTold == true
                if isRevoked {
                    _ = tell(.message(.closed(id: vi.id)))
                } else if isTold, vi.progress == .opening {
                    _ = tell(.message(.opened(id: vi.id)))
                } else if isTold, vi.progress == .open {
                    _ = tell(.message(.drained(id: vi.id)))
                } else if isTold {
                    _ = tell(.message(.closed(id: vi.id)))
                }
            }
        }
    }
}
