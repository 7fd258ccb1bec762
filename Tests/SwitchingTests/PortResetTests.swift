// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import Dataplane
import Foundation
import Netback
import Netfront
import SoftNIC
import TestSupport
import Testing

/// A port that loses its life under traffic: everything goes back to the slow path, and returns by itself.
@Suite(.serialized) struct PortResetTests {
    /// Lets the flows go on behind what the NIC held.
    private func forgive(_ rig: SwitchingRig) {
        for flow in 0..<rig.options.flows {
            rig.guest.forgive(flow)
            rig.stations.forgive(flow)
        }
    }

    private func waitUntilUsable(_ rig: SwitchingRig) throws {
        try rig.wait("the port") {
            forgive(rig)
            return rig.netback.port.isUsable
        }
        // What was sent while the port was down is known to be lost by now, or not under way any more.
        usleep(20_000)
        forgive(rig)
    }

    private func waitUntilFast(_ rig: SwitchingRig) throws {
        try rig.wait("the fast path") {
            forgive(rig)
            return rig.host.state == .connected && rig.status.isFast && rig.count(.peersFast) == UInt64(rig.options.flows)
        }
    }

    /// Every frame that a station or the guest missed is one that somebody dropped for a reason with a name.
    private func expectAccount(_ rig: SwitchingRig) {
        let nic = rig.nic.statistics
        let inNIC =
            nic.receivedLinkDown + nic.receivedStopped + nic.queues.reduce(0) { $0 + $1.receiveDrops + $1.stale + $1.unread }
        let outNIC = nic.queues.reduce(0) { $0 + $1.transmitDrops }
        let counters = rig.netback.counters
        let switched = Netback.dropReasons.reduce(0) { $0 + (counters[$1] ?? 0) }
        let atGuest = NetfrontCounter.drops.reduce(0) { $0 + rig.count($1) }
        let missing = (0..<rig.options.flows).reduce(UInt64(0)) { sum, flow in
            sum + rig.stations.counters.sent(flow) - rig.guest.counters.expected(flow)
                + rig.guest.counters.sent(flow) - rig.stations.counters.expected(flow)
        }
        let late = rig.guest.counters.late + rig.stations.counters.late
        let lost = rig.guest.counters.lost + rig.stations.counters.lost + missing - late
        #expect(lost == inNIC + outNIC + switched + atGuest, "\(rig.account)")
        #expect(rig.guest.counters.corrupt == 0 && rig.stations.counters.corrupt == 0, "\(rig.account)")
        rig.expectIdentities()
    }

    private func endTraffic(_ rig: SwitchingRig) throws {
        for flow in 0..<rig.options.flows {
            rig.guest.pause(flow)
            rig.stations.pause(flow)
        }
        #expect(rig.group.synchronize())
        usleep(200_000)
    }

    private static let resets: [SwitchingRig.Options] = [2, 1].flatMap { lcores in
        [
            SwitchingRig.Options(lcores: lcores, personality: .sfc),
            SwitchingRig.Options(lcores: lcores, personality: .mlx5),
            SwitchingRig.Options(lcores: lcores, virtualInterfaces: 1, personality: .sfc, isAttached: true),
        ]
    }

    @Test(arguments: resets)
    func aResetUnderTrafficEndsOnTheFastPathAgain(_ options: SwitchingRig.Options) throws {
        try SwitchingRig.run(options) { rig in
            rig.startTraffic()
            try rig.becomeFast()
            for round in 1...3 as ClosedRange<UInt64> {
                try rig.passTraffic(50)
                rig.nic.requestReset()
                try rig.wait("the reset") {
                    forgive(rig)
                    return rig.netback.port.resets == round
                }
                try waitUntilUsable(rig)
                try waitUntilFast(rig)
                try rig.passTraffic(200)
                #expect(rig.host.form == "A" && rig.nic.ruleCount == 1)
            }
            try endTraffic(rig)
            expectAccount(rig)
            #expect(rig.nic.statistics.queues.contains { $0.lostInReset + $0.stale + $0.unsentReset > 0 }, "\(rig.account)")
        }
    }

    @Test func aRepairByTheDriverIsWaitedFor() throws {
        try SwitchingRig.run { rig in
            rig.startTraffic()
            try rig.becomeFast()
            try rig.passTraffic(50)
            rig.nic.beginRecovery()
            try rig.wait("the slow path") {
                if case .refused(let reason) = rig.host.state { reason.code == .portReset } else { false }
            }
            #expect(rig.host.reason?.text == "the driver repairs the port")
            #expect(!rig.netback.port.isUsable && !rig.status.isFast)
            rig.nic.endRecovery(succeeds: true)
            try waitUntilUsable(rig)
            try waitUntilFast(rig)
            try rig.passTraffic(200)
            let port = rig.netback.port
            #expect(port.resets == 0 && port.recoveries == 1 && port.failures == 0)
            try endTraffic(rig)
            expectAccount(rig)
        }
    }

