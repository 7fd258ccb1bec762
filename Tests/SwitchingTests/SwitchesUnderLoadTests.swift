// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import CViaductAccel
import Dataplane
import Foundation
import Netfront
import TestSupport
import Testing

/// Changes of path with frames under way in both directions: none is lost, re-ordered or sent twice.
@Suite(.serialized) struct SwitchesUnderLoadTests {
    static let cases: [SwitchingRig.Options] = {
        var all: [SwitchingRig.Options] = []
        for lcores in [1, 2] {
            for seed in [1, 2, 3] as [UInt64] {
                // One VI: netback knows its pool.
                all.append(
                    SwitchingRig.Options(
                        lcores: lcores, forms: [.destinationMAC], seed: seed, virtualInterfaces: 1, isAttached: true))
            }
            for (seed, vlan) in [(1, nil), (2, 7), (3, nil)] as [(UInt64, UInt16?)] {
                all.append(
                    SwitchingRig.Options(lcores: lcores, forms: [.destinationMAC], seed: seed, vlan: vlan, isRemote: true))
            }
            for form in [SteeringForm.destinationMAC, .software] {
                for seed in [1, 2, 3] as [UInt64] {
                    all.append(SwitchingRig.Options(lcores: lcores, forms: [form], seed: seed))
                }
            }
        }
        return all
    }()

    @Test(arguments: cases)
    func thirtyFullSwitchesLoseAndReorderNothing(_ options: SwitchingRig.Options) throws {
        try SwitchingRig.run(options) { rig in
            rig.startTraffic()
            try rig.passTraffic(100)
            for round in 0..<15 {
                try rig.becomeFast()
                #expect(rig.host.form == (options.forms == [.software] ? "F" : "A"))
                let fast = (rig.count(.deliveredFast), rig.count(.transmittedFastPackets))
                try rig.passTraffic(UInt64(20 + round * 10))
                #expect(rig.count(.deliveredFast) > fast.0 && rig.count(.transmittedFastPackets) > fast.1)
                try rig.becomeSlow()
                let slow = (rig.count(.deliveredFast), rig.count(.transmittedFastPackets))
                try rig.passTraffic(UInt64(20 + round * 10))
                #expect(rig.count(.deliveredFast) == slow.0 && rig.count(.transmittedFastPackets) == slow.1)
            }
            try rig.stopTraffic()
            rig.expectPerfection()
            let switches = rig.status.switches
            #expect(switches.map(\.to) == (0..<30).map { $0 % 2 == 0 ? .fast : .slow })
        }
    }

    /// The wish changes at any moment of the hand-shakes.
    @Test(arguments: cases)
    func changesOfMindLoseAndReorderNothing(_ options: SwitchingRig.Options) throws {
        var random = SplitMix64(seed: options.seed &* 77 &+ UInt64(options.lcores))
        try SwitchingRig.run(options) { rig in
            rig.startTraffic()
            for round in 0..<60 {
                rig.setAcceleration(round % 2 == 0)
                usleep(UInt32(random.next() % 6000))
            }
            try rig.becomeFast()
            try rig.passTraffic(100)
            try rig.becomeSlow()
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    /// The guest knows nothing of its VLAN, whichever way its frames go.
    @Test func quotasThatChangeUnderLoadLoseAndReorderNothing() throws {
        try SwitchingRig.run { rig in
            let backend = try #require(rig.backend)
            rig.startTraffic()
            try rig.becomeFast()
            for _ in 0..<3 {
                var quotas = backend.quotas
                quotas.vif.rules = 0
                backend.setQuotas(quotas)
                try rig.wait("steering without a rule") {
                    rig.host.state == .connected && rig.host.form == "F" && rig.status.isFast
                }
                try rig.passTraffic(50)
                quotas.virtualInterfaces = 0
                backend.setQuotas(quotas)
                try rig.wait("the slow path") { rig.host.state.reason?.code == .quota && !rig.status.isFast }
                try rig.passTraffic(50)
                backend.setQuotas(AcceleratedBackendQuotas())
                try rig.wait("a rule") { rig.host.state == .connected && rig.host.form == "A" && rig.count(.peersFast) == 2 }
                try rig.passTraffic(50)
            }
            try rig.becomeSlow()
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    @Test(arguments: [SteeringForm.destinationMAC, .software])
    func switchesInAVLANLoseAndReorderNothing(_ form: SteeringForm) throws {
        try SwitchingRig.run(SwitchingRig.Options(forms: [form], vlan: 42)) { rig in
            rig.startTraffic()
            for _ in 0..<5 {
                try rig.becomeFast()
                #expect(rig.host.form == (form == .software ? "F" : "A"))
                try rig.passTraffic(100)
                try rig.becomeSlow()
                try rig.passTraffic(100)
            }
            try rig.stopTraffic()
            rig.expectPerfection()
            #expect(rig.count(.dropTagged) == 0 && rig.netfront.pluginStatistics.rx_dropped == 0)
        }
    }

    /// A guest that has been silent starts to send when everything else is fast already, and the reverse.
    @Test(arguments: [SteeringForm.destinationMAC, .software])
    func stationsThatComeLaterTurnFastOneByOne(_ form: SteeringForm) throws {
        try SwitchingRig.run(SwitchingRig.Options(forms: [form], flows: 6)) { rig in
            rig.setAcceleration(true)
            for flow in 0..<6 {
                rig.stations.run(flow)
                rig.guest.run(flow)
                try rig.wait("station \(flow) on the fast path") { rig.count(.peersFast) == UInt64(flow + 1) }
            }
            #expect(rig.count(.peersLearned) == 6)
            try rig.passTraffic(200)
            try rig.becomeSlow()
            try rig.passTraffic(50)
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }
}

extension SwitchingRig.Options: CustomTestStringConvertible {
    var testDescription: String {
        "\(lcores) lcore\(lcores == 1 ? "" : "s"), form \(forms.map(\.rawValue).sorted().joined()), seed \(seed)\(isAttached ? ", attached" : "")\(isRemote ? ", remote" : "")"
    }
}
