// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import Netback
import Testing
import Wire

@Suite struct PluginTests {
    @Test func aPluginSeesEachFrameOnceAndNothingAfterItWasUnloaded() throws {
        try Rig.run { rig in
            let one = try rig.addGuest(1)
            #expect(rig.wire.send([Frames.numbered(0, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: one)
            var number: UInt32 = 0
            func step() {
                if rig.wire.waiting < 2000 {
                    _ = rig.wire.send((0..<50).map { Frames.numbered($0, to: Rig.mac(1), from: Rig.station) })
                }
                _ = rig.guest(one).receive()
                rig.guest(one).send((0..<20).map { Frames.numbered(number * 20 + $0, to: Rig.station, from: Rig.mac(1)) })
                number += 1
                _ = rig.wire.receive()
            }
            for _ in 0..<20 {
                let plugin = CountingPlugin()
                for _ in 0..<20 { step() }
                try rig.load(plugin)
                for _ in 0..<50 { step() }
                try rig.require("it sees both directions") {
                    step()
                    return plugin.received > 0 && plugin.transmitted > 0
                }
                try rig.netback.unloadPlugin()
                plugin.markGone()
                let seen = (plugin.received, plugin.transmitted, plugin.ticks)
                for _ in 0..<20 { step() }
                #expect((plugin.received, plugin.transmitted, plugin.ticks) == seen)
                #expect(plugin.lateCalls == 0)
                #expect(plugin.calls.last == .detach)
                #expect(plugin.count(.remove(one)) == 1)
            }
            // And with it in place all the time, exactly what passes.
            try rig.settle()
            let plugin = CountingPlugin()
            try rig.load(plugin)
            let before = (rig.count("wireReceived"), rig.count("wireTransmitted"))
            for _ in 0..<100 { step() }
            try rig.require("traffic ends") {
                _ = rig.wire.receive()
                return rig.wire.waiting == 0
            }
            try rig.settle()
            #expect(plugin.received == rig.count("wireReceived") - before.0)
            #expect(plugin.transmitted == rig.count("wireTransmitted") - before.1)
            try rig.netback.unloadPlugin()
        }
    }