    @Test func aRepairThatFailsLeavesThePortDownAndSaysSo() throws {
        try SwitchingRig.run { rig in
            rig.startTraffic()
            try rig.becomeFast()
            rig.nic.beginRecovery()
            rig.nic.endRecovery(succeeds: false)
            try rig.wait("the end of the port") {
                if case .refused(let reason) = rig.host.state { reason.code == .portDown } else { false }
            }
            #expect(rig.host.reason?.text.contains("could not repair") == true)
            // What the guest sends goes nowhere, and nobody waits for it.
            let before = rig.netback.counters["uplinkDown"] ?? 0
            try rig.wait("frames for a port that is down") {
                forgive(rig)
                return (rig.netback.counters["uplinkDown"] ?? 0) > before + 1000
            }
            try endTraffic(rig)
            expectAccount(rig)
        }
    }

    @Test func aResetThatFailsIsTriedAgainAndSaysWhyMeanwhile() throws {
        try SwitchingRig.run { rig in
            rig.startTraffic()
            try rig.becomeFast()
            rig.nic.faults = .resetRefused
            rig.nic.requestReset()
            try rig.wait("two failures") { rig.netback.port.failures >= 2 }
            #expect(rig.host.reason?.text.contains("the firmware does not answer") == true, "\(rig.host)")
            #expect(rig.netback.port.reason?.contains("the firmware does not answer") == true)
            rig.nic.faults = []
            try waitUntilUsable(rig)
            try waitUntilFast(rig)
            try rig.passTraffic(200)
            #expect(rig.netback.port.resets == 1)
            try endTraffic(rig)
            expectAccount(rig)
        }
    }

    @Test func aPluginThatComesDuringARepairWaitsForItsEnd() throws {
        try SwitchingRig.run(SwitchingRig.Options(loadsPlugins: false)) { rig in
            rig.startTraffic()
            try rig.loadFrontend()
            rig.nic.beginRecovery()
            try rig.wait("that netback knows") { !rig.netback.port.isUsable }
            try rig.loadBackend()
            rig.setAcceleration(true)
            usleep(50_000)
            #expect(rig.host.state.reason?.code == .portReset, "\(rig.host)")
            rig.nic.endRecovery(succeeds: true)
            try waitUntilUsable(rig)
            try waitUntilFast(rig)
            #expect(rig.host.form == "A")
            try endTraffic(rig)
            expectAccount(rig)
        }
    }

    /// What a queue that can't be stopped may still hold comes back when its port is reset, and not because somebody wishes it.
    @Test func aVIInQuarantineComesBackWithTheNextLifeOfThePort() throws {
        let options = SwitchingRig.Options(
            forms: [.destinationMAC], virtualInterfaces: 1, isAttached: true, refusesQueueStop: true)
        try SwitchingRig.run(options) { rig in
            rig.startTraffic()
            try rig.becomeFast()
            try rig.passTraffic(50)
            try rig.stopTraffic()
            try rig.leaveGuest()
            var attachment: AttachmentStatus? { rig.netback.vifs.first?.attachment }
            #expect(attachment?.quarantine?.contains("stop queue 1") == true)
            try rig.withNextGuest { guest in
                for wish in [false, true] { rig.setAcceleration(wish) }
                usleep(100_000)
                let isQuarantined = if case .quarantined = rig.host.state { true } else { false }
                #expect(isQuarantined && rig.backend?.counts.granted == 0, "\(rig.account)")
                rig.nic.requestReset()
                try rig.wait("the reset") { rig.netback.port.resets == 1 && rig.netback.port.isUsable }
                #expect(guest.isLost, "it had to go for that")
            }
            #expect(attachment?.quarantine == nil)
            try rig.withNextGuest { _ in
                try rig.wait("its VI") { rig.host.state == .granted }
                #expect(rig.backend?.counts.granted == 1)
            }
            try rig.wait("that it is gone") { attachment?.reclaimed == 3 }
            // For the account of the VI's pool.
            rig.nic.requestReset()
            try rig.wait("another reset") { rig.netback.port.resets == 2 && attachment?.quarantine == nil }
        }
    }

    /// It is told to close its VI, does not answer in time, and finds the order when it runs again.
    @Test func aGuestThatStandsStillDuringAResetComesBackAfterIt() throws {
        try SwitchingRig.run(SwitchingRig.Options(hasDefaultLimits: true)) { rig in
            rig.startTraffic()
            try rig.becomeFast()
            try rig.withGuestStandingStill {
                rig.nic.requestReset()
                try rig.wait("the reset") { rig.netback.port.resets == 1 && rig.netback.port.isUsable }
            }
            forgive(rig)
            rig.setAcceleration(false)
            usleep(100_000)
            rig.setAcceleration(true)
            try waitUntilFast(rig)
            try rig.passTraffic(100)
            try endTraffic(rig)
            expectAccount(rig)
        }
    }
}
