// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Foundation
import Netback
import Testing
import Wire

@Suite struct FenceTests {
    private static let nonce: UInt64 = 0x1122_3344_5566_7788

    private func numbers(_ range: Range<UInt32>) -> [Bytes] {
        range.map { Frames.numbered($0, to: Rig.mac(1), from: Rig.station) }
    }

    // MARK: To the guest

    @Test func aFenceStandsBehindWhatCameBeforeIt() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            try rig.setNonce(Self.nonce, vif: one, plugin)
            var came: [Bytes] = []
            for sequence in 1...20 as ClosedRange<UInt32> {
                let first = sequence * 1000
                #expect(rig.wire.send(numbers(first..<first + 300)))
                #expect(plugin.host.fence(sequence: sequence, settleNanoseconds: 100_000, vif: one) == .done)
                try rig.require("the fence is sent") {
                    came += rig.guest(one).receive()
                    return plugin.events(of: one).contains(.fenceSent(sequence: sequence))
                }
                #expect(rig.wire.send(numbers(first + 300..<first + 400)))
                try rig.require("the rest comes") {
                    came += rig.guest(one).receive()
                    return came.count == 401
                }
                let place = try #require(came.firstIndex { Frames.asFence($0) != nil })
                #expect(Frames.asFence(came[place]) == FenceFrame(nonce: Self.nonce, sequence: sequence))
                #expect(place >= 300, "a frame that came before the fence is behind it")
                came.remove(at: place)
                #expect(came.map(Frames.number) == Array(first..<first + 400))
                came = []
            }
            #expect(rig.count("fencesSent", one) == 20)
        }
    }

    @Test func theSettleTimeIsWaitedFor() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            try rig.setNonce(Self.nonce, vif: one, plugin)
            let start = DispatchTime.now().uptimeNanoseconds
            #expect(plugin.host.fence(sequence: 1, settleNanoseconds: 200_000_000, vif: one) == .done)
            try rig.require("the fence is sent") { plugin.events(of: one).contains(.fenceSent(sequence: 1)) }
            #expect(DispatchTime.now().uptimeNanoseconds - start >= 200_000_000)
        }
    }

    /// Where the fence stands when the default queue has a backlog of 800 frames as the fence is asked for, without a settle time.
    private func placeBehindBacklog(receiveRing: Int) throws -> Int {
        var place = 0
        try Rig.runWithPlugin({ $0.uplinkReceiveRing = receiveRing }) { rig, plugin in
            let one = try rig.addGuest(1)
            try rig.setNonce(Self.nonce, vif: one, plugin)
            // The lane stands still in the plugin's hook.
            plugin.setBlocked(true)
            #expect(rig.wire.send(numbers(0..<1)))
            try rig.require("the lane stands still") { plugin.received == 1 }
            #expect(rig.wire.send(numbers(1..<801)))
            #expect(plugin.host.fence(sequence: 1, settleNanoseconds: 0, vif: one) == .done)
            plugin.setBlocked(false)
            let came = try rig.receive(802, at: one)
            place = try #require(came.firstIndex { Frames.asFence($0) != nil })
        }
        return place
    }

    @Test func aFenceWaitsUntilTheDefaultQueueIsEmpty() throws {
        #expect(try placeBehindBacklog(receiveRing: 1024) == 801)
    }

    @Test func aFenceWaitsForARingsWorthAndNoLonger() throws {
        let place = try placeBehindBacklog(receiveRing: 256)
        #expect(place >= 256 && place < 801)
    }

    @Test func aFullVringDelaysTheFenceAndLosesNothingInFrontOfIt() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1, queueSize: 256)
            try rig.setNonce(Self.nonce, vif: one, plugin)
            // The vring is full to the last buffer before the fence comes.
            #expect(rig.wire.send(numbers(0..<1000)))
            try rig.require("the guest is given up") { rig.count("vringFull", one) > 0 && rig.count("queued", one) == 0 }
            try rig.settle()
            let delivered = UInt32(rig.count("guestDelivered", one))
            #expect(plugin.host.fence(sequence: 5, settleNanoseconds: 0, vif: one) == .done)
            try rig.require("the fence waits") { rig.count("queued", one) == 1 }
            // Behind it the outbox keeps what it has room for.
            #expect(rig.wire.send(numbers(2000..<2800)))
            try rig.require("the outbox is full") { rig.count("queued", one) == 512 }
            try rig.settle()
            #expect(!plugin.events(of: one).contains(.fenceSent(sequence: 5)))
            var came: [Bytes] = []
            try rig.require("the outbox empties") {
                came += rig.guest(one).receive()
                return rig.count("queued", one) == 0
            }
            try rig.settle()
            came += rig.guest(one).receive()
            try rig.require("the fence is sent") { plugin.events(of: one).contains(.fenceSent(sequence: 5)) }
            #expect(came.prefix(Int(delivered)).map(Frames.number) == Array(0..<delivered))
            #expect(Frames.asFence(came[Int(delivered)])?.sequence == 5)
            // Once the fence is in, what the vring has no room for is dropped again, from the end.
            let behind = came.dropFirst(Int(delivered) + 1).map(Frames.number)
            #expect(behind == Array((2000..<2800).prefix(behind.count)))
            #expect(UInt64(came.count) == rig.count("guestDelivered", one) + 1)
        }
    }

    @Test func aFenceWaitsUntilHeldFramesAreOut() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            try rig.setNonce(Self.nonce, vif: one, plugin)
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.held) }
            #expect(rig.wire.send(numbers(0..<100)))
            #expect(plugin.host.fence(sequence: 9, settleNanoseconds: 0, vif: one) == .done)
            wait(milliseconds: 20)
            #expect(rig.guest(one).receive().isEmpty)
            #expect(plugin.host.release(vif: one) == .done)
            let came = try rig.receive(101, at: one)
            #expect(Frames.asFence(came[100])?.sequence == 9)
        }
    }

    /// It would be taken for one of the next grant's.
    @Test func aFenceThatWaitsDoesNotOutliveItsNonce() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            try rig.setNonce(Self.nonce, vif: one, plugin)
            #expect(plugin.host.fence(sequence: 1, settleNanoseconds: 100_000_000, vif: one) == .done)
            try rig.setNonce(Self.nonce + 1, vif: one, plugin)
            usleep(300_000)
            #expect(rig.count("fencesMade", one) == 0)
            #expect(plugin.host.fence(sequence: 2, settleNanoseconds: 0, vif: one) == .done)
            try rig.require("the second fence is sent") { plugin.events(of: one).contains(.fenceSent(sequence: 2)) }
            #expect(!plugin.events(of: one).contains(.fenceSent(sequence: 1)))
            #expect(rig.count("fencesMade", one) == 1)
        }
    }

    @Test func aFenceNeedsANonceAndAGuest() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            #expect(plugin.host.fence(sequence: 1, settleNanoseconds: 0, vif: one) == .failed(22))
            try rig.setNonce(Self.nonce, vif: one, plugin)
            try rig.require("the plugin knows the guest") { plugin.events(of: one).contains(.guestConnected) }
            #expect(plugin.host.fence(sequence: 2, settleNanoseconds: 1_000_000_000, vif: one) == .done)
            rig.disconnect(one)
            try rig.require("the plugin knows") { plugin.events(of: one).last == .guestGone }
            #expect(plugin.host.fence(sequence: 3, settleNanoseconds: 0, vif: one) == .done)
            try rig.connect(one, 1)
            wait(milliseconds: 1100)
            #expect(rig.guest(one).receive().isEmpty, "a fence was for another guest")
            #expect(rig.count("fencesMade") == 0)
        }
    }

    // MARK: From the guest

    @Test func aGuestsFenceIsConfirmedWhenAllInFrontIsOnTheWire() throws {
        try Rig.runWithPlugin(wireCapacity: 64) { rig, plugin in
            let one = try rig.addGuest(1)
            try rig.setNonce(Self.nonce, vif: one, plugin)
            #expect(rig.wire.send(numbers(0..<1)))
            _ = try rig.receive(1, at: one)
            let out = (0..<400).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1)) }
            try rig.send(out + [Frames.fence(nonce: Self.nonce, sequence: 33)], from: one)
            wait(milliseconds: 30)
            #expect(!plugin.events(of: one).contains(.transmitFence(sequence: 33)), "the wire is full")
            var came: [Bytes] = []
            try rig.require("all frames come but the last ring's worth") {
                came += rig.wire.receive(limit: 336 - came.count)
                return came.count == 336
            }
            try rig.require("the fence is confirmed") { plugin.events(of: one).contains(.transmitFence(sequence: 33)) }
            came += try rig.receiveFromWire(64)
            #expect(came == out, "the fence itself goes nowhere")
            #expect(rig.count("fencesConsumed", one) == 1)
            #expect(rig.count("transmitFences", one) == 1)
        }
    }

    @Test func withoutDescriptorStatusARingsTimeIsWaitedFor() throws {
        try Rig.runWithPlugin({ $0.uplinkTransmitRing = 65535 }) { rig, plugin in
            let one = try rig.addGuest(1)
            try rig.setNonce(Self.nonce, vif: one, plugin)
            let start = DispatchTime.now().uptimeNanoseconds
            try rig.send([Frames.fence(nonce: Self.nonce, sequence: 1)], from: one)
            try rig.require("the fence is confirmed") { plugin.events(of: one).contains(.transmitFence(sequence: 1)) }
            // 65535 frames of 1538 bytes at 10 Gbit/s.
            #expect(DispatchTime.now().uptimeNanoseconds - start >= 80_630_000)
        }
    }

    @Test func theNewestOfSeveralFencesIsConfirmed() throws {
        try Rig.runWithPlugin({ $0.uplinkTransmitRing = 65535 }) { rig, plugin in
            let one = try rig.addGuest(1)
            try rig.setNonce(Self.nonce, vif: one, plugin)
            try rig.send((1...10).map { Frames.fence(nonce: Self.nonce, sequence: $0) }, from: one)
            try rig.require("the newest is confirmed") { plugin.events(of: one).contains(.transmitFence(sequence: 10)) }
            #expect(rig.count("transmitFences", one) < 10)
            #expect(rig.count("fencesConsumed", one) == 10)
        }
    }

    @Test func unexpectedFencesAreDroppedAndCounted() throws {
        try Rig.runWithPlugin { rig, plugin in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            try rig.send([Frames.fence(nonce: 0, sequence: 1), Frames.fence(nonce: Self.nonce, sequence: 1)], from: one)
            try rig.require("nobody expects one") { rig.count("unexpectedFence", one) == 2 }
            try rig.setNonce(Self.nonce, vif: one, plugin)
            try rig.send([Frames.fence(nonce: Self.nonce ^ 1, sequence: 1)], from: one)
            try rig.require("a wrong nonce") { rig.count("unexpectedFence", one) == 3 }
            // Another vif's nonce is no better.
            try rig.send([Frames.fence(nonce: Self.nonce, sequence: 1)], from: two)
            try rig.require("another vif's nonce") { rig.count("unexpectedFence", two) == 1 }
            #expect(rig.wire.send([Frames.fence(nonce: Self.nonce, sequence: 1)]))
            try rig.require("from the wire") { rig.count("unexpectedFence") == 5 }
            try rig.setNonce(0, vif: one, plugin)
            try rig.send([Frames.fence(nonce: Self.nonce, sequence: 1)], from: one)
            try rig.require("no more expected") { rig.count("unexpectedFence", one) == 4 }
            try rig.settle()
            #expect(rig.wire.receive().isEmpty)
            #expect(rig.guest(one).receive().isEmpty)
            #expect(rig.guest(two).receive().isEmpty)
        }
    }
}
