// SPDX-License-Identifier: BSD-3-Clause

import Testing

@testable import Acceleration

@Suite struct BackendMachineTests {
    private let id = BackendScript.id
    private let reason = AccelerationReason(.ruleRefused, "no free entry")

    private func state(_ state: AccelerationState) -> BackendAction { .stateChanged(state) }

    @Test func slowToFastGoesRungByRung() {
        var script = BackendScript()
        script.expect(.candidateSeen, [])
        script.expect(.wanted(true), [BackendScript.offer, state(.offered)])
        script.expect(.candidateSeen, [])
        script.expect(.message(.accept(version: 1)), [.allocateVI])
        script.expect(
            .virtualInterface(.allocated(id: id, BackendScript.grant, fenceNonce: 99)),
            [BackendScript.granted, state(.granted)])
        script.expect(.candidateSeen, [])
        script.expect(.message(.opened(id: id)), [])
        #expect(script.machine.nextDeadline == nil)
        script.expect(.candidateSeen, [.createRule])
        script.expect(.candidateSeen, [])
        script.expect(.rule(.created), [.sendFence(sequence: 1), state(.proving)])
        script.expect(.fenceSent(sequence: 1), [])
        script.expect(.message(.fenceReached(id: id, sequence: 1, stashed: 12)), [])
        #expect(script.machine.nextDeadline == nil, "a proof has no time limit")
        script.expect(.message(.proven(id: id)), [state(.connected)])
    }

    @Test func proofMayComeBeforeTheRulesAnswerAndBeforeTheFence() {
        var script = BackendScript(at: .creatingRule)
        script.expect(.message(.proven(id: id)), [])
        script.expect(.rule(.created), [.sendFence(sequence: 1), state(.proving)])
        script.expect(.message(.fenceReached(id: id, sequence: 1, stashed: 0)), [state(.connected)])
    }

    @Test func fastToSlowHoldsStopsDrainsAndTakesBackInThisOrder() {
        var script = BackendScript(at: .connected)
        script.expect(.wanted(false), [.engageHold, state(.draining)])
        script.expect(.hold(.engaged), [.destroyRule])
        script.expect(.rule(.removed), [.send(.rulesRemoved(id: id))])
        script.expect(.message(.drained(id: id)), [.releaseHold])
        script.expect(.hold(.released), [])
        script.expect(.message(.closed(id: id)), [.reclaimVI, state(.none)])
        #expect(script.account.isEmpty && script.account.isBalanced)
    }

    /// What the default queue held when the rule took effect is older than what the VI yielded: a hold must not keep it back.
    @Test func theWayBackWaitsForTheFenceOfTheSwitchThatItUndoes() {
        var script = BackendScript(at: .proving)
        script.expect(.wanted(false), [state(.draining)])
        script.expect(.fenceSent(sequence: 2), [])
        script.expect(.fenceSent(sequence: 1), [.engageHold])
        #expect(script.machine.nextDeadline == nil)
        script.expect(.fenceSent(sequence: 1), [])
        script.expect(.hold(.engaged), [.destroyRule])
    }

    @Test func aRuleThatIsUndoneBeforeItsFenceWasAskedForGetsOneFirst() {
        var script = BackendScript(at: .creatingRule)
        script.expect(.wanted(false), [state(.draining)])
        script.expect(.rule(.created), [.sendFence(sequence: 1)])
        script.expect(.message(.fenceReached(id: id, sequence: 1, stashed: 1)), [])
        script.expect(.fenceSent(sequence: 1), [.engageHold])
    }

    @Test func theWaitForTheFenceOnTheWayBackIsBounded() {
        var script = BackendScript(at: .proving)
        _ = script.tell(.wanted(false))
        #expect(script.machine.nextDeadline == 10_000_000_000)
        #expect(script.expire() == [.engageHold])
        script.settle()
        #expect(script.machine.state == .none)
        #expect(script.account.isBalanced && script.account.quarantines == 0)
    }

    @Test func whoeverLosesFramesAnywayDoesNotWaitForAFence() {
        var script = BackendScript(at: .proving)
        _ = script.tell(.wanted(false))
        let reason = AccelerationReason(.portReset)
        script.expect(.portSuspended(reason), [.send(.revoke(id: id, AccelerationReason(.portReset))), .destroyRule])
        script.expect(.fenceSent(sequence: 1), [])
        script.expect(.rule(.removed), [])
        #expect(script.expire().contains { if case .quarantineVI = $0 { true } else { false } })
    }

