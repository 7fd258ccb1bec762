// SPDX-License-Identifier: BSD-3-Clause

import Testing

@testable import Acceleration

/// Time limits, ports that go away, guests that go away, guests that lie.
@Suite struct BackendTroubleTests {
    private let id = BackendScript.id
    private let down = AccelerationReason(.portDown, "no link")

    @Test func offerWithoutAnswerIsTakenBack() {
        var script = BackendScript(at: .offering)
        #expect(script.machine.nextDeadline == AccelerationLimits().offer)
        let reason = AccelerationReason(.timeout, "no answer to the offer")
        #expect(script.expire() == [.send(.revoke(id: 0, reason)), .stateChanged(.refused(reason))])
    }

    @Test func onlyTheAnswerToTheNewestOfferCounts() {
        var script = BackendScript(at: .offering)
        _ = script.expire()
        #expect(script.expire() == [BackendScript.offer])
        script.expect(.message(.accept(version: 1)), [])
        #expect(script.machine.staleMessages == 1)
        script.expect(.message(.accept(version: 1)), [.allocateVI, .stateChanged(.offered)])
    }

    @Test func unopenedVIIsRevokedAndReclaimedOnceClosed() {
        var script = BackendScript(at: .opening)
        let reason = AccelerationReason(.timeout, "the VI was not opened")
        #expect(script.machine.nextDeadline == AccelerationLimits().open)
        #expect(script.expire() == [.send(.revoke(id: id, reason)), .stateChanged(.draining)])
        script.expect(.message(.closed(id: id)), [.reclaimVI, .stateChanged(.refused(reason))])
    }

    @Test func neitherOpenedNorClosedVIIsQuarantined() {
        var script = BackendScript(at: .opening)
        _ = script.expire()
        let reason = AccelerationReason(.timeout, "the VI was not closed")
        #expect(script.expire() == [.quarantineVI(reason), .stateChanged(.quarantined(reason))])
        script.expect(.message(.closed(id: id)), [])
        #expect(script.machine.staleMessages == 1)
        #expect(script.account.isBalanced)
    }

    @Test(arguments: [BackendScript.Rung.proving, .fenceSent])
    func fenceThatNeverComesUndoesTheSwitch(rung: BackendScript.Rung) {
        var script = BackendScript(at: rung)
        #expect(script.machine.nextDeadline == AccelerationLimits().fence)
        #expect(script.expire() == [.engageHold, .stateChanged(.draining)])
        script.settle()
        #expect(script.machine.state.reason?.code == .timeout)
        #expect(script.account.isBalanced)
    }

    @Test func frontendThatDoesNotDrainIsQuarantinedAndTheHoldReleased() {
        var script = BackendScript(at: .connected)
        _ = script.tell(.wanted(false))
        _ = script.tell(.hold(.engaged))
        _ = script.tell(.rule(.removed))
        let reason = AccelerationReason(.timeout, "the VI was not drained")
        #expect(script.machine.nextDeadline == AccelerationLimits().drain + 1000)
        #expect(script.expire() == [.send(.revoke(id: id, reason))])
        // What is let go now could be delivered in front of what is on the VI, by a frontend that has not heard the order.
        #expect(script.machine.nextDeadline == script.now + AccelerationLimits().revocation)
        #expect(script.expire() == [.releaseHold, .quarantineVI(reason), .stateChanged(.quarantined(reason))])
        script.expect(.wanted(true), [])
        script.expect(.hold(.released), [BackendScript.offer, .stateChanged(.offered)])
    }

    @Test func frontendThatClosesAtTheLastOrderGetsItsFramesAtOnce() {
        var script = BackendScript(at: .connected)
        _ = script.tell(.wanted(false))
        _ = script.tell(.hold(.engaged))
        _ = script.tell(.rule(.removed))
        let reason = AccelerationReason(.timeout, "the VI was not drained")
        #expect(script.expire() == [.send(.revoke(id: id, reason))])
        script.expect(.message(.closed(id: id)), [.releaseHold])
        script.expect(.hold(.released), [.reclaimVI, .stateChanged(.refused(reason))])
        #expect(script.account.isEmpty && script.account.isBalanced)
    }

