// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import CViaductAccel
import Dataplane
import Foundation
import Netback
import Netfront
import Synchronization
import TestSupport
import Testing

/// Unload, and wait: no hook is called afterwards, and no frame is lost.
@Suite(.serialized) struct UnloadTests {
    static let forms: [SteeringForm] = [.destinationMAC, .software]

    @Test(arguments: forms)
    func noHookOfTheBackendIsCalledAfterItWasUnloaded(_ form: SteeringForm) throws {
        try HookRig.run(HookRig.Options(form: form)) { rig in
            let plugin = try rig.makeWatched()
            try rig.loadFrontend(plugin)
            for round in 1...6 as ClosedRange<UInt64> {
                try rig.loadBackend(plugin)
                try rig.becomeFast()
                try rig.netback.unloadPlugin()
                #expect(plugin.calls(.removeVif) == round && plugin.calls(.detach) == round)
                // The frontend's half is still in place, and the backend's is silent.
                try rig.expectSilence(of: plugin, WatchedPlugin.Hook.backend)
                try rig.expectSlow()
            }
            try rig.expectPerfection()
        }
    }

    @Test(arguments: forms)
    func noHookOfTheFrontendIsCalledAfterItWasUnloaded(_ form: SteeringForm) throws {
        try HookRig.run(HookRig.Options(form: form)) { rig in
            let plugin = try rig.makeWatched()
            try rig.loadBackend(plugin)
            for round in 1...4 as ClosedRange<UInt64> {
                try rig.loadFrontend(plugin)
                try rig.becomeFast()
                try rig.netfront.unloadPlugin()
                #expect(plugin.calls(.removeDevice) == round)
                try rig.expectSilence(of: plugin, WatchedPlugin.Hook.frontend)
                try rig.expectSlow()
            }
            try rig.expectPerfection()
        }
    }

    /// At any moment of any hand-shake.
    @Test(arguments: forms, [1, 2] as [UInt64])
    func pluginsComeAndGoAtAnyMoment(_ form: SteeringForm, _ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        try HookRig.run(HookRig.Options(form: form)) { rig in
            let plugin = try rig.makeWatched()
            try rig.load(plugin)
            var hasBackend = true
            var hasFrontend = true
            for _ in 0..<24 {
                usleep(UInt32(random.next() % 8000))
                if random.next() % 2 == 0 {
                    if hasBackend { try rig.netback.unloadPlugin() } else { try rig.loadBackend(plugin) }
                    hasBackend.toggle()
                } else {
                    if hasFrontend { try rig.netfront.unloadPlugin() } else { try rig.loadFrontend(plugin) }
                    hasFrontend.toggle()
                }
            }
            if !hasFrontend { try rig.loadFrontend(plugin) }
            if !hasBackend { try rig.loadBackend(plugin) }
            try rig.becomeFast()
            try rig.expectPerfection()
        }
    }

    /// Status, statistics and the switch of acceleration are used from other threads meanwhile.
    @Test func whoLooksOnIsNeverInTheWay() throws {
        try HookRig.run { rig in
            let plugin = try rig.makeWatched()
            let isOver = Atomic<Bool>(false)
            let netfront = rig.netfront
            let netback = rig.netback
            let looks = Atomic<Int>(0)
            let threads = DispatchGroup()
            withoutActuallyEscaping({ (work: @escaping @Sendable () -> Void) in
                for _ in 0..<2 { DispatchQueue.global().async(group: threads, execute: work) }
            }) { start in
                start {
                    while !isOver.load(ordering: .relaxed) {
                        _ = (netfront.pluginStatistics, netfront.currentStatus, netback.vifs, netback.counters)
                        looks.wrappingAdd(1, ordering: .relaxed)
                        usleep(100)
                    }
                }
            }
            defer { threads.wait() }
            defer { isOver.store(true, ordering: .relaxed) }
            for _ in 0..<5 {
                try rig.load(plugin)
                try rig.becomeFast()
                let moved = netfront.pluginStatistics
                try rig.netfront.unloadPlugin()
                try rig.netback.unloadPlugin()
                // What it moved is still counted when it is gone.
                #expect(netfront.pluginStatistics.tx_packets >= moved.tx_packets)
                #expect(netfront.pluginStatistics.rx_packets >= moved.rx_packets)
            }
            #expect(looks.load(ordering: .relaxed) > 0)
            try rig.expectPerfection()
        }
    }

    @Test func aVifMayGoWhileItsPluginIsAtWork() throws {
        try HookRig.run(HookRig.Options(guests: 2)) { rig in
            let plugin = try rig.makeWatched()
            try rig.load(plugin)
            try rig.becomeFast()
            // The guest goes in order: what is sent to it, its application and its device first.
            rig.stations.setRunning(false, Traffic.flows(ofGuest: 0))
            rig.guest.application.setRunning(false)
            #expect(rig.group.synchronize())
            try rig.wait("what is under way") {
                // Both ways: a VI that is closed with packets unsent may re-order.
                Traffic.flows(ofGuest: 0).allSatisfy {
                    rig.ofGuests.expected($0) >= rig.stations.counters.sent($0)
                        && rig.stations.counters.expected($0) >= rig.ofGuests.sent($0)
                }
            }
            rig.netfront.shutDown()
            try rig.netback.removeVif(rig.guest.vif)
            #expect(plugin.calls(.removeVif) == 1 && plugin.calls(.detach) == 0)
            let ticks = plugin.calls(.tick)
            try rig.passTraffic(200, ofGuest: 1)
            try rig.wait("the plugin's next tick") { plugin.calls(.tick) > ticks }
            rig.expectOrder()
            let flows = Traffic.flows(ofGuest: 1)
            #expect(flows.allSatisfy { rig.ofGuests.lost($0) == 0 && rig.stations.counters.lost($0) == 0 })
        }
    }
}