    @Test func closedBeforeTheHoldIsReleasedWaitsForIt() {
        var script = BackendScript(at: .connected)
        _ = script.tell(.wanted(false))
        _ = script.tell(.hold(.engaged))
        _ = script.tell(.rule(.removed))
        script.expect(.message(.drained(id: id)), [.releaseHold])
        script.expect(.message(.closed(id: id)), [])
        script.expect(.hold(.released), [.reclaimVI, state(.none)])
    }

    @Test func wantedAgainWhileDrainingStartsOverAfterwards() {
        var script = BackendScript(at: .connected)
        _ = script.tell(.wanted(false))
        script.expect(.wanted(true), [])
        _ = script.tell(.hold(.engaged))
        _ = script.tell(.rule(.removed))
        _ = script.tell(.message(.drained(id: id)))
        _ = script.tell(.hold(.released))
        script.expect(
            .message(.closed(id: id)), [.reclaimVI, state(.none), BackendScript.offer, state(.offered)])
    }

    @Test func wantedTwiceIsWantedOnce() {
        var script = BackendScript(at: .offering)
        script.expect(.wanted(true), [])
        var idle = BackendScript()
        idle.expect(.wanted(false), [])
    }

    /// Checklist C26: given up at each rung, all counts are as before, and it works again afterwards.
    @Test(arguments: BackendScript.Rung.allCases)
    func unwantedAtAnyRungUnwindsExactlyWhatWasDone(rung: BackendScript.Rung) {
        var script = BackendScript(at: rung)
        _ = script.tell(.wanted(false))
        script.settle()
        #expect(script.machine.state == .none)
        #expect(script.account.isEmpty && script.account.isBalanced)
        #expect(script.machine.nextDeadline == nil)
        if rung == .offering { script.expect(.message(.accept(version: 1)), []) }
        #expect(script.account.quarantines == 0)
        script.lead(to: .connected)
        #expect(script.machine.state == .connected)
    }

    @Test func refusalIsKeptAndShownUntilAskedAgain() {
        var script = BackendScript(at: .offering)
        let words = AccelerationReason(.frontendRefused, "not configured")
        script.expect(.message(.refuse(words)), [state(.refused(words))])
        script.expect(.wanted(true), [])
        script.expect(.wanted(false), [state(.none)])
        script.expect(.wanted(true), [BackendScript.offer, state(.offered)])
    }

    @Test func declinedOfferIsRepeatedWithoutHidingTheReason() {
        var script = BackendScript(at: .offering)
        let words = AccelerationReason(.noPlugin)
        _ = script.tell(.message(.refuse(words)))
        #expect(script.expire() == [BackendScript.offer])
        #expect(script.machine.state == .refused(words))
        script.expect(.message(.refuse(words)), [])
        #expect(script.expire() == [BackendScript.offer])
        script.expect(.message(.accept(version: 1)), [.allocateVI, state(.offered)])
    }

    @Test func offersAreNotRepeatedWhenTheLimitIsZero() {
        var limits = AccelerationLimits()
        limits.reoffer = 0
        var script = BackendScript(limits: limits)
        script.lead(to: .offering)
        _ = script.tell(.message(.refuse(AccelerationReason(.noPlugin))))
        #expect(script.machine.nextDeadline == nil)
    }

    @Test func noFreeVIIsARefusalAndTakesTheOfferBack() {
        var script = BackendScript(at: .allocating)
        let none = AccelerationReason(.noFreeVI)
        script.expect(.virtualInterface(.unavailable(none)), [.send(.revoke(id: 0, none)), state(.refused(none))])
    }

    @Test func grantThatCannotBeEncodedIsReclaimedAtOnce() {
        var script = BackendScript(at: .allocating)
        let actions = script.tell(.virtualInterface(.allocated(id: id, .device(devargs: ""), fenceNonce: 1)))
        #expect(actions.contains(.reclaimVI))
        #expect(script.machine.state.reason?.code == .openFailed)
        #expect(script.account.isEmpty)
    }

    @Test func openFailureIsShownAndTheVIReclaimed() {
        var script = BackendScript(at: .opening)
        script.expect(.message(.openFailed(id: id, reason)), [.reclaimVI, state(.refused(reason))])
    }

    @Test func failedRuleTakesTheVIBackOnceItIsClosed() {
        var script = BackendScript(at: .creatingRule)
        script.expect(.rule(.failed(reason)), [.send(.rulesRemoved(id: id)), state(.draining)])
        script.expect(.message(.drained(id: id)), [])
        script.expect(.message(.closed(id: id)), [.reclaimVI, state(.refused(reason))])
        script.expect(.candidateSeen, [])
        script.expect(.portResumed, [BackendScript.offer, state(.offered)])
    }