    @Test func frontendThatDoesNotCloseIsQuarantined() {
        var script = BackendScript(at: .connected)
        _ = script.tell(.wanted(false))
        _ = script.tell(.hold(.engaged))
        _ = script.tell(.rule(.removed))
        _ = script.tell(.message(.drained(id: id)))
        _ = script.tell(.hold(.released))
        let reason = AccelerationReason(.timeout, "the VI was not closed")
        let actions = script.expire()
        #expect(
            actions == [
                .send(.revoke(id: id, reason)), .quarantineVI(reason), .stateChanged(.quarantined(reason)),
            ])
        #expect(script.account.isEmpty && script.account.isBalanced)
    }

    @Test func quarantineStaysShownUntilThePortIsRestarted() {
        var script = BackendScript(at: .opening)
        _ = script.expire()
        _ = script.expire()
        _ = script.tell(.wanted(false))
        guard case .quarantined = script.machine.state else {
            Issue.record("\(script.machine.state)")
            return
        }
        script.expect(.portSuspended(down), [])
        script.expect(.portResumed, [.stateChanged(.none)])
    }

    @Test(arguments: BackendScript.Rung.allCases)
    func suspendedPortLosesTheVIWithoutAHoldAndStartsOver(rung: BackendScript.Rung) {
        var script = BackendScript(at: rung)
        let actions = script.tell(.portSuspended(down))
        if rung >= .proving { #expect(actions.contains(.destroyRule)) }
        if rung >= .opening { #expect(actions.contains(.send(.revoke(id: id, down)))) }
        script.settle()
        #expect(script.account.holdsEngaged == 0)
        #expect(script.account.isEmpty && script.account.isBalanced && script.account.quarantines == 0)
        #expect(script.machine.state == .refused(down))
        script.expect(.wanted(false), [.stateChanged(.none)])
        script.expect(.wanted(true), [.stateChanged(.refused(down))])
        script.expect(.portResumed, [BackendScript.offer, .stateChanged(.offered)])
    }

    @Test func portThatIsSuspendedWhileDrainingReleasesTheHold() {
        var script = BackendScript(at: .connected)
        _ = script.tell(.wanted(false))
        script.expect(.portSuspended(down), [.send(.revoke(id: id, down)), .destroyRule])
        script.expect(.hold(.engaged), [])
        script.expect(.rule(.removed), [])
        #expect(script.expire() == [.releaseHold])
        script.expect(.hold(.released), [])
        #expect(script.machine.nextDeadline == script.now + AccelerationLimits().close)
        script.expect(.message(.closed(id: id)), [.reclaimVI, .stateChanged(.none)])
    }

    @Test(arguments: BackendScript.Rung.allCases)
    func goneGuestIsNotWaitedFor(rung: BackendScript.Rung) {
        var script = BackendScript(at: rung)
        _ = script.tell(.guestGone)
        script.settle(frontendAnswers: false)
        #expect(script.account.isEmpty && script.account.isBalanced && script.account.quarantines == 0)
        #expect(script.machine.state == .none)
        #expect(!script.machine.isWanted)
    }

    @Test(arguments: BackendScript.Rung.allCases)
    func violationAtAnyRungEndsAccelerationForGood(rung: BackendScript.Rung) {
        var script = BackendScript(at: rung)
        _ = script.tell(.violation(.badMagic))
        script.settle(frontendAnswers: false)
        #expect(script.account.isEmpty && script.account.isBalanced)
        #expect(script.machine.state.reason?.code == .protocolViolation)
        #expect(script.account.quarantines == (rung >= .opening ? 1 : 0))
        script.expect(.portResumed, [])
        #expect(script.machine.nextDeadline == nil)
    }

    /// One row per lie: a message that has no place at that rung.
    @Test(
        arguments: [
            (.offering, .opened(id: 0)), (.allocating, .accept(version: 1)),
            (.opening, .refuse(AccelerationReason(.quota))), (.opening, .proven(id: 7)),
            (.opening, .drained(id: 7)), (.opening, .withdraw(id: 7, AccelerationReason(.quota))),
            (.waiting, .opened(id: 7)), (.waiting, .proven(id: 7)),
            (.waiting, .openFailed(id: 7, AccelerationReason(.openFailed))), (.waiting, .fenceExpired(id: 7)),
            (.creatingRule, .fenceReached(id: 7, sequence: 1, stashed: 0)),
            (.proving, .fenceReached(id: 7, sequence: 2, stashed: 0)), (.fenceSent, .drained(id: 7)),
            (.fenceReached, .fenceReached(id: 7, sequence: 1, stashed: 0)), (.fenceReached, .fenceExpired(id: 7)),
            (.connected, .proven(id: 7)), (.connected, .drained(id: 7)), (.connected, .fenceExpired(id: 7)),
            (.connected, .accept(version: 1)), (.connected, .rulesRemoved(id: 7)),
        ] as [(BackendScript.Rung, ControlMessage)])
    func messageOutOfTurnIsAViolation(rung: BackendScript.Rung, message: ControlMessage) {
        var script = BackendScript(at: rung)
        _ = script.tell(.message(message))
        // Id 0 is nobody's: that row is a stale message, the others are not.
        let isStale = message == .opened(id: 0)
        #expect(script.machine.violations == (isStale ? 0 : 1))
        #expect(script.machine.staleMessages == (isStale ? 1 : 0))
        if isStale { return }
        script.settle(frontendAnswers: false)
        #expect(script.machine.state.reason?.code == .protocolViolation)
        #expect(script.account.isEmpty && script.account.isBalanced)
    }

    @Test(arguments: BackendScript.Rung.allCases)
    func messageAboutAnotherGrantIsIgnored(rung: BackendScript.Rung) {
        var script = BackendScript(at: rung)
        let before = script.machine.state
        for message: ControlMessage in [
            .opened(id: 8), .openFailed(id: 8, down), .proven(id: 8), .drained(id: 8), .closed(id: 8),
            .fenceReached(id: 8, sequence: 1, stashed: 0), .fenceExpired(id: 8), .withdraw(id: 8, down),
        ] {
            script.expect(.message(message), [])
        }
        #expect(script.machine.state == before)
        #expect(script.machine.staleMessages == 8 && script.machine.violations == 0)
    }

    @Test func answersThatNobodyWaitsForAreCounted() {
        var script = BackendScript(at: .waiting)
        script.expect(.rule(.created), [])
        script.expect(.rule(.removed), [])
        script.expect(.hold(.engaged), [])
        script.expect(.virtualInterface(.unavailable(down)), [])
        #expect(script.machine.unexpectedAnswers == 4)
    }
}
