// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Netback
import Testing
import Wire

@Suite struct FlowHoldTests {
    private static let host = IPv4Address(rawValue: 0xC0A8_0001)
    private static func flow(_ port: UInt16) -> FlowSelector { FlowSelector(host, .udp, port: port) }

    /// A frame of that flow with a number in it.
    private func frame(_ number: UInt32, port: UInt16, options: Int = 0) -> Bytes {
        var bytes = Frames.octets(Rig.mac(1)) + Frames.octets(Rig.station) + [8, 0]
        let total = 20 + options + 8 + 18
        bytes += [UInt8(0x45 + options / 4), 0, UInt8(total >> 8), UInt8(total & 0xFF), 0, 0, 0, 0, 64, 17, 0, 0]
        bytes += [192, 168, 0, 199, 192, 168, 0, 1] + Bytes(repeating: 1, count: options)
        bytes += [0x13, 0x88, UInt8(port >> 8), UInt8(port & 0xFF), 0, 26, 0, 0]
        bytes += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } + Bytes(repeating: 0x55, count: 14)
        return bytes
    }

    private func number(_ frame: Bytes) -> UInt32 { frame.suffix(18).prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }
    private func port(_ frame: Bytes) -> UInt16 {
        let offset = 14 + Int(frame[14] & 0xF) * 4 + 2
        return UInt16(frame[offset]) << 8 | UInt16(frame[offset + 1])
    }

    @Test func onlyTheNamedFlowsAreHeldAndComeOutInOrder() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            #expect(plugin.host.canHoldFlows)
            #expect(plugin.host.hold([Self.flow(7), Self.flow(8)], vif: one) == .done)
            // One at a time.
            #expect(plugin.host.hold([Self.flow(9)], vif: one) == .failed(16))
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.flowsHeld) }
            // With IPv4 options, too: some NICs steer such frames, so they may be of the flow that comes back.
            #expect(rig.wire.send((0..<300).map { frame($0, port: 7 + UInt16($0 % 3), options: $0 % 5 == 0 ? 4 : 0) }))
            let passed = try rig.receive(100, at: one)
            #expect(passed.allSatisfy { port($0) == 9 })
            #expect(passed.map(number) == (0..<300).filter { $0 % 3 == 2 })
            try rig.require("the others are held") { rig.status(one)?.held == 200 }
            #expect(plugin.host.releaseFlows(vif: one) == .done)
            #expect(rig.wire.send((300..<600).map { frame($0, port: 7 + UInt16($0 % 3)) }))
            let came = try rig.receive(500, at: one)
            for flow in 7...9 as ClosedRange<UInt16> {
                let numbers = came.filter { port($0) == flow }.map(number)
                #expect(numbers == numbers.sorted(), "flow \(flow)")
            }
            try rig.require("the release is over") { plugin.events(of: one).filter { $0 == .flowsReleased }.count == 1 }
            #expect(rig.status(one)?.held == 0)
            // And again.
            #expect(plugin.host.hold([Self.flow(9)], vif: one) == .done)
            #expect(plugin.host.releaseFlows(vif: one) == .done)
            try rig.require("both answers") { plugin.events(of: one).filter { $0 == .flowsReleased }.count == 2 }
        }
    }

    @Test func aReleaseEndsWhileMoreComesThanTheGuestTakes() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1, queueSize: 256)
            #expect(plugin.host.hold([Self.flow(7)], vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.flowsHeld) }
            #expect(rig.wire.send((0..<512).map { frame($0, port: 7) }))
            try rig.require("all are held") { rig.status(one)?.held == 512 }
            #expect(plugin.host.releaseFlows(vif: one) == .done)
            var sent: UInt32 = 512
            var came: [UInt32] = []
            try rig.require("the release is over") {
                if rig.wire.waiting < 1000, rig.wire.send((sent..<sent + 128).map { frame($0, port: 7) }) { sent += 128 }
                came += rig.guest(one).receive(limit: 16).map(number)
                return plugin.events(of: one).contains(.flowsReleased)
            }
            #expect(rig.count("vringFull", one) + rig.count("flowHoldOverflow", one) > 0)
            #expect(Array(came.prefix(512)) == Array(0..<512) && zip(came, came.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test func whatIsHeldComesBehindWhatWaitedAndBeforeWhatCameSince() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1, queueSize: 256)
            let nonce: UInt64 = 0x5EED
            try rig.setNonce(nonce, vif: one, plugin)
            #expect(rig.wire.send((0..<1000).map { frame($0, port: 9) }))
            try rig.require("the guest is given up") {
                rig.count("vringFull", one) + rig.count("guestDelivered", one) == 1000
            }
            // With a fence among it, what is in the outbox waits for as long as it takes.
            #expect(plugin.host.fence(sequence: 1, settleNanoseconds: 0, vif: one) == .done)
            try rig.require("the fence waits") { rig.count("queued", one) == 1 }
            #expect(rig.wire.send((2000..<2100).map { frame($0, port: 7) }))
            try rig.require("they wait") { rig.count("queued", one) == 101 }
            #expect(plugin.host.hold([Self.flow(7)], vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.flowsHeld) }
            #expect(rig.wire.send((2100..<2200).map { frame($0, port: 7) }))
            #expect(rig.wire.send((3000..<3100).map { frame($0, port: 9) }))
            try rig.require("they are held, or wait") { rig.count("held", one) == 100 && rig.count("queued", one) == 201 }
            #expect(plugin.host.releaseFlows(vif: one) == .done)
            let delivered = Int(rig.count("guestDelivered", one))
            let before = rig.count("vringFull", one)
            var came: [Bytes] = []
            // Behind the fence, what waits is dropped when a busy machine lets this thread take nothing for 10 ms.
            try rig.require("the guest gets the others") {
                came += rig.guest(one).receive()
                return came.count + Int(rig.count("vringFull", one) - before) >= delivered + 301
            }
            let dropped = Int(rig.count("vringFull", one) - before)
            came.removeFirst(delivered + 1)
            #expect(came.count + dropped == 300)
            for (flow, numbers) in [(7, 2000..<2200), (9, 3000..<3100)] as [(UInt16, Range<UInt32>)] {
                let found = came.filter { port($0) == flow }.map(number)
                #expect(dropped > 0 ? found == numbers.filter { found.contains($0) } : found == Array(numbers))
            }
            try rig.require("the release is over") { plugin.events(of: one).contains(.flowsReleased) }
        }
    }

    /// Both kinds of hold at once: each has its bound, its frames and its events.
    @Test func theHoldOfFlowsHasABoundOfItsOwn() throws {
        try Rig.runWithPlugin({ $0.holdCapacity = 100 }) { rig, plugin in
            let one = try rig.addGuest(1)
            #expect(plugin.host.hold([Self.flow(7)], vif: one) == .done)
            #expect(plugin.host.hold(vif: one) == .done)
            try rig.require("both are in force") { plugin.events(of: one).contains(.held) }
            #expect(rig.wire.send((0..<240).map { frame($0, port: 7 + UInt16($0 % 2)) }))
            try rig.require("both overflow") {
                rig.count("holdOverflow", one) == 20 && rig.count("flowHoldOverflow", one) == 20
            }
            #expect(plugin.host.releaseFlows(vif: one) == .done)
            #expect(try rig.receive(100, at: one).allSatisfy { port($0) == 7 })
            #expect(plugin.host.release(vif: one) == .done)
            #expect(try rig.receive(100, at: one).allSatisfy { port($0) == 8 })
        }
    }

    @Test func aGuestThatGoesTakesTheHoldWithIt() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            #expect(plugin.host.hold([Self.flow(7)], vif: one) == .done)
            try rig.require("the hold is in force") { plugin.events(of: one).contains(.flowsHeld) }
            #expect(rig.wire.send((0..<50).map { frame($0, port: 7) }))
            try rig.require("all are held") { rig.status(one)?.held == 50 }
            rig.disconnect(one)
            try rig.require("it is gone") { rig.status(one)?.isConnected == false && rig.status(one)?.held == 0 }
            #expect(plugin.host.releaseFlows(vif: one) == .done)
            try rig.require("the release is answered") { plugin.events(of: one).contains(.flowsReleased) }
        }
    }

    @Test func whatMakesNoSenseIsRefused() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            #expect(plugin.host.hold([], vif: one) == .failed(22))
            #expect(plugin.host.hold((0..<33).map { Self.flow($0) }, vif: one) == .failed(22))
            #expect(plugin.host.hold([Self.flow(7)], vif: 99) == .failed(2))
            #expect(plugin.host.releaseFlows(vif: one) == .failed(22))
        }
    }
}
