// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

@testable import Acceleration

@Suite struct FrontendMachineTests {
    private static let mac = MACAddress(rawValue: 0x0200_0000_0007)
    private static let grant = Grant.device(devargs: "net_memif0")
    private static let granting = ControlMessage.grant(id: 7, grant, fenceNonce: 99, settleNanoseconds: 1_000)
    private let lost = AccelerationReason(.portReset)

    enum Rung: Int, CaseIterable { case idle, offered, opening, open, connected, draining, closing }

    private static func offer(_ version: UInt16 = 1) -> FrontendEvent {
        .message(.offer(version: version, mac: mac, plugin: "vi", maximumStash: 256))
    }

    private func machine(at rung: Rung, versions: ClosedRange<UInt16> = 1...1) -> FrontendMachine {
        var machine = FrontendMachine(versions: versions)
        let steps: [(Rung, FrontendEvent)] = [
            (.offered, Self.offer()), (.opening, .message(Self.granting)), (.open, .opened),
            (.connected, .firstFrameSeen), (.connected, .fenceArrived(sequence: 1, stashed: 5)),
            (.draining, .message(.rulesRemoved(id: 7))), (.closing, .viDrained),
        ]
        for (step, event) in steps where step.rawValue <= rung.rawValue { _ = machine.handle(event, now: 0) }
        return machine
    }

    @Test func wholeWayThereAndBack() {
        var machine = FrontendMachine()
        let steps: [(FrontendEvent, [FrontendAction])] = [
            (Self.offer(), [.send(.accept(version: 1)), .stateChanged(.offered)]),
            (
                .message(Self.granting),
                [.openVI(id: 7, Self.grant, fenceNonce: 99, settleNanoseconds: 1_000), .stateChanged(.granted)]
            ),
            (.opened, [.beginStash, .send(.opened(id: 7))]),
            (.firstFrameSeen, [.send(.proven(id: 7)), .stateChanged(.proving)]),
            (.firstFrameSeen, []),
            (
                .fenceArrived(sequence: 1, stashed: 5),
                [.send(.fenceReached(id: 7, sequence: 1, stashed: 5)), .stateChanged(.connected)]
            ),
            (.fenceArrived(sequence: 1, stashed: 5), []),
            (.fenceExpired, []),
            (.message(.rulesRemoved(id: 7)), [.beginDrain, .stateChanged(.draining)]),
            (.firstFrameSeen, []),
            (.viDrained, [.send(.drained(id: 7)), .closeVI(forced: false)]),
            (.viClosed, [.send(.closed(id: 7)), .stateChanged(.none)]),
        ]
        for (event, actions) in steps {
            #expect(machine.handle(event, now: 0) == actions, "on \(event)")
        }
        #expect(machine.violations == 0 && machine.staleMessages == 0 && machine.unexpectedAnswers == 0)
    }

    @Test func fenceMayComeBeforeTheFirstFrame() {
        var machine = machine(at: .open)
        #expect(machine.handle(.fenceArrived(sequence: 1, stashed: 0), now: 0).last == .stateChanged(.proving))
        #expect(machine.handle(.firstFrameSeen, now: 0).last == .stateChanged(.connected))
    }

    @Test func expiredFenceIsToldOnceAndNeverConnects() {
        var machine = machine(at: .open)
        _ = machine.handle(.firstFrameSeen, now: 0)
        #expect(machine.handle(.fenceExpired, now: 0) == [.send(.fenceExpired(id: 7))])
        #expect(machine.handle(.fenceExpired, now: 0) == [])
        #expect(machine.handle(.fenceArrived(sequence: 1, stashed: 0), now: 0) == [])
        #expect(machine.state == .proving)
    }

    @Test func versionsFollowTheRule() {
        var machine = machine(at: .idle, versions: 2...3)
        #expect(machine.handle(Self.offer(1), now: 0).first != .send(.accept(version: 1)))
        #expect(machine.state.reason?.code == .versionMismatch)
        #expect(machine.handle(Self.offer(9), now: 0).first == .send(.accept(version: 3)))
        #expect(machine.handle(Self.offer(2), now: 0) == [.send(.accept(version: 2))])
    }

    @Test func withoutAPluginOffersAreDeclinedUntilOneIsLoaded() {
        var machine = FrontendMachine(isAvailable: false)
        let none = AccelerationReason(.noPlugin)
        #expect(machine.handle(Self.offer(), now: 0) == [.send(.refuse(none)), .stateChanged(.refused(none))])
        _ = machine.handle(.available(.yes), now: 0)
        #expect(machine.handle(Self.offer(), now: 0).first == .send(.accept(version: 1)))
    }

