// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import Foundation
import Netfront
import SoftNIC
import Testing

/// A NIC that does not do what it should: the vif goes on, and says why it is not accelerated.
@Suite(.serialized) struct FaultTests {
    /// The reason that the host shows, wherever it stands.
    private func reason(_ rig: SwitchingRig) -> AccelerationReason? { rig.host.state.reason ?? rig.host.reason }

    @Test(arguments: [(SoftNICFaults.creationRefused, "the NIC refused the filter"), (.tableFull, "no room for another filter")])
    func aRefusedRuleMakesRoomForTheNextForm(_ fault: SoftNICFaults, _ words: String) throws {
        try SwitchingRig.run { rig in
            rig.nic.faults = fault
            rig.startTraffic()
            try rig.becomeFast()
            #expect(rig.host.form == "F")
            #expect(reason(rig)?.text.contains(words) == true, "\(String(describing: reason(rig)))")
            try rig.passTraffic(100)
            #expect(rig.nic.statistics.queues.dropFirst().allSatisfy { $0.delivered == 0 })
            try rig.becomeSlow()
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    @Test func aRefusedRuleWithoutAnotherFormKeepsTheVifSlowAndSaysWhy() throws {
        try SwitchingRig.run(SwitchingRig.Options(forms: [.destinationMAC])) { rig in
            rig.nic.faults = .creationRefused
            rig.startTraffic()
            rig.setAcceleration(true)
            try rig.wait("the refusal") { if case .refused = rig.host.state { true } else { false } }
            #expect(reason(rig)?.text.contains("the NIC refused the filter") == true, "\(String(describing: reason(rig)))")
            try rig.passTraffic(100)
            rig.nic.faults = []
            rig.setAcceleration(false)
            try rig.becomeFast()
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    @Test func aPortThatRefusesEveryRuleAtStartIsServedInSoftware() throws {
        try SwitchingRig.run(SwitchingRig.Options(loadsPlugins: false)) { rig in
            rig.nic.faults = .creationRefused
            try rig.loadFrontend()
            try rig.loadBackend()
            rig.startTraffic()
            try rig.becomeFast()
            #expect(rig.host.form == "F")
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    @Test(arguments: [[SteeringForm.destinationMAC], [.destinationMAC, .software]])
    func aRuleThatSteersNothingIsNoticedByItsLeaks(_ forms: [SteeringForm]) throws {
        try SwitchingRig.run(SwitchingRig.Options(forms: Set(forms))) { rig in
            rig.nic.faults = .rulesIgnored
            rig.startTraffic()
            rig.setAcceleration(true)
            if forms.count == 1 {
                try rig.wait("the refusal") { if case .refused = rig.host.state { true } else { false } }
                #expect(rig.host.state.reason?.code == .ruleLeaks)
            } else {
                try rig.becomeFast()
                #expect(rig.host.form == "F")
            }
            #expect((rig.backend?.counters.leaked ?? 0) > 64)
            try rig.passTraffic(100)
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    /// A machine that is short of processors, or a guest that is held up, is not gone: nothing is taken from it by force.
    @Test func aGuestThatStandsStillForSecondsDuringASwitchLosesNothing() throws {
        try SwitchingRig.run(SwitchingRig.Options(hasDefaultLimits: true)) { rig in
            rig.startTraffic()
            try rig.becomeFast()
            try rig.passTraffic(50)
            rig.withGuestStandingStill {
                rig.setAcceleration(false)
                usleep(4_000_000)
            }
            try rig.becomeSlow()
            try rig.passTraffic(50)
            rig.withGuestStandingStill {
                rig.setAcceleration(true)
                usleep(4_000_000)
            }
            try rig.becomeFast()
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    /// What the NIC held is lost; nothing comes late or twice, and the VI goes on.
    @Test func aFlapOfTheLinkLosesFramesAndNothingElse() throws {
        try SwitchingRig.run { rig in
            rig.startTraffic()
            try rig.becomeFast()
            try rig.passTraffic(50)
            for _ in 0..<3 {
                let before = rig.nic.statistics.receivedLinkDown
                rig.nic.faults = .linkDown
                try rig.wait("frames that the link lost") { rig.nic.statistics.receivedLinkDown > before }
                // By now each end waits for the other, with its window used up; it may take the NIC a moment.
                usleep(20_000)
                rig.nic.faults = []
                for flow in 0..<2 {
                    rig.guest.forgive(flow)
                    rig.stations.forgive(flow)
                }
                try rig.passTraffic(200)
            }
            #expect(rig.status.isFast)
            try rig.becomeSlow()
            try rig.passTraffic(200)
            try rig.stopTraffic()
            #expect(rig.guest.counters.lost > 0)
            #expect(rig.guest.counters.late == 0 && rig.stations.counters.late == 0, "\(rig.account)")
            rig.expectIdentities()
        }
    }
}
