// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Dataplane
import Foundation
import Netback
import Netfront
import PluginFolder
import TestSupport
import Testing

/// A hook that never returns cannot be forced: its plugin is leaked, its `remove` is not called, and what does not wait for it goes
/// on. At the end of each test the hook returns, so that the process can end.
@Suite(.serialized) struct StuckHookTests {
    private static func options(_ plan: HookRig.Plan) -> HookRig.Options {
        // What is stuck lets every one of these end.
        var limits = AccelerationLimits()
        limits.drain = 3_000_000_000
        limits.close = 2_000_000_000
        return HookRig.Options(plan: plan, guests: plan == .guestAlone ? 2 : 1, stuckAfterMilliseconds: 1500, limits: limits)
    }

    private func expectStuckBackend(
        _ rig: HookRig, _ plugin: WatchedPlugin, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: NetbackError.pluginStuck(name: "test"), sourceLocation: sourceLocation) {
            try rig.netback.unloadPlugin()
        }
        #expect(plugin.calls(.removeVif) == 0 && plugin.calls(.detach) == 0, sourceLocation: sourceLocation)
        #expect(
            rig.host.state.reason?.text == "plugin test is stuck in a hook", "\(rig.account)", sourceLocation: sourceLocation)
    }

    /// Netback's lcore is gone with the hook. The guest's VI is not: frames pass by it as before.
    @Test func theFastPathGoesOnWhenAHookOfTheBackendDoesNotReturn() throws {
        try HookRig.run(Self.options(.netbackAlone)) { rig in
            let plugin = try rig.makeWatched("-stuck")
            try rig.load(plugin)
            try rig.becomeFast()
            plugin.block(.received, true)
            // What is for no guest comes by the default queue.
            rig.sendBroadcast()
            try rig.wait("a hook that hangs") { plugin.inside(.received) == 1 }
            try rig.passTraffic(200)
            expectStuckBackend(rig, plugin)
            let before = rig.fastFrames
            try rig.passTraffic(200)
            #expect(zip(rig.fastFrames, before).allSatisfy { $0 > $1 }, "\(rig.account)")
            // Nobody takes its place while its lcore is in the hook, and nobody else is blamed for it.
            let next = try rig.makeWatched("-next")
            #expect(throws: NetbackError.laneStuck) { try rig.loadBackend(next) }
            #expect(next.allCalls.allSatisfy { $0 == 0 })
            // The hook returns after all: the plugin stays out.
            plugin.block(.received, false)
            try rig.wait("the hook's return") { plugin.inside(.received) == 0 }
            #expect(rig.group.synchronize())
            try rig.expectSilence(of: plugin, WatchedPlugin.Hook.backend)
            #expect(rig.lost == 0, "\(rig.account)")
            rig.expectOrder()
        }
    }

    /// Netback's own lcore serves the slow path, too: it waits for the hook, and goes on without it.
    @Test func theSlowPathGoesOnWhenTheHookReturnsAfterAll() throws {
        try HookRig.run(Self.options(.split)) { rig in
            let plugin = try rig.makeWatched("-stuck", accelerates: false)
            try rig.load(plugin)
            try rig.passTraffic(100)
            plugin.block(.transmitted, true)
            try rig.wait("a hook that hangs") { plugin.inside(.transmitted) == 1 }
            expectStuckBackend(rig, plugin)
            plugin.block(.transmitted, false)
            try rig.passTraffic(200)
            try rig.expectSilence(of: plugin, WatchedPlugin.Hook.backend)
            // Another one takes its place.
            try rig.netfront.unloadPlugin()
            let next = try rig.makeWatched("-next")
            try rig.load(next)
            try rig.becomeFast()
            try rig.expectSilence(of: plugin)
            try rig.expectPerfection()
        }
    }

    /// Hooks of the control plane hold it up, and nothing else.
    @Test(arguments: [WatchedPlugin.Hook.tick, .statistics, .controlMessage])
    func framesAreNotHeldUpByAHookOfTheControlPlane(_ hook: WatchedPlugin.Hook) throws {
        try HookRig.run { rig in
            let plugin = try rig.makeWatched("-slow")
            try rig.load(plugin)
            try rig.becomeFast()
            plugin.block(hook, true)
            let netfront = rig.netfront
            let threads = DispatchGroup()
            switch hook {
            case .statistics: DispatchQueue.global().async(group: threads) { _ = netfront.pluginStatistics }
            case .controlMessage:
                // What the frontend says when it goes.
                DispatchQueue.global().async(group: threads) { try? netfront.unloadPlugin() }
            default: break
            }
            try rig.wait("a hook that hangs") { plugin.inside(hook) == 1 }
            try rig.passTraffic(500)
            plugin.block(hook, false)
            threads.wait()
            try rig.passTraffic(100)
            try rig.expectPerfection()
        }
    }

    /// A guest's lcore is gone with the hook. The host and its other guests go on.
    @Test(arguments: [WatchedPlugin.Hook.poll, .transmit])
    func otherGuestsGoOnWhenAHookOfTheFrontendDoesNotReturn(_ hook: WatchedPlugin.Hook) throws {
        try HookRig.run(Self.options(.guestAlone)) { rig in
            let front = try rig.makeWatched("-front")
            let back = try rig.makeWatched("-back")
            try rig.loadFrontend(front)
            try rig.loadBackend(back)
            try rig.becomeFast()
            front.block(hook, true)
            try rig.wait("a hook that hangs") { front.inside(hook) == 1 }
            try rig.passTraffic(200, ofGuest: 1)
            #expect(throws: NetfrontError.pluginStuck("test")) { try rig.netfront.unloadPlugin() }
            #expect(front.calls(.removeDevice) == 0)
            #expect(rig.status.plugin == nil)
            #expect(rig.status.acceleration.reason?.text == "plugin test is stuck in a hook", "\(rig.account)")
            try rig.passTraffic(200, ofGuest: 1)
            // The host's plugin is not the one that hangs: it is told, and takes the VI back.
            rig.setAcceleration(false)
            try rig.wait("the host's end of it") { rig.host.state != .connected && rig.host.state != .draining }
            #expect(rig.host.state.reason?.code != .pluginRemoved, "\(rig.account)")
            #expect(back.calls(.want) == 2)
            let next = try rig.makeWatched("-next")
            #expect(throws: NetfrontError.pluginStuck("test")) { try rig.loadFrontend(next) }
            #expect(next.allCalls.allSatisfy { $0 == 0 })
            // The hook returns after all: the guest goes on by the slow path, without the plugin.
            front.block(hook, false)
            rig.stations.forgive()
            rig.guest.application.forgive()
            try rig.passTraffic(200)
            try rig.expectSilence(of: front, WatchedPlugin.Hook.frontend)
            #expect(front.calls(.removeDevice) == 0)
            // What the VI held is lost, or came out of order when its peers were left without it.
            let bystander = Traffic.flows(ofGuest: 1)
            #expect(bystander.allSatisfy { rig.ofGuests.lost($0) == 0 && rig.stations.counters.lost($0) == 0 })
            let late = rig.lateAtStations()
            #expect(late <= 256 && (late == 0 || rig.count(.possibleReorderings) > 0), "\(rig.account)")
            #expect(rig.lost <= 4 * 128, "\(rig.account)")
            // Its VI is still open, so no other plugin gets one.
            #expect(throws: NetfrontError.pluginStuck("test")) { try rig.loadFrontend(next) }
            #expect(rig.host.state != .connected && rig.status.acceleration.reason?.code == .pluginRemoved)
        }
    }
}
