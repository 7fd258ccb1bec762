// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Netback
import Testing
import Wire

@Suite struct HoldTests {
    private func numbers(_ range: Range<UInt32>, to number: UInt64 = 1) -> [Bytes] {
        range.map { Frames.numbered($0, to: Rig.mac(number), from: Rig.station) }
    }

    @Test func heldFramesComeOutInOrderInFrontOfLaterOnes() throws {
        try Rig.runWithPlugin { rig, plugin in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.held) }
            #expect(rig.wire.send(numbers(0..<3000)))
            // Other frames are not held: those of another vif, and those for everybody.
            #expect(rig.wire.send(numbers(0..<10, to: 2)))
            let broadcast = Frames.numbered(99, to: .broadcast, from: Rig.station)
            #expect(rig.wire.send([broadcast]))
            #expect(try rig.receive(1, at: one) == [broadcast])
            #expect(try rig.receive(11, at: two).count == 11)
            try rig.require("all are held") { rig.status(one)?.held == 3000 }
            #expect(!plugin.events(of: one).contains(.released))

            #expect(plugin.host.release(vif: one) == .done)
            #expect(rig.wire.send(numbers(3000..<3900)))
            let came = try rig.receive(3900, at: one)
            #expect(came.map(Frames.number) == Array(0..<3900))
            try rig.require("the release is over") { plugin.events(of: one).filter { $0 == .released }.count == 1 }
            #expect(rig.status(one)?.held == 0)
        }
    }

    @Test func aSlowGuestGetsEveryHeldFrame() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1, queueSize: 256)
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.held) }
            #expect(rig.wire.send(numbers(0..<4000)))
            try rig.require("all are held") { rig.status(one)?.held == 4000 }
            #expect(plugin.host.release(vif: one) == .done)
            wait(milliseconds: 20)
            #expect(!plugin.events(of: one).contains(.released), "most frames have no room yet")
            var came: [UInt32] = []
            while came.count < 4000 {
                let some = rig.guest(one).receive(limit: 10)
                came += some.map(Frames.number)
                if some.isEmpty { wait(milliseconds: 1) }
            }
            #expect(came == Array(0..<4000))
            try rig.require("the release is over") { plugin.events(of: one).contains(.released) }
            #expect(rig.count("vringFull", one) == 0)
        }
    }

    /// What comes behind is bounded, or the hold would last as long as the overload.
    @Test func aReleaseEndsWhileMoreComesThanTheGuestTakes() throws {
        try Rig.runWithPlugin({ $0.holdCapacity = 512 }) { rig, plugin in
            let one = try rig.addGuest(1, queueSize: 256)
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.held) }
            #expect(rig.wire.send(numbers(0..<512)))
            try rig.require("all are held") { rig.status(one)?.held == 512 }
            #expect(plugin.host.release(vif: one) == .done)
            var sent: UInt32 = 512
            var came: [UInt32] = []
            try rig.require("the release is over") {
                if rig.wire.waiting < 1000, rig.wire.send(numbers(sent..<sent + 128)) { sent += 128 }
                came += rig.guest(one).receive(limit: 16).map(Frames.number)
                return plugin.events(of: one).contains(.released)
            }
            #expect(rig.count("vringFull", one) + rig.count("holdOverflow", one) > 0)
            try rig.require("what is left comes") {
                came += rig.guest(one).receive().map(Frames.number)
                return UInt64(came.count) + rig.count("vringFull", one) + rig.count("holdOverflow", one) == UInt64(sent)
            }
            #expect(Array(came.prefix(512)) == Array(0..<512) && zip(came, came.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test func aFullHoldDropsTheNewestAndCountsThem() throws {
        try Rig.runWithPlugin({ $0.holdCapacity = 100 }) { rig, plugin in
            let one = try rig.addGuest(1)
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.held) }
            #expect(rig.wire.send(numbers(0..<130)))
            try rig.require("the hold overflows") { rig.count("holdOverflow", one) == 30 }
            #expect(plugin.host.release(vif: one) == .done)
            #expect(try rig.receive(100, at: one).map(Frames.number) == Array(0..<100))
        }
    }

    @Test func eachCallIsAnsweredOnce() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            let host = plugin.host
            try rig.require("the plugin knows the guest") { plugin.events(of: one) == [.guestConnected] }
            #expect(host.release(vif: one) == .done)
            try rig.require("a release of nothing is answered") { plugin.events(of: one).last == .released }
            #expect(host.hold(vif: one) == .done)
            #expect(host.hold(vif: one) == .done)
            #expect(host.release(vif: one) == .done)
            #expect(host.release(vif: one) == .done)
            try rig.require("all are answered") { plugin.events(of: one).count == 6 }
            #expect(plugin.events(of: one) == [.guestConnected, .released, .held, .held, .released, .released])
            #expect(host.hold(vif: 77) == .failed(2))
        }
    }

    @Test func aHoldEndsWhenTheGuestGoes() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.held) }
            #expect(rig.wire.send(numbers(0..<50)))
            try rig.require("all are held") { rig.status(one)?.held == 50 }
            rig.disconnect(one)
            try rig.require("the frames are freed") { rig.count("guestGone", one) == 50 }
            try rig.require("the plugin knows") { plugin.events(of: one).last == .guestGone }
            #expect(plugin.host.release(vif: one) == .done)
            try rig.require("the release is answered") { plugin.events(of: one).last == .released }
            try rig.connect(one, 1)
            #expect(rig.wire.send(numbers(50..<60)))
            #expect(try rig.receive(10, at: one).map(Frames.number) == Array(50..<60))
        }
    }

    @Test func aReleaseIsAnsweredWhenTheGuestGoesDuringIt() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1, queueSize: 256)
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.held) }
            #expect(rig.wire.send(numbers(0..<2000)))
            try rig.require("all are held") { rig.status(one)?.held == 2000 }
            #expect(plugin.host.release(vif: one) == .done)
            try rig.require("some are out") { rig.status(one)!.held < 2000 }
            rig.disconnect(one)
            try rig.require("the release is answered") { plugin.events(of: one).contains(.released) }
            #expect(rig.count("guestGone", one) > 0)
        }
    }

    @Test func unloadingThePluginLetsHeldFramesGo() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.held) }
            #expect(rig.wire.send(numbers(0..<50)))
            try rig.require("all are held") { rig.status(one)?.held == 50 }
            try rig.netback.unloadPlugin()
            #expect(try rig.receive(50, at: one).map(Frames.number) == Array(0..<50))
            #expect(!plugin.events(of: one).contains(.released))
        }
    }
}
