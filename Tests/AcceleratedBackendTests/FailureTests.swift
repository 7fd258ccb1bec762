// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Testing

@testable import AcceleratedBackend

@Suite struct FailureTests {
    private func rig(at rung: Rung) throws -> BackendRig {
        let rig = try BackendRig()
        rig.add(1, wanted: false)
        rung.lead(rig)
        #expect(rig.backend.counts.granted == (rung.hasVI ? 1 : 0))
        #expect(rig.backend.ruleCount == (rung.hasRule ? 1 : 0))
        return rig
    }

    /// What a frontend owes when acceleration ends, whatever it has open.
    private func letGo(_ rig: BackendRig) {
        for message in rig.host.sent[1] ?? [] {
            switch message {
            case .offer:
                rig.say(.accept(version: 1), 1)
                continue
            case .rulesRemoved(let id): rig.say(.drained(id: id), 1)
            case .revoke(let id, _) where id != 0: break
            default: continue
            }
            rig.say(.closed(id: Rung.grant), 1)
        }
        rig.host.sent[1] = []
    }

    /// The frontend opens a VI late where it had not, then answers as it should.
    private func settle(_ rig: BackendRig, from rung: Rung) {
        if rung == .granted { rig.say(.opened(id: Rung.grant), 1) }
        for _ in 0..<4 {
            rig.deliverEvents()
            letGo(rig)
            rig.tick()
        }
    }

    @Test(arguments: Rung.allCases)
    func notWantedAnyMoreLeavesNothing(rung: Rung) throws {
        let rig = try rig(at: rung)
        rig.want(false, 1)
        settle(rig, from: rung)
        #expect(rig.state(1) == AccelerationState.none)
        rig.expectNothingInUse(free: 2)
        rig.want(true, 1)
        rig.connect(1)
        #expect(rig.state(1) == .connected, "and it works again")
    }

    @Test(arguments: Rung.allCases)
    func anOpenVIOfASilentFrontendIsQuarantinedUntilThePortRestarts(rung: Rung) throws {
        let rig = try rig(at: rung)
        rig.want(false, 1)
        for _ in 0..<10 {
            rig.deliverEvents()
            rig.tick(milliseconds: 2500)
        }
        rig.expectNothingInUse(free: rung.hasVI ? 1 : 2, quarantined: rung.hasVI ? 1 : 0)
        if rung.hasVI { #expect(rig.state(1)?.reason?.code == .timeout) }
        rig.suspendPort()
        rig.resumePort()
        rig.expectNothingInUse(free: 2)
        rig.want(true, 1)
        rig.connect(1)
        #expect(rig.state(1) == .connected)
    }

    @Test(arguments: Rung.allCases)
    func aPortResetTakesEverythingAndGivesItBack(rung: Rung) throws {
        let rig = try rig(at: rung)
        rig.suspendPort()
        #expect(rig.programmer.live.isEmpty && rig.backend.ruleCount == 0, "at once, before the port stops")
        settle(rig, from: .wanted)
        rig.expectNothingInUse(free: 2)
        rig.resumePort()
        rig.connect(1)
        #expect(rig.state(1) == .connected)
        #expect(rig.programmer.live.count == 1)
    }

    @Test(arguments: Rung.allCases)
    func theGuestsSlowPathGoesAndComesBack(rung: Rung) throws {
        let rig = try rig(at: rung)
        rig.happen(.guestGone, 1)
        settle(rig, from: rung)
        rig.expectNothingInUse(free: 2)
        rig.tick(milliseconds: 5000)
        #expect(rig.host.sent[1] ?? [] == [], "nobody is asked while the guest is away")
        rig.happen(.guestConnected, 1)
        rig.connect(1)
        #expect(rig.state(1) == .connected)
    }

    @Test(arguments: Rung.allCases)
    func removingTheVifLeavesNoRuleAndNoHold(rung: Rung) throws {
        let rig = try rig(at: rung)
        rig.remove(1)
        rig.expectNothingInUse(free: rung.hasVI ? 1 : 2, quarantined: rung.hasVI ? 1 : 0)
        #expect(rig.backend.status(vif: 1) == nil)
        rig.deliverEvents()
        rig.tick()
        #expect(rig.add(1))
    }

    /// Netback may not have answered the newest order yet.
    @Test(arguments: 0...6)
    func removingTheVifOnItsWayBackLeavesNoRuleAndNoHold(steps: Int) throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.connect(1)
        rig.want(false, 1)
        for step in 0..<steps {
            switch step % 3 {
            case 0: rig.deliverEvents()
            case 1: rig.answer()
            default: rig.tick()
            }
        }
        rig.remove(1)
        rig.deliverEvents()
        rig.tick()
        let quarantined = rig.backend.counts.quarantined
        #expect(quarantined <= 1)
        rig.expectNothingInUse(free: 2 - quarantined, quarantined: quarantined)
    }

