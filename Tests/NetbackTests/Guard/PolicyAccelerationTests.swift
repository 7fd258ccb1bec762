// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Testing
import Wire

@testable import Netback

/// A fast path goes round netback: what netback alone enforces, and acceleration, are not for the same vif.
@Suite struct PolicyAccelerationTests {
    private static let limit = RateLimit(bytesPerSecond: 1000, burstBytes: 2000)
    static let refusing: [(words: String, policy: VifPolicy)] = [
        ("addresses", VifPolicy(addresses: [])), ("ingress limit", VifPolicy(ingress: limit)),
        ("egress limit", VifPolicy(egress: limit)), ("storm limit", VifPolicy(stormLimit: 5)),
        ("addresses, storm limit", VifPolicy(guardsSource: true, addresses: [], stormLimit: 5)),
    ]

    private func reason(_ rig: Rig, _ vif: UInt32) -> String? {
        guard let status = rig.status(vif)?.acceleration, case .refused(let reason) = status.state, reason == status.reason,
            reason.code == .trust
        else { return nil }
        return reason.text
    }

    @Test func aPolicyOfTheSlowPathIsNotShownToAPlugin() throws {
        try Rig.runWithPlugin { rig, plugin in
            for row in Self.refusing {
                var vif = rig.vif(1)
                vif.policy = row.policy
                let id = try rig.netback.addVif(vif, link: nil)
                #expect(reason(rig, id)?.hasSuffix(": " + row.words) == true, "\(row.words)")
                rig.netback.setAcceleration(false, vif: id)
                #expect(rig.status(id)?.acceleration.reason?.code == .notWanted)
                rig.netback.setAcceleration(true, vif: id)
                try rig.netback.unloadPlugin()
                try rig.load(plugin)
                #expect(plugin.count(.probe(id)) == 0 && reason(rig, id) != nil)
                try rig.netback.removeVif(id)
            }
        }
    }

    @Test func whatTheFrontendGuardsTooRefusesNothing() throws {
        try Rig.runWithPlugin { rig, plugin in
            var vif = rig.vif(1)
            vif.policy = VifPolicy(guardsSource: true, maximumLearnedAddresses: 4)
            let id = try rig.netback.addVif(vif, link: nil)
            #expect(plugin.count(.want(id, true)) == 1 && reason(rig, id) == nil)
        }
    }

    @Test func aChangeTakesAccelerationAwayAsPlannedAndGivesItBack() throws {
        try Rig.runWithPlugin { rig, plugin in
            plugin.reportWhenWanted(AccelerationStatus(state: .connected, form: "A"), unwanted: AccelerationStatus())
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            #expect(rig.status(one)?.acceleration.state == .connected)
            try rig.netback.setPolicy(VifPolicy(stormLimit: 5), vif: one)
            #expect(plugin.count(.want(one, false)) == 1 && plugin.count(.remove(one)) == 0)
            #expect(reason(rig, one)?.hasSuffix("storm limit") == true)
            // Whoever asks for it is told the same.
            rig.netback.setAcceleration(false, vif: one)
            rig.netback.setAcceleration(true, vif: one)
            #expect(plugin.count(.want(one, true)) == 1)
            try rig.netback.setPolicy(VifPolicy(guardsSource: true), vif: one)
            #expect(plugin.count(.want(one, true)) == 2)
            #expect(rig.status(one)?.acceleration.state == .connected)
            #expect(plugin.count(.want(two, false)) == 0 && rig.status(two)?.acceleration.state == .connected)
        }
    }

    @Test func whatDoesNotComeBackIsTakenAwayByForce() throws {
        try Rig.runWithPlugin({ $0.withdrawalLimitMilliseconds = 300 }) { rig, plugin in
            let connected = AccelerationStatus(state: .connected, form: "A")
            plugin.reportWhenWanted(connected, unwanted: connected)
            let one = try rig.addGuest(1)
            let start = ContinuousClock.now
            try rig.netback.setPolicy(VifPolicy(addresses: []), vif: one)
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            #expect(plugin.count(.want(one, false)) == 1 && plugin.count(.remove(one)) == 1)
            #expect(reason(rig, one) != nil)
            try rig.netback.setPolicy(VifPolicy(), vif: one)
            #expect(plugin.count(.probe(one)) == 2)
            plugin.reportWhenWanted(connected, unwanted: AccelerationStatus())
        }
    }

    @Test(arguments: [0, 3_600_001]) func aLimitOutOfBoundsIsRefused(_ milliseconds: Int) {
        var configuration = NetbackConfiguration(name: "limits")
        #expect(throws: Never.self) { try configuration.validate() }
        configuration.withdrawalLimitMilliseconds = milliseconds
        #expect(
            throws: NetbackError.invalidConfiguration("withdrawalLimitMilliseconds is 1 to 3600000, not \(milliseconds)")
        ) { try configuration.validate() }
    }

    /// Runs with a VI in software of vif 1, whose plugin does not take it back.
    private func runSteered(_ body: (Rig, SoftVI, UInt32) throws -> Void) throws {
        try Rig.runWithPlugin { rig, plugin in
            let vif = try rig.addGuest(1)
            let vi = try SoftVI("guarded", pool: rig.guestPool.handle)
            unsafe #expect(plugin.host.steer(vi.c, vif: vif) == .done)
            try rig.require("the vif is steered") { plugin.events(of: vif).contains(.steered) }
            try body(rig, vi, vif)
            try rig.netback.unloadPlugin()
            try rig.settle()
            vi.empty()
        }
    }

    /// A VI in software is netback's to guard.
    @Test func whatComesByAVIInSoftwareIsGuarded() throws {
        try runSteered { rig, vi, vif in
            try rig.netback.setPolicy(VifPolicy(guardsSource: true), vif: vif)
            let own = (0..<50).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1)) }
            let foreign = Frames.numbered(50, to: Rig.station, from: Rig.mac(9))
            let second = GuardFrames.tagged(GuardFrames.tagged(own[0], 5), 0)
            vi.send(own + [foreign, GuardFrames.tagged(own[0], 5), second, Array(own[0].prefix(13))])
            #expect(try rig.receiveFromWire(50) == own)
            try rig.require("all are done with") { vi.settled == 54 }
            #expect(rig.count("viRefused", vif) == 4 && rig.count("viReceived", vif) == 54)
            try rig.settle()
            #expect(rig.wire.receive().isEmpty)
        }
    }

    @Test func whatGoesByAVIInSoftwareIsLimited() throws {
        try runSteered { rig, vi, vif in
            try rig.netback.setPolicy(VifPolicy(egress: RateLimit(bytesPerSecond: 1, burstBytes: 15_500)), vif: vif)
            let sent = (0..<100).map { Frames.numbered($0, to: Rig.mac(1), from: Rig.station, length: 1000) }
            #expect(rig.wire.send(sent))
            try rig.require("all are dealt with") { rig.count("offered", vif) == 100 }
            try rig.settle()
            #expect(vi.receive() == Array(sent.prefix(15)))
            #expect(rig.count("egressLimited", vif) == 85)
        }
    }
}