    @Test func framesThatWaitForTheWireAreShownOnce() throws {
        try Rig.runWithPlugin(wireCapacity: 64) { rig, plugin in
            let one = try rig.addGuest(1)
            #expect(rig.wire.send([Frames.numbered(0, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: one)
            try rig.send((0..<500).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1)) }, from: one)
            wait(milliseconds: 10)
            _ = try rig.receiveFromWire(500)
            try rig.settle()
            #expect(plugin.transmitted == 500)
        }
    }

    @Test func earlyAndLateLoadShowTheSameVifs() throws {
        try Rig.run { rig in
            let early = CountingPlugin()
            try rig.load(early)
            let one = try rig.addGuest(1)
            let plain = try rig.netback.addVif(rig.vif(2, acceleration: false), link: nil)
            try rig.require("it knows the guest") { early.events(of: one) == [.guestConnected] }
            #expect(
                early.calls.prefix(4).filter { if case .localAddresses = $0 { false } else { true } }
                    .prefix(3) == [.attach, .probe(one), .want(one, true)])
            #expect(early.count(.probe(plain)) == 0)
            try rig.netback.unloadPlugin()

            let late = CountingPlugin()
            try rig.load(late)
            try rig.require("it knows the guest") { late.events(of: one) == [.guestConnected] }
            #expect(late.calls.prefix(3) == [.attach, .probe(one), .want(one, true)])
            try rig.require("it knows the local addresses") { late.newestLocalAddresses == [Rig.mac(1), Rig.mac(2)] }
            try rig.require("it ticks") { late.ticks > 10 }
            rig.disconnect(one)
            try rig.require("it knows that the guest went") { late.events(of: one) == [.guestConnected, .guestGone] }
            try rig.netback.removeVif(one)
            #expect(late.count(.remove(one)) == 1)
            try rig.netback.unloadPlugin()
            #expect(late.count(.remove(one)) == 1)
        }
    }

    @Test func accelerationIsSwitchedForEachVif() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.netback.addVif(rig.vif(1, acceleration: false), link: nil)
            #expect(rig.status(one)?.acceleration.reason?.code == .notWanted)
            rig.netback.setAcceleration(true, vif: one)
            #expect(plugin.count(.want(one, true)) == 1)
            rig.netback.setAcceleration(true, vif: one)
            rig.netback.setAcceleration(false, vif: one)
            rig.netback.setAcceleration(true, vif: one)
            #expect(plugin.count(.probe(one)) == 1)
            #expect(plugin.count(.want(one, false)) == 1)
            #expect(plugin.count(.want(one, true)) == 2)
            rig.netback.setAcceleration(true, vif: 99)
        }
    }

    @Test func whatAPluginReportsIsTheVifsStatus() throws {
        try Rig.runWithPlugin { rig, plugin in
            plugin.refuse("vif2")
            let one = try rig.netback.addVif(rig.vif(1), link: nil)
            let two = try rig.netback.addVif(rig.vif(2), link: nil)
            let reason = AccelerationReason(.ruleRefused, "the driver's words")
            let status = AccelerationStatus(state: .refused(reason), form: "A", reason: reason)
            plugin.host.report(status, vif: one)
            #expect(rig.status(one)?.acceleration == status)
            #expect(rig.status(two)?.acceleration.reason?.text == "plugin counting refused the vif")
            try rig.netback.unloadPlugin()
            #expect(rig.status(one)?.acceleration.reason?.code == .noPlugin)
        }
    }

    @Test func aPluginIsWaitedForUntilAVifIsBackOnTheSlowPath() throws {
        try Rig.runWithPlugin { rig, plugin in
            let connected = AccelerationStatus(state: .connected, form: "A")
            plugin.reportWhenWanted(connected, unwanted: AccelerationStatus(state: .draining, form: "A"))
            let one = try rig.netback.addVif(rig.vif(1), link: nil)
            #expect(rig.status(one)?.acceleration == connected)
            let host = plugin.host
            let ticks = plugin.ticks
            plugin.atTick(ticks + 50) { host.report(AccelerationStatus(), vif: one) }
            try rig.netback.removeVif(one)
            #expect(plugin.ticks >= ticks + 50, "removed before it was drained")
            let calls = plugin.calls
            let unwanted = try #require(calls.firstIndex(of: .want(one, false)))
            let removed = try #require(calls.firstIndex(of: .remove(one)))
            #expect(unwanted < removed)
        }
    }

    @Test func tablesThatDoNotFitAreRefused() throws {
        try Rig.run { rig in
            let host = UInt32(VIADUCT_ACCEL_API_VERSION)
            let plugin = CountingPlugin()
            let newer = plugin.makeHooks(version: host + 1)
            #expect(throws: NetbackError.pluginTooNew(plugin: host + 1, host: host)) {
                try unsafe rig.netback.loadPlugin(newer.table)
            }
            let oldest = UInt32(VIADUCT_ACCEL_API_OLDEST)
            let older = plugin.makeHooks(version: oldest - 1)
            #expect(throws: NetbackError.pluginTooOld(plugin: oldest - 1, oldest: oldest)) {
                try unsafe rig.netback.loadPlugin(older.table)
            }
            let good = plugin.makeHooks()
            var short = unsafe good.table.pointee
            unsafe short.size -= 8
            let size = unsafe MemoryLayout<viaduct_backend_hooks>.size
            #expect(throws: NetbackError.pluginInvalid("it has \(size - 8) bytes, this version has \(size)")) {
                try unsafe rig.netback.loadPlugin(&short)
            }
            #expect(plugin.calls.isEmpty)
            #expect(throws: NetbackError.noPlugin) { try rig.netback.unloadPlugin() }
            // A newer plugin comes again with an older table.
            try rig.load(plugin)
            let second = CountingPlugin()
            let others = second.makeHooks()
            var other = unsafe others.table.pointee
            let name: StaticString = "other"
            unsafe other.name = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
            #expect(throws: NetbackError.pluginAlreadyLoaded(name: "counting")) { try unsafe rig.netback.loadPlugin(&other) }
            #expect(second.calls.isEmpty)
            try rig.netback.unloadPlugin()
            withExtendedLifetime((newer, older, good, others)) {}
        }
    }

    @Test func aTableWithAMissingHookIsRefused() throws {
        try Rig.run { rig in
            let plugin = CountingPlugin()
            let hooks = plugin.makeHooks()
            let words = unsafe MemoryLayout<viaduct_backend_hooks>.size / 8
            for word in 1..<words {
                var table = unsafe hooks.table.pointee
                unsafe withUnsafeMutableBytes(of: &table) { bytes in
                    unsafe bytes.storeBytes(of: 0, toByteOffset: word * 8, as: UInt64.self)
                }
                #expect(throws: NetbackError.self, "word \(word)") { try unsafe rig.netback.loadPlugin(&table) }
            }
            #expect(plugin.calls.isEmpty)
            withExtendedLifetime(hooks) {}
        }
    }

    @Test func aPluginThatDoesNotReturnIsLeaked() throws {
        try Rig.run { rig in
            let one = try rig.addGuest(1)
            let plugin = CountingPlugin()
            try rig.load(plugin)
            try rig.require("it knows the guest") { plugin.events(of: one) == [.guestConnected] }
            plugin.setBlocked(true)
            #expect(rig.wire.send([Frames.numbered(0, to: Rig.mac(1), from: Rig.station)]))
            try rig.require("a hot hook hangs") { plugin.received == 1 }
            #expect(throws: NetbackError.pluginStuck(name: "counting")) { try rig.netback.unloadPlugin() }
            #expect(!plugin.calls.contains(.remove(one)))
            #expect(!plugin.calls.contains(.detach))
            #expect(rig.status(one)?.acceleration.reason?.text == "plugin counting is stuck in a hook")
            let ticks = plugin.ticks
            plugin.setBlocked(false)
            // The slow path goes on when the hook has returned after all, without it.
            _ = try rig.receive(1, at: one)
            #expect(rig.wire.send([Frames.numbered(1, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: one)
            #expect(plugin.received == 1)
            #expect(plugin.ticks == ticks)
            plugin.clearCalls()
        }
    }
}
