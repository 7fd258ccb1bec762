// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Testing

@testable import Netback

/// What a port's events ask for, and in which order.
@Suite struct PortLifeTests {
    private let second: UInt64 = 1_000_000_000

    @Test func aPortInOrderAsksForNothing() {
        var life = PortLife()
        life.note(.linkChanged)
        #expect(life.step(now: 0, isLeft: true) == nil && life.reason == nil)
    }

    @Test func aResetWaitsUntilEverybodyHasLeft() {
        var life = PortLife()
        life.note(.resetRequested)
        #expect(life.reason != nil)
        #expect(life.step(now: 0, isLeft: true) == .suspend)
        life.suspended()
        #expect(life.step(now: 0, isLeft: false) == nil)
        #expect(life.step(now: 0, isLeft: true) == .reset)
        life.wasReset()
        #expect(life.step(now: 0, isLeft: true) == .resume)
        life.resumed()
        #expect(life.step(now: 0, isLeft: true) == nil && life.reason == nil)
        #expect(life.resets == 1 && life.failures == 0)
    }

    @Test func aResetThatFailsIsTriedAgainWithGrowingPauses() {
        var life = PortLife()
        life.note(.resetRequested)
        life.suspended()
        var now: UInt64 = 0
        var pauses: [UInt64] = []
        for _ in 0..<12 {
            #expect(life.step(now: now, isLeft: true) == .reset)
            life.resetFailed("reset port 0: the firmware does not answer", now: now)
            // That the NIC asks again makes no difference.
            life.note(.resetRequested)
            let start = now
            while life.step(now: now, isLeft: true) == nil { now += 50_000_000 }
            pauses.append(now - start)
        }
        #expect(pauses.first == 100_000_000)
        #expect(pauses == pauses.sorted() && pauses.last == 30 * second)
        #expect(life.reason?.contains("the firmware does not answer") == true)
        life.wasReset()
        #expect(life.failures == 12 && life.step(now: now, isLeft: true) == .resume)
        life.resumed()
        #expect(life.reason == nil)
    }

    @Test func aRepairIsWaitedForAndNothingElse() {
        var life = PortLife()
        life.note(.recovering)
        #expect(life.step(now: 0, isLeft: true) == .suspend)
        life.suspended()
        life.note(.recovering)
        #expect(life.step(now: 100 * second, isLeft: true) == nil)
        life.note(.recovered)
        #expect(life.step(now: 0, isLeft: false) == nil, "rules are made anew only for those who have left")
        #expect(life.step(now: 0, isLeft: true) == .resume)
        life.resumed()
        #expect(life.step(now: 0, isLeft: true) == nil && life.recoveries == 1 && life.resets == 0)
    }

    @Test func aRepairThatWasOverBeforeAnybodyLookedEndsTheLifeAllTheSame() {
        var life = PortLife()
        life.note(.recovering)
        life.note(.recovered)
        #expect(life.step(now: 0, isLeft: true) == .suspend)
        life.suspended()
        #expect(life.step(now: 0, isLeft: true) == .resume)
    }

    @Test func aPortThatCouldNotBeRepairedStaysDownAndSaysSo() {
        var life = PortLife()
        life.note(.recovering)
        life.suspended()
        life.note(.recoveryFailed)
        #expect(life.step(now: 1000 * second, isLeft: true) == nil)
        #expect(life.reason?.contains("could not repair") == true && life.failures == 1 && life.isDead)
        // Unless it takes a reset after all.
        life.note(.resetRequested)
        #expect(life.step(now: 0, isLeft: true) == .reset)
        life.wasReset()
        #expect(life.step(now: 0, isLeft: true) == .resume && !life.isDead)
    }

    @Test func aResetThatIsAskedForDuringARepairComesAfterIt() {
        var life = PortLife()
        life.note(.recovering)
        life.suspended()
        life.note(.resetRequested)
        #expect(life.step(now: 0, isLeft: true) == nil)
        life.note(.recovered)
        #expect(life.step(now: 0, isLeft: true) == .reset)
    }
}
