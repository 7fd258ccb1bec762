// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import Netback
import Netfront
import Testing

/// Plugins that come before, while and after frames flow.
@Suite(.serialized) struct LoadOrderTests {
    static let forms: [SteeringForm] = [.destinationMAC, .software]

    private final class Early: @unchecked Sendable {
        // SAFETY (@unchecked Sendable): used on the test's thread alone.
        var plugin: WatchedPlugin?
    }

    @Test(arguments: forms)
    func aPluginThatIsLoadedBeforeTheVifAcceleratesIt(_ form: SteeringForm) throws {
        let early = Early()
        let options = HookRig.Options(form: form) { rig in
            let plugin = try rig.makeWatched()
            try rig.loadBackend(plugin)
            #expect(plugin.calls(.attach) == 1 && plugin.calls(.probe) == 0)
            early.plugin = plugin
        }
        try HookRig.run(options) { rig in
            let plugin = try #require(early.plugin)
            #expect(plugin.calls(.probe) == 1 && plugin.calls(.want) == 1)
            try rig.loadFrontend(plugin)
            try rig.becomeFast()
            try rig.expectPerfection()
        }
    }

    @Test(arguments: forms, [true, false])
    func aPluginThatIsLoadedLateAcceleratesWhatFlows(_ form: SteeringForm, _ backendFirst: Bool) throws {
        try HookRig.run(HookRig.Options(form: form)) { rig in
            let plugin = try rig.makeWatched()
            if backendFirst { try rig.loadBackend(plugin) } else { try rig.loadFrontend(plugin) }
            try rig.passTraffic(100)
            #expect(!rig.status.isFast)
            if backendFirst { try rig.loadFrontend(plugin) } else { try rig.loadBackend(plugin) }
            try rig.becomeFast()
            #expect(plugin.calls(.newDevice) == 1 && plugin.calls(.attach) == 1 && plugin.calls(.probe) == 1)
            #expect(plugin.frames(.received) > 0 && plugin.frames(.transmitted) > 0)
            try rig.expectPerfection()
        }
    }

    @Test func aPluginThatAcceleratesNothingDisturbsNothing() throws {
        try HookRig.run { rig in
            let plugin = try rig.makeWatched(accelerates: false)
            try rig.load(plugin)
            let before = rig.count(.deliveredSlow)
            try rig.passTraffic(500)
            try rig.expectPerfection()
            #expect(rig.count(.deliveredFast) == 0 && rig.count(.transmittedFastPackets) == 0)
            // It saw what passed since it came, but for what was behind the switch already, and no frame twice.
            #expect(plugin.frames(.received) <= rig.count(.deliveredSlow))
            #expect(plugin.frames(.received) + 1024 >= rig.count(.deliveredSlow) - before)
            #expect(plugin.frames(.transmitted) <= rig.count(.transmittedSlowPackets))
            #expect(plugin.calls(.transmit) > 0 && plugin.calls(.tick) > 0)
        }
    }
}