    @Test func pluginThatFailsToOpenIsReported() {
        var machine = machine(at: .opening)
        let words = AccelerationReason(.openFailed, "ENODEV")
        #expect(
            machine.handle(.openFailed(words), now: 0) == [
                .send(.openFailed(id: 7, words)), .stateChanged(.refused(words)),
            ])
    }

    @Test func pluginThatLeavesAsksToBeDrained() {
        var machine = machine(at: .connected)
        let leaving = AccelerationReason(.pluginRemoved)
        #expect(machine.handle(.available(.no(leaving)), now: 0) == [.send(.withdraw(id: 7, leaving))])
        #expect(machine.handle(.available(.no(leaving)), now: 1) == [])
        #expect(machine.handle(.message(.rulesRemoved(id: 7)), now: 2).first == .beginDrain)
        #expect(machine.nextDeadline == nil)
        _ = machine.handle(.viDrained, now: 3)
        _ = machine.handle(.viClosed, now: 4)
        #expect(machine.state == .refused(leaving))
    }

    @Test func pluginThatLeavesGoesByForceIfTheBackendDoesNotAnswer() {
        var machine = machine(at: .connected)
        let end = AccelerationLimits().drain + 5
        _ = machine.handle(.available(.no(AccelerationReason(.pluginRemoved))), now: 5)
        #expect(machine.nextDeadline == end)
        #expect(machine.handle(.tick, now: end - 1) == [])
        #expect(machine.handle(.tick, now: end).first == .closeVI(forced: true))
        // The backend's answer crosses.
        #expect(machine.handle(.message(.rulesRemoved(id: 7)), now: end + 1) == [])
        #expect(machine.violations == 0)
        #expect(machine.handle(.viClosed, now: end + 2).first == .send(.closed(id: 7)))
    }

    @Test func pluginThatLeavesWhileOpeningIsWithdrawnOnceOpen() {
        var machine = machine(at: .opening)
        let leaving = AccelerationReason(.pluginRemoved)
        #expect(machine.handle(.available(.no(leaving)), now: 0) == [])
        #expect(
            machine.handle(.opened, now: 0) == [
                .beginStash, .send(.opened(id: 7)), .send(.withdraw(id: 7, leaving)),
            ])
    }

    @Test func grantForAPluginThatLeftIsNotOpened() {
        var machine = machine(at: .offered)
        let leaving = AccelerationReason(.pluginRemoved)
        _ = machine.handle(.available(.no(leaving)), now: 0)
        #expect(
            machine.handle(.message(Self.granting), now: 0) == [
                .send(.openFailed(id: 7, leaving)), .stateChanged(.refused(leaving)),
            ])
    }

    @Test(arguments: [Rung.open, .connected, .draining])
    func revokeForcesTheVIClosed(rung: Rung) {
        var machine = machine(at: rung)
        let actions = machine.handle(.message(.revoke(id: 7, lost)), now: 0)
        #expect(actions.first == .closeVI(forced: true))
        #expect(machine.state == .draining)
        #expect(
            machine.handle(.viClosed, now: 0) == [.send(.closed(id: 7)), .stateChanged(.refused(lost))])
    }

    @Test func revokeWhileOpeningWaitsForThePlugin() {
        var machine = machine(at: .opening)
        #expect(machine.handle(.message(.revoke(id: 7, lost)), now: 0) == [.stateChanged(.draining)])
        #expect(machine.handle(.opened, now: 0) == [.closeVI(forced: true)])
        #expect(machine.handle(.viClosed, now: 0).first == .send(.closed(id: 7)))
        var failing = self.machine(at: .opening)
        _ = failing.handle(.message(.revoke(id: 7, lost)), now: 0)
        let words = AccelerationReason(.openFailed)
        #expect(failing.handle(.openFailed(words), now: 0).first == .send(.openFailed(id: 7, words)))
        #expect(failing.state == .refused(lost))
    }

    @Test func rulesRemovedWhileOpeningDrainsOnceOpen() {
        var machine = machine(at: .opening)
        #expect(machine.handle(.message(.rulesRemoved(id: 7)), now: 0) == [.stateChanged(.draining)])
        #expect(machine.handle(.opened, now: 0) == [.send(.opened(id: 7)), .beginDrain])
    }

    @Test func offerThatComesWhileARevokedVIClosesIsAnsweredAfterwards() {
        var machine = machine(at: .connected)
        _ = machine.handle(.message(.revoke(id: 7, lost)), now: 0)
        #expect(machine.handle(Self.offer(), now: 0) == [])
        let actions = machine.handle(.viClosed, now: 0)
        #expect(actions.contains(.send(.closed(id: 7))))
        #expect(actions.suffix(2) == [.send(.accept(version: 1)), .stateChanged(.offered)])
    }

    @Test func postponedOfferThatIsTakenBackIsStillAnswered() {
        var machine = machine(at: .connected)
        _ = machine.handle(.message(.revoke(id: 7, lost)), now: 0)
        _ = machine.handle(Self.offer(), now: 0)
        let late = AccelerationReason(.timeout)
        #expect(machine.handle(.message(.revoke(id: 0, late)), now: 0) == [.send(.refuse(late))])
        #expect(machine.handle(.viClosed, now: 0) == [.send(.closed(id: 7)), .stateChanged(.refused(lost))])
    }

    @Test func offerTakenBackBecauseUnwantedLeavesNoReason() {
        var machine = machine(at: .offered)
        let actions = machine.handle(.message(.revoke(id: 0, AccelerationReason(.notWanted))), now: 0)
        #expect(actions == [.stateChanged(.none)])
    }

    @Test(arguments: Rung.allCases)
    func stoppingGuestLetsGoAtOnce(rung: Rung) {
        var machine = machine(at: rung)
        var actions = machine.handle(.guestStopping, now: 0)
        if rung == .opening { actions += machine.handle(.opened, now: 0) }
        let isForced = [.opening, .open, .connected, .draining].contains(rung)
        #expect(actions.contains(.closeVI(forced: true)) == isForced)
        if isForced || rung == .closing {
            #expect(machine.handle(.viClosed, now: 0).first == .send(.closed(id: 7)))
        }
        #expect(machine.grantID == nil)
        if rung != .offered {
            let answer = machine.handle(Self.offer(), now: 0).first
            #expect(answer == .send(.refuse(AccelerationReason(.guestGone))))
        }
    }

    @Test func newestGenerationOfLocalAddressesWinsInEveryState() {
        for rung in Rung.allCases {
            var machine = machine(at: rung)
            let addresses = [Self.mac]
            #expect(
                machine.handle(.message(.localAddresses(generation: 5, addresses)), now: 0)
                    == [.updateLocalAddresses(generation: 5, addresses)])
            #expect(machine.handle(.message(.localAddresses(generation: 5, [])), now: 0) == [])
            #expect(machine.handle(.message(.localAddresses(generation: 4, [])), now: 0) == [])
            #expect(machine.localAddressGeneration == 5)
        }
    }

    @Test func transmitFenceIsPassedOnOnlyWhileAVIIsOpen() {
        for rung in Rung.allCases {
            var machine = machine(at: rung)
            let actions = machine.handle(.message(.transmitFenceConfirmed(sequence: 3)), now: 0)
            let isOpen = [.open, .connected, .draining].contains(rung)
            #expect(actions == (isOpen ? [.transmitFenceConfirmed(sequence: 3)] : []), "\(rung)")
        }
    }

    @Test(arguments: Rung.allCases)
    func staleGrantIsIgnored(rung: Rung) {
        var machine = machine(at: rung)
        #expect(machine.handle(.message(.rulesRemoved(id: 6)), now: 0) == [])
        #expect(machine.handle(.message(.revoke(id: 6, lost)), now: 0) == [])
        #expect(machine.staleMessages == 2 && machine.violations == 0)
    }

    /// One row per lie: a message that has no place at that rung.
    @Test(
        arguments: [
            (.idle, granting), (.opening, granting), (.connected, granting), (.closing, granting),
            (.open, .offer(version: 1, mac: mac, plugin: "vi", maximumStash: 1)),
            (.draining, .offer(version: 1, mac: mac, plugin: "vi", maximumStash: 1)),
            (.draining, .rulesRemoved(id: 7)), (.closing, .rulesRemoved(id: 7)), (.connected, .accept(version: 1)),
        ] as [(Rung, ControlMessage)])
    func messageOutOfTurnEndsAccelerationOnly(rung: Rung, message: ControlMessage) {
        var machine = machine(at: rung)
        let actions = machine.handle(.message(message), now: 0)
        #expect(machine.violations == 1)
        if rung == .opening {
            #expect(machine.handle(.opened, now: 0) == [.closeVI(forced: true)])
        } else if rung != .idle && rung != .closing {
            #expect(actions.contains(.closeVI(forced: true)))
        }
        if rung != .idle { #expect(machine.handle(.viClosed, now: 0).first == .send(.closed(id: 7))) }
        #expect(machine.state.reason?.code == .protocolViolation)
        #expect(machine.handle(Self.offer(), now: 0).count == 1, "declined, and nothing else")
    }

    @Test func answersThatNobodyWaitsForAreCounted() {
        var machine = machine(at: .idle)
        for event in [FrontendEvent.opened, .openFailed(lost), .viDrained, .viClosed] {
            #expect(machine.handle(event, now: 0) == [])
        }
        #expect(machine.unexpectedAnswers == 4)
    }
}