    @Test func expiredFenceUndoesTheSwitch() {
        var script = BackendScript(at: .fenceSent)
        script.expect(.message(.fenceExpired(id: id)), [.engageHold, state(.draining)])
        script.settle()
        #expect(script.machine.state == .refused(AccelerationReason(.fenceExpired)))
        #expect(script.account.isBalanced)
    }

    @Test(arguments: [BackendScript.Rung.fenceSent, .fenceReached, .connected])
    func silentRuleIsAbandoned(rung: BackendScript.Rung) {
        var script = BackendScript(at: rung)
        script.expect(.silent, [.engageHold, state(.draining)])
        script.settle()
        #expect(script.machine.state == .refused(AccelerationReason(.ruleSilent)))
    }

    @Test func leakAboveTheThresholdWithinTheWindowAbandonsTheRule() {
        var script = BackendScript(at: .connected)
        script.now += 1_000_000_000
        script.expect(.leaked(count: 60), [])
        script.now += 1_000_000_000
        script.expect(.leaked(count: 64), [])
        script.expect(.leaked(count: 1), [.engageHold, state(.draining)])
        script.settle()
        #expect(script.machine.state.reason?.code == .ruleLeaks)
    }

    /// NICs are known that take a rule and ignore it.
    @Test func aRuleThatNeverSteeredAFrameIsAbandonedHoweverSlowlyItLeaks() {
        var script = BackendScript(at: .proving)
        script.expect(.leaked(count: 1_000), [])
        _ = script.tell(.fenceSent(sequence: 1))
        for _ in 0..<64 {
            script.expect(.leaked(count: 1), [])
            script.now += 2_000_000_000
        }
        script.expect(.leaked(count: 1), [.engageHold, state(.draining)])
        script.settle()
        #expect(script.machine.state.reason?.code == .ruleLeaks)
    }

    @Test func nothingLeaksBeforeTheFenceIsKnownToBeSent() {
        var script = BackendScript(at: .proving)
        _ = script.tell(.message(.fenceReached(id: BackendScript.id, sequence: 1, stashed: 0)))
        _ = script.tell(.message(.proven(id: BackendScript.id)))
        #expect(script.machine.state == .connected && !script.machine.watchesForLeaks)
        script.expect(.leaked(count: 1_000), [])
        _ = script.tell(.fenceSent(sequence: 1))
        #expect(script.machine.watchesForLeaks)
        script.expect(.leaked(count: 65), [.engageHold, state(.draining)])
    }

    @Test func hugeLeakDoesNotOverflow() {
        var script = BackendScript(at: .connected)
        _ = script.tell(.leaked(count: 1))
        script.expect(.leaked(count: .max), [.engageHold, state(.draining)])
    }

    @Test func withdrawalByTheFrontendIsPlanned() {
        var script = BackendScript(at: .connected)
        let leaving = AccelerationReason(.pluginRemoved)
        script.expect(.message(.withdraw(id: id, leaving)), [.engageHold, state(.draining)])
        script.settle()
        #expect(script.machine.state == .refused(leaving))
        #expect(script.expire() == [BackendScript.offer])
    }

    @Test func frontendThatLetsGoUnaskedLosesWhatTheVIHeld() {
        var script = BackendScript(at: .connected)
        script.expect(.message(.closed(id: id)), [.destroyRule, state(.draining)])
        let actions = script.tell(.rule(.removed))
        #expect(actions.first == .reclaimVI)
        #expect(script.machine.state.reason?.code == .guestGone)
    }

    @Test func newerFrontendVersionsAreMetByASecondOffer() {
        var script = BackendScript(versions: 1...3)
        _ = script.tell(.wanted(true))
        script.expect(
            .message(.accept(version: 2)),
            [.send(.offer(version: 2, mac: BackendScript.mac, plugin: "vi", maximumStash: 256))])
        script.expect(.message(.accept(version: 2)), [.allocateVI])
    }

    @Test func noCommonVersionIsARefusal() {
        var script = BackendScript(versions: 2...3)
        _ = script.tell(.wanted(true))
        _ = script.tell(.message(.accept(version: 1)))
        #expect(script.machine.state.reason?.code == .versionMismatch)
        var newer = BackendScript(versions: 2...3)
        _ = newer.tell(.wanted(true))
        _ = newer.tell(.message(.accept(version: 4)))
        #expect(newer.machine.state.reason?.code == .protocolViolation)
    }
}
