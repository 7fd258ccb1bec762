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
import Wire

/// Single flows that change path while all of them run: none is lost, re-ordered or sent twice.
@Suite(.serialized) struct FlowSwitchTests {
    /// A NIC with few rules, of which each goes to another flow as soon as it may.
    private static func options(
        _ personality: Personality, lcores: Int, seed: UInt64, flows: Int = 8, rules: Int = 3, isAttached: Bool = false
    ) -> SwitchingRig.Options {
        var options = SwitchingRig.Options(lcores: lcores, forms: [.perFlow], seed: seed, flows: flows)
        options.personality = personality
        if isAttached {
            options.isAttached = true
            // Netback knows the pool of one.
            options.virtualInterfaces = 1
        }
        options.isUDP = true
        options.window = 48
        options.flowSteering.addresses = [Traffic.guestMAC: [IPAddress(Traffic.guestAddress)]]
        options.flowSteering.intervalNanoseconds = 10_000_000
        options.flowSteering.policy.rules = rules
        options.flowSteering.policy.batch = 2
        options.flowSteering.policy.minimumAge = 20_000_000
        options.flowSteering.policy.minimumRate = 1
        options.flowSteering.policy.halfLife = 50_000_000
        options.flowSteering.policy.hysteresis = 0
        options.flowSteering.policy.insertionsPerSecond = 1000
        return options
    }

    static let cases = [
        options(.ixgbe82599, lcores: 1, seed: 1), options(.ixgbe82599, lcores: 2, seed: 2),
        options(.mlx5, lcores: 2, seed: 3), options(.sfc, lcores: 1, seed: 4), options(.ixgbeX550, lcores: 1, seed: 5),
        options(.igb, lcores: 2, seed: 6), options(.bnxt, lcores: 1, seed: 7),
        options(.ixgbe82599, lcores: 1, seed: 8, isAttached: true), options(.mlx5, lcores: 2, seed: 9, isAttached: true),
    ]

    private func flowCounters(_ rig: SwitchingRig) -> FlowPolicyCounters {
        rig.backend?.flows(vif: rig.vif)?.counters ?? FlowPolicyCounters()
    }

    @Test(arguments: cases)
    func flowsThatComeAndGoLoseAndReorderNothing(_ options: SwitchingRig.Options) throws {
        try SwitchingRig.run(options) { rig in
            rig.startTraffic()
            try rig.passTraffic(50)
            for round in 1...2 {
                rig.setAcceleration(true)
                try rig.wait("flows by the VI") { rig.host.state == .connected && rig.host.form == "E" }
                let before = rig.count(.deliveredFast)
                let removed = flowCounters(rig).removed
                // Each flow had a rule and lost it, several times over.
                try rig.wait("flows that come and go") { flowCounters(rig).removed >= removed + UInt64(round * 16) }
                #expect(rig.count(.deliveredFast) > before)
                #expect(rig.backend?.ruleCount ?? 99 <= options.flowSteering.policy.rules)
                #expect(rig.count(.transmittedFastPackets) > 0)
                try rig.becomeSlow()
                #expect(rig.backend?.ruleCount == 0 && rig.backend?.counts.granted == 0)
                let fast = rig.count(.deliveredFast)
                try rig.passTraffic(50)
                #expect(rig.count(.deliveredFast) == fast)
            }
            try rig.stopTraffic()
            rig.expectPerfection()
            #expect(rig.count(.dropUnfenced) == 0)
            #expect(rig.netback.counters["flowHolds"] ?? 0 > 10)
            #expect(rig.netback.counters["flowHoldOverflow"] == 0)
        }
    }

    /// The wish changes at any moment, in the middle of batches.
    @Test(arguments: [options(.ixgbe82599, lcores: 2, seed: 3), options(.mlx5, lcores: 2, seed: 4)])
    func changesOfMindLoseAndReorderNothing(_ options: SwitchingRig.Options) throws {
        var random = SplitMix64(seed: options.seed &* 91)
        try SwitchingRig.run(options) { rig in
            rig.startTraffic()
            for round in 0..<40 {
                rig.setAcceleration(round % 2 == 0)
                usleep(UInt32(random.next() % 60_000))
            }
            rig.setAcceleration(true)
            try rig.wait("flows by the VI") { rig.host.state == .connected }
            try rig.passTraffic(100)
            try rig.becomeSlow()
            try rig.stopTraffic()
            rig.expectPerfection(hasLeftFences: true)
            #expect(rig.backend?.ruleCount == 0)
        }
    }

    /// The heavy flows get the rules, and what the frontend reports of them keeps them there.
    @Test func heavyFlowsKeepTheirRules() throws {
        var options = Self.options(.ixgbe82599, lcores: 2, seed: 5, flows: 6, rules: 2)
        options.flowSteering.policy.hysteresis = 1.5
        options.flowSteering.policy.minimumRate = 50
        options.flowSteering.policy.halfLife = 1_000_000_000
        try SwitchingRig.run(options) { rig in
            rig.guest.run(0)
            rig.stations.run(0)
            rig.guest.run(1)
            rig.stations.run(1)
            rig.setAcceleration(true)
            try rig.wait("two flows by the VI") { rig.backend?.flows(vif: rig.vif)?.steered.count == 2 }
            // Longer than what is not reported would keep a rule.
            usleep(6_000_000)
            let report = rig.backend?.flows(vif: rig.vif)
            #expect(Set(report?.steered.keys.map { String($0) } ?? []) == ["udp 10.0.0.1:1000", "udp 10.0.0.1:1001"])
            #expect(report?.steered.values.allSatisfy { $0 > 50 } == true, "\(String(describing: report))")
            #expect(report?.counters.removed == 0)
            try rig.becomeSlow()
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }
}
