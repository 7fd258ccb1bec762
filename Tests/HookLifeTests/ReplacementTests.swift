// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import CViaductAccel
import Netback
import Netfront
import PluginFolder
import TestSupport
import Testing

/// One plugin takes another's place, or wants to.
@Suite(.serialized) struct ReplacementTests {
    static let forms: [SteeringForm] = [.destinationMAC, .software]

    @Test(arguments: forms)
    func eachPluginIsReplacedByTheNextUnderTraffic(_ form: SteeringForm) throws {
        try HookRig.run(HookRig.Options(form: form)) { rig in
            let plugins = [
                try rig.makeWatched("-one"), try rig.makeWatched("-idle", accelerates: false), try rig.makeWatched("-two"),
            ]
            for round in 0..<6 {
                let plugin = plugins[round % 3]
                try rig.load(plugin)
                for other in plugins where other !== plugin { try rig.expectSilence(of: other) }
                if round % 3 == 1 { try rig.expectSlow() } else { try rig.becomeFast() }
                // In one order, and in the other.
                if round % 2 == 0 { try rig.netback.unloadPlugin() }
                try rig.netfront.unloadPlugin()
                if round % 2 == 1 { try rig.netback.unloadPlugin() }
                try rig.expectSilence(of: plugin)
            }
            try rig.expectPerfection()
            #expect(plugins.allSatisfy { $0.calls(.attach) == 2 && $0.calls(.detach) == 2 })
        }
    }

    /// Halves of different plugins that speak the same protocol work together.
    @Test func theHalvesMayBeReplacedOneByOne() throws {
        try HookRig.run { rig in
            let plugins = [try rig.makeWatched("-one"), try rig.makeWatched("-two")]
            try rig.load(plugins[0])
            try rig.becomeFast()
            for round in 1...4 {
                let (old, new) = (plugins[(round + 1) % 2], plugins[round % 2])
                try rig.netback.unloadPlugin()
                try rig.loadBackend(new)
                try rig.becomeFast()
                try rig.netfront.unloadPlugin()
                try rig.loadFrontend(new)
                try rig.becomeFast()
                try rig.expectSilence(of: old)
            }
            try rig.expectPerfection()
        }
    }

    @Test func aPluginIsLoadedAgainFromItsFile() throws {
        try HookRig.run { rig in
            let plugin = try rig.makeWatched()
            let folder = try PluginFolder(path: rig.pluginShelf.path)
            for round in 1...4 as ClosedRange<UInt64> {
                let file = try folder.load(plugin.file.name)
                let (front, back) = unsafe (try #require(file.frontendHooks), try #require(file.backendHooks))
                try unsafe rig.netfront.loadPlugin(front)
                try unsafe rig.netback.loadPlugin(back)
                try rig.becomeFast()
                #expect(plugin.calls(.attach) == round && plugin.calls(.newDevice) == round)
                try rig.netback.unloadPlugin()
                try rig.netfront.unloadPlugin()
            }
            try rig.expectPerfection()
        }
    }

    @Test func aSecondPluginIsRefusedWithTheNameOfTheFirst() throws {
        try HookRig.run { rig in
            let first = try rig.makeWatched("-one")
            let second = try rig.makeWatched("-two")
            try rig.load(first)
            try rig.becomeFast()
            #expect(throws: NetbackError.pluginAlreadyLoaded(name: "test")) { try rig.loadBackend(second) }
            #expect(throws: NetfrontError.pluginAlreadyLoaded("test")) { try rig.loadFrontend(second) }
            // The first one goes on, and the second one was never called.
            try rig.becomeFast()
            #expect(second.allCalls.allSatisfy { $0 == 0 })
            try rig.netback.unloadPlugin()
            try rig.netfront.unloadPlugin()
            try rig.load(second)
            try rig.becomeFast()
            try rig.expectSilence(of: first)
            try rig.expectPerfection()
        }
    }
}
