// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Dispatch
import Netback
import Testing
import Wire

/// Guests whose vring is full for a while.
@Suite struct SlowGuestTests {
    private static let nonce: UInt64 = 0x99AA_BBCC_DDEE_FF00

    private func numbers(_ range: Range<UInt32>) -> [Bytes] {
        range.map { Frames.numbered($0, to: Rig.mac(1), from: Rig.station) }
    }

    @Test func aGuestThatStopsForAMomentLosesNothing() throws {
        try Rig.run { rig in
            let one = try rig.addGuest(1, queueSize: 256)
            // More than the vring has room for; no more, because it is full from the 256th on and the patience runs.
            let frames = numbers(0..<320)
            // The test's thread, too, may not run for a moment: then that try says nothing.
            for _ in 0..<50 {
                let before = rig.count("vringFull", one)
                let began = DispatchTime.now().uptimeNanoseconds
                #expect(rig.wire.send(frames))
                // Nothing is read until all is in the vring or waits for room.
                while rig.wire.waiting > 0 { try #require(DispatchTime.now().uptimeNanoseconds - began < 10_000_000_000) }
                var came = rig.guest(one).receive().map(Frames.number)
                let took = DispatchTime.now().uptimeNanoseconds - began
                try rig.require("the rest comes") {
                    came += rig.guest(one).receive().map(Frames.number)
                    return came.count + Int(rig.count("vringFull", one) - before) == frames.count
                }
                #expect(came == Array(0..<UInt32(came.count)))
                if came.count == frames.count { return }
                #expect(took > 5_000_000, "frames were dropped after \(took) ns")
            }
            Issue.record("the guest never came in time")
        }
    }

    @Test func aGuestThatComesBackGetsWhatComesThen() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2, queueSize: 256)
            let (one, two) = (ids[0], ids[1])
            #expect(rig.wire.send(numbers(0..<1000)))
            try rig.require("the guest is given up") {
                rig.count("vringFull", one) + rig.count("guestDelivered", one) == 1000
            }
            // Nothing waits for it from now on, and nobody waits because of it.
            #expect(rig.wire.send(numbers(1000..<1100)))
            #expect(rig.wire.send((0..<200).map { Frames.numbered($0, to: Rig.mac(2), from: Rig.station) }))
            #expect(try rig.receive(200, at: two).map(Frames.number) == Array(0..<200))
            #expect(rig.count("vringFull", two) == 0)
            try rig.settle()
            #expect(rig.count("queued", one) == 0)
            let delivered = UInt32(rig.count("guestDelivered", one))
            #expect(try rig.receive(Int(delivered), at: one).map(Frames.number) == Array(0..<delivered))
            #expect(rig.wire.send(numbers(2000..<2100)))
            #expect(try rig.receive(100, at: one).map(Frames.number) == Array(2000..<2100))
        }
    }

    @Test func aSenderIsNotHeldBackByAGuestThatDoesNotRead() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(3, queueSize: 256)
            #expect(rig.wire.send((0..<3).map { Frames.numbered(0, to: Rig.mac(UInt64($0) + 1), from: Rig.station) }))
            for id in ids { _ = try rig.receive(1, at: id) }
            // In turn to the one that does not read and to the one that does.
            var came: [UInt32] = []
            for number in 0..<UInt32(1500) {
                let frames = [1, 3].map { Frames.numbered(number, to: Rig.mac($0), from: Rig.mac(2)) }
                try rig.send(frames, from: ids[1])
                came += rig.guest(ids[2]).receive().map(Frames.number)
            }
            try rig.require("all of them arrive") {
                came += rig.guest(ids[2]).receive().map(Frames.number)
                return came.count + Int(rig.count("vringFull", ids[2])) == 1500
            }
            #expect(rig.count("vringFull", ids[2]) == 0 && came == Array(0..<1500))
            try rig.require("nothing waits any more") { rig.count("queued", ids[0]) == 0 }
            #expect(rig.count("vringFull", ids[0]) > 0)
        }
    }

    /// Fills vif 1's vring, and lets a fence wait in its outbox: then nothing in there is given up.
    private func freeze(_ rig: Rig, _ plugin: CountingPlugin) throws -> UInt32 {
        let one = try rig.addGuest(1, queueSize: 256)
        try rig.setNonce(Self.nonce, vif: one, plugin)
        #expect(rig.wire.send(numbers(0..<1000)))
        try rig.require("the guest is given up") { rig.count("vringFull", one) + rig.count("guestDelivered", one) == 1000 }
        #expect(plugin.host.fence(sequence: 1, settleNanoseconds: 0, vif: one) == .done)
        try rig.require("the fence waits") { rig.count("queued", one) == 1 }
        return one
    }

    /// What the guest gets behind the fence, until `count` frames came.
    private func behindTheFence(_ count: Int, _ rig: Rig, _ one: UInt32) throws -> [UInt32] {
        let delivered = Int(rig.count("guestDelivered", one))
        let came = try rig.receive(delivered + 1 + count, at: one)
        #expect(Frames.asFence(came[delivered])?.sequence == 1)
        return came.dropFirst(delivered + 1).map(Frames.number)
    }

    @Test func aReleaseDoesNotOvertakeWhatWaited() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try freeze(rig, plugin)
            #expect(rig.wire.send(numbers(2000..<2100)))
            try rig.require("they wait") { rig.count("queued", one) == 101 }
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.held) }
            #expect(rig.wire.send(numbers(2100..<2200)))
            try rig.require("they are held") { rig.count("held", one) == 100 }
            #expect(plugin.host.release(vif: one) == .done)
            #expect(rig.wire.send(numbers(2200..<2300)))
            #expect(try behindTheFence(300, rig, one) == Array(2000..<2300))
        }
    }

    @Test func aFenceComesBehindWhatWaitsAlsoWhenTheVringIsNeverEmpty() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1, queueSize: 256)
            try rig.setNonce(Self.nonce, vif: one, plugin)
            var came: [Bytes] = []
            var next: UInt32 = 0
            func load() {
                if rig.wire.waiting < 512, rig.wire.send(numbers(next..<next + 64)) { next += 64 }
                came += rig.guest(one).receive(limit: 16)
            }
            try rig.require("the outbox is full") {
                load()
                return rig.count("queued", one) >= 448
            }
            for sequence in 1...5 as ClosedRange<UInt32> {
                #expect(plugin.host.fence(sequence: sequence, settleNanoseconds: 0, vif: one) == .done)
                try rig.require("fence \(sequence) is sent") {
                    load()
                    return plugin.events(of: one).contains(.fenceSent(sequence: sequence))
                }
            }
            try rig.require("nothing waits") {
                came += rig.guest(one).receive()
                return rig.wire.waiting == 0 && rig.count("queued", one) == 0
            }
            try rig.settle()
            came += rig.guest(one).receive()
            let fences = came.compactMap { Frames.asFence($0)?.sequence }
            #expect(fences == [1, 2, 3, 4, 5])
            let rest = came.filter { Frames.asFence($0) == nil }.map(Frames.number)
            #expect(zip(rest, rest.dropFirst()).allSatisfy { $0 < $1 }, "frames are in order")
            #expect(rest.count == Int(rig.count("guestDelivered", one)))
        }
    }

    @Test func whatWaitsIsAccountedForWhenTheGuestGoes() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try freeze(rig, plugin)
            #expect(rig.wire.send(numbers(2000..<2100)))
            try rig.require("they wait") { rig.count("queued", one) == 101 }
            rig.disconnect(one)
            try rig.require("they are freed") { rig.count("guestGone", one) == 101 && rig.count("queued", one) == 0 }
            try rig.connect(one, 1, queueSize: 256)
            #expect(rig.wire.send(numbers(3000..<3100)))
            #expect(try rig.receive(100, at: one).map(Frames.number) == Array(3000..<3100))
        }
    }

    @Test func whatWaitsIsAccountedForWhenTheVifGoes() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try freeze(rig, plugin)
            #expect(rig.wire.send(numbers(2000..<2100)))
            try rig.require("they wait") { rig.count("queued", one) == 101 }
            try rig.netback.removeVif(one)
            #expect(rig.count("vifRemoved") + rig.count("guestGone") == 101)
        }
    }

    @Test func whatWaitsIsAccountedForWhenNetbackStops() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try freeze(rig, plugin)
            #expect(rig.wire.send(numbers(2000..<2100)))
            try rig.require("they wait") { rig.count("queued", one) == 101 }
            rig.netback.stop()
            #expect(rig.count("stopped") + rig.count("vifRemoved") + rig.count("guestGone") == 101)
            // The rig sees to it that no mbuf is left.
            try rig.finish()
        }
    }
}
