// SPDX-License-Identifier: BSD-3-Clause

import Dataplane
import Testing

@testable import Acceleration

@Suite struct JoinedMachinesTests {
    private func run(_ pair: inout JoinedMachines, until isReached: (JoinedMachines) -> Bool) -> Bool {
        for _ in 0..<5_000 {
            if isReached(pair) { return true }
            pair.step()
        }
        return false
    }

    @Test func tenThousandSwitchesThereAndBack() {
        var pair = JoinedMachines(seed: 42)
        for round in 0..<10_000 {
            pair.tellBackend(.wanted(true))
            let isConnected = run(&pair) { $0.backend.state == .connected && $0.frontend.state == .connected }
            pair.tellBackend(.wanted(false))
            let isBack = run(&pair) { $0.backend.state == .none && $0.frontend.state == .none && $0.isAtRest }
            if !isConnected || !isBack {
                Issue.record("round \(round): \(pair.backend.state), \(pair.frontend.state)")
                break
            }
        }
        #expect(pair.account.connections == 10_000)
        #expect(pair.account.reclaims == 10_000)
        #expect(pair.account.isBalanced && pair.account.quarantines == 0)
        #expect(pair.opens == 10_000 && pair.closes == 10_000)
        #expect(pair.backend.violations == 0 && pair.frontend.violations == 0)
        #expect(pair.backend.unexpectedAnswers == 0 && pair.frontend.unexpectedAnswers == 0)
    }

    /// Whatever happens to two honest sides, at any moment, neither takes the other for a liar.
    @Test(arguments: UInt64(100)..<120)
    func honestSidesNeverViolateAndAlwaysComeBack(seed: UInt64) {
        var pair = JoinedMachines(seed: seed)
        pair.troubleOneIn = 20
        for _ in 0..<30_000 {
            pair.step()
            if pair.random.oneIn(50) { disturb(&pair) }
        }
        pair.tellBackend(.portResumed)
        pair.tellBackend(.wanted(false))
        pair.tellFrontend(.available(.yes))
        let isAtRest = run(&pair) {
            guard $0.isAtRest, $0.backend.nextDeadline == nil else { return false }
            return $0.frontend.state.isAtRest && $0.backend.state.isAtRest
        }
        #expect(isAtRest, "\(pair.backend.state), \(pair.frontend.state)")
        #expect(pair.account.isBalanced)
        #expect(pair.opens == pair.closes)
        #expect(pair.backend.violations == 0 && pair.frontend.violations == 0)
        #expect(pair.account.connections > 0 && pair.account.allocations > 50)
        // It still works.
        pair.troubleOneIn = .max
        pair.tellBackend(.wanted(true))
        let isConnected = run(&pair) { $0.backend.state == .connected && $0.frontend.state == .connected }
        #expect(isConnected)
    }

    private func disturb(_ pair: inout JoinedMachines) {
        switch pair.random.below(30) {
        case 0...3: pair.tellBackend(.wanted(false))
        case 4...7: pair.tellBackend(.wanted(true))
        case 8: pair.tellBackend(.portSuspended(AccelerationReason(.portReset)))
        case 9: pair.tellBackend(.portResumed)
        case 10: pair.tellFrontend(.available(.no(AccelerationReason(.pluginRemoved))))
        case 11: pair.tellFrontend(.available(.yes))
        case 12: pair.tellFrontend(.guestStopping)
        case 13: pair.tellBackend(.silent)
        case 14: pair.tellBackend(.leaked(count: 60))
        case 15: pair.replaceGuest()
        case 16...27:
            // The operator asks for it once more.
            pair.tellFrontend(.available(.yes))
            pair.tellBackend(.portResumed)
            if pair.random.oneIn(3) { pair.tellBackend(.wanted(false)) }
            pair.tellBackend(.wanted(true))
        default:
            // A long pause: time limits run out while messages are under way.
            pair.now += pair.random.next() % 4_000_000_000
            pair.tick()
        }
    }
}

extension AccelerationState {
    fileprivate var isAtRest: Bool {
        switch self {
        case .none, .refused, .quarantined: true
        case .offered, .granted, .proving, .connected, .draining: false
        }
    }
}