    @Test func removingAVifThatLetGoOfItsVIQuarantinesNothing() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.connect(1)
        rig.want(false, 1)
        rig.run()
        rig.remove(1)
        rig.expectNothingInUse(free: 2)
    }

    @Test func aGuestThatCannotOpenItsVIGivesItBack() throws {
        let rig = try rig(at: .granted)
        rig.say(.openFailed(id: 1, AccelerationReason(.openFailed, "no such pool")), 1)
        #expect(rig.state(1) == .refused(AccelerationReason(.openFailed, "no such pool")))
        rig.expectNothingInUse(free: 2)
    }

    @Test func aFenceThatExpiresUndoesTheSwitch() throws {
        let rig = try rig(at: .fenceSent)
        rig.say(.fenceExpired(id: 1), 1)
        settle(rig, from: .fenceSent)
        #expect(rig.state(1)?.reason?.code == .fenceExpired)
        rig.expectNothingInUse(free: 2)
    }

    @Test func aFenceThatNeverComesBackUndoesTheSwitch() throws {
        let rig = try rig(at: .fenceSent)
        rig.tick(milliseconds: 10_001)
        settle(rig, from: .fenceSent)
        #expect(rig.state(1)?.reason?.code == .timeout)
        rig.expectNothingInUse(free: 2)
    }

    @Test func whatAFrontendCallsARefusedRuleIsNotBelieved() throws {
        let rig = try rig(at: .connected)
        rig.say(.withdraw(id: 1, AccelerationReason(.ruleRefused, "says the guest")), 1)
        settle(rig, from: .connected)
        rig.want(false, 1)
        rig.want(true, 1)
        rig.connect(1)
        #expect(rig.backend.status(vif: 1)?.form == "A")
        #expect(rig.backend.status(vif: 1)?.reason == nil)
    }

    @Test func aRuleThatIsHardToRemoveIsTriedAgain() throws {
        let rig = try rig(at: .connected)
        rig.programmer.failingRemovals = 5
        rig.want(false, 1)
        rig.deliverEvents()
        #expect(rig.state(1) == .draining)
        for _ in 0..<6 { rig.tick() }
        settle(rig, from: .connected)
        rig.expectNothingInUse(free: 2)
        #expect(rig.backend.counters.rulesStuck == 0)
    }

    @Test func aRuleThatCannotBeRemovedKeepsItsVIFromOthers() throws {
        let rig = try rig(at: .connected)
        rig.programmer.failingRemovals = .max
        rig.want(false, 1)
        for _ in 0..<4 {
            rig.deliverEvents()
            letGo(rig)
            rig.tick(milliseconds: 600)
        }
        #expect(rig.backend.counters.rulesStuck == 1)
        #expect(rig.backend.counts == VirtualInterfaceCounts(free: 1, granted: 0, quarantined: 1))
        #expect(rig.host.held.isEmpty, "the guest's frames are not held for ever")
        rig.programmer.failingRemovals = 0
        rig.suspendPort()
        rig.resumePort()
        rig.expectNothingInUse(free: 2)
    }

    @Test func aPortResetEndsTheWaitForARule() throws {
        let rig = try rig(at: .connected)
        rig.programmer.failingRemovals = .max
        rig.want(false, 1)
        rig.deliverEvents()
        rig.suspendPort()
        settle(rig, from: .connected)
        rig.programmer.failingRemovals = 0
        rig.resumePort()
        rig.expectNothingInUse(free: 2)
    }

    @Test func framesBeforeTheFenceAreNoLeaks() throws {
        let rig = try rig(at: .proving)
        rig.receive(1000, for: 1)
        rig.tick()
        rig.receive(1000, for: 1)
        rig.happen(.fenceSent(sequence: 1), 1)
        rig.tick()
        #expect(rig.backend.counters.leaked == 0)
        #expect(rig.state(1) == .proving)
        rig.receive(64, for: 1)
        rig.tick()
        #expect(rig.backend.counters.leaked == 64)
        #expect(rig.state(1) == .proving, "as many as the limit allows")
        rig.receive(1, for: 1)
        rig.tick()
        #expect(rig.state(1) == .draining)
        settle(rig, from: .fenceSent)
        #expect(rig.state(1)?.reason?.code == .ruleLeaks)
        rig.expectNothingInUse(free: 2)
    }

    /// The frontend's word may come before netback's, and what the default queue yielded meanwhile came before the fence.
    @Test func framesBeforeAFenceThatTheFrontendWasFirstToReportAreNoLeaks() throws {
        let rig = try rig(at: .proving)
        rig.tick()
        rig.receive(1000, for: 1)
        rig.say(.fenceReached(id: Rung.grant, sequence: 1, stashed: 0), 1)
        rig.say(.proven(id: Rung.grant), 1)
        #expect(rig.state(1) == .connected)
        rig.tick()
        rig.receive(1000, for: 1)
        rig.happen(.fenceSent(sequence: 1), 1)
        rig.tick()
        #expect(rig.backend.counters.leaked == 0)
        #expect(rig.state(1) == .connected)
        rig.receive(65, for: 1)
        rig.tick()
        #expect(rig.state(1) == .draining)
        settle(rig, from: .connected)
        rig.expectNothingInUse(free: 2)
    }

    @Test func aBusyNetbackIsAskedAgainInOrder() throws {
        let rig = try BackendRig()
        rig.add(1)
        for _ in 0..<10 {
            rig.host.busyCalls = 3
            rig.run(rounds: 5)
        }
        rig.receive(for: 1)
        for _ in 0..<10 {
            rig.host.busyCalls = 3
            rig.run(rounds: 5)
        }
        #expect(rig.state(1) == .connected)
        rig.host.busyCalls = 30
        rig.want(false, 1)
        rig.run(rounds: 40)
        #expect(rig.state(1) == AccelerationState.none)
        rig.expectNothingInUse(free: 2)
        let calls = rig.host.calls(of: 1)
        #expect(calls.count == 5)
        #expect(Array(calls.dropFirst()) == [.fence(sequence: 1, settle: 500_000), .hold, .release, .nonce(0)])
    }

    @Test func aFullLinkDelaysAndLosesNothing() throws {
        let rig = try BackendRig()
        rig.host.isLinkFull = true
        rig.add(1)
        rig.run(rounds: 3)
        #expect(rig.host.sent[1] ?? [] == [])
        rig.host.isLinkFull = false
        rig.connect(1)
        #expect(rig.state(1) == .connected)
        rig.host.isLinkFull = true
        rig.want(false, 1)
        rig.run(rounds: 3)
        #expect(rig.state(1) == .draining)
        rig.host.isLinkFull = false
        rig.run()
        rig.expectNothingInUse(free: 2)
    }
}
