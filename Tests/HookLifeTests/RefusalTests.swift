// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import Netback
import Netfront
import PluginFolder
import Testing

/// Plugins that are refused, or refuse: frames pass by the slow path all the time, with the reason shown.
@Suite(.serialized) struct RefusalTests {
    private let version = UInt32(VIADUCT_ACCEL_API_VERSION)

    @Test func aFailingProbeLeavesTheVifOnTheSlowPathWithTheReason() throws {
        try HookRig.run { rig in
            let failing = try rig.makeWatched("-failing")
            try rig.loadBackend(failing)
            #expect(failing.calls(.probe) == 1)
            #expect(rig.host.state.reason?.text == "plugin test refused the vif")
            #expect(throws: NetfrontError.pluginRefused("test")) { try rig.loadFrontend(failing) }
            #expect(failing.calls(.newDevice) == 1 && rig.status.plugin == nil)
            try rig.expectSlow()
            try rig.expectSilence(of: failing, WatchedPlugin.Hook.frontend)
            try rig.netback.unloadPlugin()
            #expect(failing.calls(.want) == 0 && failing.calls(.removeVif) == 0 && failing.calls(.detach) == 1)
            // Nothing of it is left: a good one takes its place.
            let good = try rig.makeWatched("-good")
            try rig.load(good)
            try rig.becomeFast()
            try rig.expectSilence(of: failing)
            try rig.expectPerfection()
        }
    }

    @Test func aPluginThatDoesNotWantToBeAttachedIsNotLoaded() throws {
        try HookRig.run { rig in
            let unwilling = try rig.makeWatched("-unwilling")
            #expect(throws: NetbackError.pluginRefused(name: "test", code: -19)) { try rig.loadBackend(unwilling) }
            #expect(throws: NetbackError.noPlugin) { try rig.netback.unloadPlugin() }
            try rig.expectSilence(of: unwilling)
            #expect(unwilling.calls(.attach) == 1 && unwilling.calls(.probe) == 0 && unwilling.calls(.detach) == 0)
            #expect(rig.host.reason?.code == .noPlugin)
            try rig.expectPerfection()
        }
    }

    @Test func aNewerPluginIsToldTheHostsVersionAndComesAgain() throws {
        try HookRig.run { rig in
            let plugin = try rig.makeWatched("-adapting")
            var back = unsafe plugin.backendHooks.pointee
            var front = unsafe plugin.frontendHooks.pointee
            unsafe back.api_version = version + 1
            unsafe front.api_version = version + 1
            let told = #expect(throws: NetbackError.self) { try unsafe rig.netback.loadPlugin(&back) }
            guard case .pluginTooNew(_, let host)? = told else {
                Issue.record("\(String(describing: told))")
                return
            }
            let toldFrontend = #expect(throws: NetfrontError.self) { try unsafe rig.netfront.loadPlugin(&front) }
            #expect(toldFrontend == .pluginTooNew(version: version + 1, host: host))
            try rig.expectSilence(of: plugin)
            // By its entry points it is told before it chooses.
            #expect(plugin.file.version(of: .backend) == host)
            try rig.load(plugin)
            try rig.becomeFast()
            try rig.expectPerfection()
        }
    }

    @Test(arguments: ["newer", "older", "short"])
    func aTableThatDoesNotFitIsNotLoaded(_ word: String) throws {
        try HookRig.run { rig in
            #expect(throws: PluginFolderError.self) { _ = try rig.makeWatched("-\(word)") }
            let plugin = try rig.makeWatched()
            try rig.load(plugin)
            // And a refusal does not touch what is in place.
            #expect(throws: PluginFolderError.self) { _ = try rig.makeWatched("-\(word)-2") }
            try rig.becomeFast()
            try rig.expectPerfection()
        }
    }

    @Test func aTableWithAMissingHookIsNotLoaded() throws {
        try HookRig.run { rig in
            let plugin = try rig.makeWatched("-null")
            #expect(throws: NetbackError.pluginInvalid("want is missing")) { try rig.loadBackend(plugin) }
            let refusal = #expect(throws: NetfrontError.self) { try rig.loadFrontend(plugin) }
            #expect(refusal?.description.contains("transmit_done is missing") == true, "\(String(describing: refusal))")
            try rig.expectSilence(of: plugin)
            #expect(plugin.allCalls.allSatisfy { $0 == 0 })
            try rig.expectPerfection()
        }
    }
}
