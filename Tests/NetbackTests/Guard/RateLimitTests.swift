// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Dispatch
import Testing
import Wire

@testable import Netback

@Suite struct RateLimitTests {
    /// 15 frames of 1000 bytes and next to nothing in the seconds that a test takes.
    private static let fifteen = RateLimit(bytesPerSecond: 1, burstBytes: 15_500)

    private func run(_ policy: VifPolicy, _ body: (Rig, UInt32, UInt32) throws -> Void) throws {
        try Rig.run { rig in
            var vif = rig.vif(1)
            vif.policy = policy
            let one = try rig.netback.addVif(vif, link: nil)
            let two = try rig.netback.addVif(rig.vif(2), link: nil)
            try rig.connect(one, 1)
            try rig.connect(two, 2)
            try body(rig, one, two)
        }
    }

    private func frames(_ count: UInt32, to destination: MACAddress, from source: MACAddress) -> [Bytes] {
        (0..<count).map { Frames.numbered($0, to: destination, from: source, length: 1000) }
    }

    @Test func beyondItsBurstAGuestSendsNothing() throws {
        try run(VifPolicy(ingress: Self.fifteen)) { rig, one, two in
            let sent = frames(100, to: Rig.mac(2), from: Rig.mac(1))
            try rig.send(sent, from: one)
            try rig.require("all are dealt with") { rig.count("guestReceived", one) == 100 }
            #expect(try rig.receive(15, at: two) == Array(sent.prefix(15)))
            #expect(rig.count("ingressLimited", one) == 85 && rig.count("ingressLimited") == 85)
            // What it is sent is none of that, nor what others send.
            let back = frames(100, to: Rig.mac(1), from: Rig.mac(2))
            try rig.send(back, from: two)
            #expect(try rig.receive(100, at: one) == back)
        }
    }

    @Test func beyondItsBurstAGuestIsSentNothing() throws {
        try run(VifPolicy(egress: Self.fifteen)) { rig, one, two in
            #expect(rig.wire.send(frames(10, to: Rig.mac(1), from: Rig.station)))
            try rig.require("they are dealt with") { rig.count("offered", one) == 10 }
            try rig.send(frames(50, to: Rig.mac(1), from: Rig.mac(2)), from: two)
            #expect(rig.wire.send(frames(50, to: .broadcast, from: Rig.station)))
            try rig.require("all are dealt with") { rig.count("offered", one) == 110 }
            #expect(try rig.receive(15, at: one).count == 15)
            #expect(rig.count("egressLimited", one) == 95)
            #expect(try rig.receive(50, at: two).count == 50)
            let out = frames(100, to: Rig.mac(2), from: Rig.mac(1))
            try rig.send(out, from: one)
            #expect(try rig.receive(100, at: two) == out)
        }
    }

    /// Without a guest nothing is taken from the limit.
    @Test func framesForNobodyCostNothing() throws {
        try Rig.run { rig in
            var vif = rig.vif(1)
            vif.policy = VifPolicy(egress: Self.fifteen)
            let one = try rig.netback.addVif(vif, link: nil)
            #expect(rig.wire.send(frames(100, to: Rig.mac(1), from: Rig.station)))
            try rig.require("they are dropped") { rig.count("guestAbsent", one) == 100 }
            try rig.connect(one, 1)
            let late = frames(15, to: Rig.mac(1), from: Rig.station)
            #expect(rig.wire.send(late))
            #expect(try rig.receive(15, at: one) == late)
        }
    }

    /// A frame that is held was counted when it came.
    @Test func whatIsHeldIsCountedOnce() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            try rig.netback.setPolicy(VifPolicy(egress: Self.fifteen), vif: one)
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.held) }
            let sent = frames(100, to: Rig.mac(1), from: Rig.station)
            #expect(rig.wire.send(sent))
            try rig.require("all are dealt with") { rig.count("held") == 15 && rig.count("egressLimited", one) == 85 }
            #expect(plugin.host.release(vif: one) == .done)
            #expect(try rig.receive(15, at: one) == Array(sent.prefix(15)))
        }
    }

    /// More than may pass is offered all the time, for two seconds.
    @Test func overTimeTheRatePasses() throws {
        let limit = RateLimit(bytesPerSecond: 500_000, burstBytes: 100_000)
        try run(VifPolicy(ingress: limit)) { rig, one, two in
            let sent = frames(32, to: Rig.mac(2), from: Rig.mac(1))
            let start = DispatchTime.now().uptimeNanoseconds
            var now = start
            while now - start < 2_000_000_000 {
                rig.guest(one).send(sent)
                _ = rig.guest(two).receive()
                now = DispatchTime.now().uptimeNanoseconds
            }
            try rig.require("all are dealt with") {
                _ = rig.guest(two).receive()
                return rig.count("queued") == 0
            }
            try rig.settle()
            let end = DispatchTime.now().uptimeNanoseconds
            let passed = Double(rig.count("forwarded", one)) * 1000
            let most = 100_000 + 500_000 * Double(end - start) / 1e9 * 1.01
            let least = 500_000 * Double(now - start) / 1e9 * 0.8
            #expect(passed <= most && passed >= least, "\(passed) bytes, of \(least) to \(most)")
            #expect(rig.count("ingressLimited", one) > 0)
        }
    }

    @Test func aStormIsCutAndOtherFramesPass() throws {
        try run(VifPolicy(stormLimit: 10)) { rig, one, two in
            let start = DispatchTime.now().uptimeNanoseconds
            let group = MACAddress(rawValue: 0x0100_5E00_0001)
            var sent: [Bytes] = []
            for _ in 0..<100 {
                sent += frames(1, to: .broadcast, from: Rig.mac(1)) + frames(1, to: group, from: Rig.mac(1))
                sent += frames(1, to: Rig.mac(2), from: Rig.mac(1))
            }
            try rig.send(sent, from: one)
            try rig.require("all are dealt with") { rig.count("guestReceived", one) == 300 }
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
            let limited = Int(rig.count("stormLimited", one))
            // Ten at once, ten in each further second.
            #expect(limited <= 190 && limited >= 189 - Int(seconds * 10.1))
            let came = try rig.receive(300 - limited, at: two)
            #expect(came.count { $0.prefix(6) == Frames.octets(Rig.mac(2)).prefix(6) } == 100)
            // Whoever has no limit may broadcast.
            try rig.send(frames(100, to: .broadcast, from: Rig.mac(2)), from: two)
            #expect(try rig.receive(100, at: one).count == 100)
        }
    }

    /// The guards come first: a frame that they drop takes nothing from a limit.
    @Test func whatAGuardDropsCostsNothing() throws {
        try run(VifPolicy(guardsSource: true, ingress: Self.fifteen, stormLimit: 1)) { rig, one, two in
            try rig.send(frames(100, to: .broadcast, from: Rig.mac(9)), from: one)
            let own = frames(1, to: .broadcast, from: Rig.mac(1)) + frames(14, to: Rig.mac(2), from: Rig.mac(1))
            try rig.send(own, from: one)
            #expect(try rig.receive(15, at: two) == own)
            #expect(rig.count("foreignSource", one) == 100)
        }
    }
}
