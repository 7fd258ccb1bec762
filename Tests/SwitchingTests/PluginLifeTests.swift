// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import CViaductAccel
import Netback
import Netfront
import Testing

/// Plugins and guests that come and go while frames are under way.
@Suite(.serialized) struct PluginLifeTests {
    static let forms: [SteeringForm] = [.destinationMAC, .software]

    @Test(arguments: forms, [1, 2])
    func theBackendsPluginMayBeReplacedUnderTraffic(_ form: SteeringForm, _ lcores: Int) throws {
        try SwitchingRig.run(SwitchingRig.Options(lcores: lcores, forms: [form])) { rig in
            rig.startTraffic()
            for _ in 0..<4 {
                try rig.becomeFast()
                try rig.passTraffic(50)
                try rig.netback.unloadPlugin()
                let fast = (rig.count(.deliveredFast), rig.count(.transmittedFastPackets))
                try rig.passTraffic(50)
                #expect(rig.count(.deliveredFast) == fast.0 && rig.count(.transmittedFastPackets) == fast.1)
                try rig.loadBackend()
            }
            try rig.becomeFast()
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    @Test(arguments: forms, [1, 2])
    func theFrontendsPluginMayBeReplacedUnderTraffic(_ form: SteeringForm, _ lcores: Int) throws {
        try SwitchingRig.run(SwitchingRig.Options(lcores: lcores, forms: [form])) { rig in
            rig.startTraffic()
            for _ in 0..<2 {
                try rig.becomeFast()
                try rig.passTraffic(50)
                try rig.netfront.unloadPlugin()
                let fast = (rig.count(.deliveredFast), rig.count(.transmittedFastPackets))
                try rig.passTraffic(50)
                #expect(rig.count(.deliveredFast) == fast.0 && rig.count(.transmittedFastPackets) == fast.1)
                // The plugin's own count of what it moved outlives it.
                #expect(rig.netfront.pluginStatistics.tx_packets == fast.1)
                try rig.loadFrontend()
            }
            try rig.becomeFast()
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    @Test func aPluginThatIsLoadedLateFindsItsVif() throws {
        try SwitchingRig.run(SwitchingRig.Options(loadsPlugins: false)) { rig in
            rig.startTraffic()
            rig.setAcceleration(true)
            try rig.passTraffic(50)
            try rig.loadBackend()
            try rig.wait("the refusal") { rig.host.reason?.code == .noPlugin || rig.host.state.reason?.code == .noPlugin }
            try rig.passTraffic(50)
            try rig.loadFrontend()
            try rig.becomeFast()
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    @Test(arguments: forms)
    func aGuestThatStopsWithoutDrainingLeavesNothingBehind(_ form: SteeringForm) throws {
        try SwitchingRig.run(SwitchingRig.Options(forms: [form])) { rig in
            rig.startTraffic()
            try rig.becomeFast()
            try rig.passTraffic(50)
            rig.netfront.shutDown()
            try rig.wait("the end of acceleration") { !rig.status.isFast && rig.host.state != .connected }
        }
    }

    @Test(arguments: forms)
    func aGuestThatClosesAtOnceLeavesNothingBehind(_ form: SteeringForm) throws {
        try SwitchingRig.run(SwitchingRig.Options(forms: [form])) { rig in
            rig.startTraffic()
            try rig.becomeFast()
            try rig.passTraffic(50)
            rig.stopGuest()
            rig.netfront.close()
            // It says so: nobody waits for it in vain and then keeps its VI from others.
            try rig.wait("its VI") { rig.backend?.counts.granted == 0 }
            #expect(rig.backend?.counts.quarantined == 0)
        }
    }
}
