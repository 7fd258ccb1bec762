// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Dataplane
import Netback
import Testing
import Wire

/// Random traffic, from a fixed seed, with random things done to it: no frame is lost from sight, and none comes out of order.
@Suite struct IdentityTests {
    private static let nonce: UInt64 = 42

    /// A frame that may be anything.
    private func randomFrame(_ random: inout SplitMix64, from side: Int) -> Bytes {
        let destinations: [MACAddress] = [
            Rig.mac(1), Rig.mac(2), Rig.mac(3), Rig.station, Rig.mac(0x90), Rig.mac(0x91), .broadcast, .zero,
            MACAddress(rawValue: 0x0180_C200_0003), MACAddress(rawValue: 0x0100_5E01_0203),
            Rig.mac(0x2000 + UInt64(random.below(40))),
        ]
        let ownAddress = side == 0 ? Rig.station : Rig.mac(UInt64(side))
        let sources = [
            ownAddress, ownAddress, ownAddress, Rig.mac(0x90 + UInt64(random.below(3))), Rig.mac(UInt64(1 + random.below(3))),
            Rig.mac(0x2000 + UInt64(random.below(40))), .broadcast,
        ]
        let etherTypes: [UInt16] = [0x88B6, 0x88B6, 0x88B6, 0x0800, 0x8100, 0x88A8, 0x88B5]
        if random.below(40) == 0 {
            return Frames.fence(nonce: random.below(2) == 0 ? Self.nonce : 1, sequence: UInt32(random.below(9)))
        }
        let length = random.below(20) == 0 ? 1 + random.below(30) : 30 + random.below(1500)
        var frame = Frames.numbered(
            UInt32(random.below(1 << 20)), to: destinations[random.below(destinations.count)],
            from: sources[random.below(sources.count)], etherType: etherTypes[random.below(etherTypes.count)],
            length: max(length, 18))
        if length < 18 { frame = Array(frame.prefix(length)) }
        return frame
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomTrafficIsAccountedFor(seed: UInt64) throws {
        try Rig.runWithPlugin(
            wireCapacity: 256,
            {
                $0.fdbCapacity = 32
                $0.holdCapacity = 20
                $0.fdbAgeSeconds = 1
            }
        ) { rig, plugin in
            var random = SplitMix64(seed: seed)
            let ids = try rig.addGuests(3, queueSize: 256)
            for id in ids { try rig.setNonce(Self.nonce, vif: id, plugin) }
            for round in 0..<3000 {
                let side = random.below(4)
                let frames = (0..<random.below(40)).map { _ in randomFrame(&random, from: side) }
                if side == 0 {
                    if rig.wire.waiting < 3000 { _ = rig.wire.send(frames) }
                } else {
                    rig.guest(ids[side - 1]).send(frames)
                }
                switch random.below(12) {
                case 0: _ = plugin.host.hold(vif: ids[random.below(3)])
                case 1: _ = plugin.host.release(vif: ids[random.below(3)])
                case 2: _ = plugin.host.fence(sequence: UInt32(round), settleNanoseconds: 1000, vif: ids[random.below(3)])
                case 3...5: _ = rig.wire.receive()
                case 6: _ = rig.guest(ids[random.below(3)]).receive()
                default: break
                }
            }
            try rig.require("the wire is read") {
                _ = rig.wire.receive()
                return rig.wire.waiting == 0
            }
            for id in ids { _ = plugin.host.release(vif: id) }
            try rig.require("all comes to rest") {
                _ = rig.wire.receive()
                for id in ids { _ = rig.guest(id).receive() }
                return rig.count("held") == 0 && rig.count("queued") == 0 && rig.count("uplinkQueued") == 0
            }
            try rig.settle()
            // Each of these happened, so each is part of what the accounts were checked for.
            for name in [
                "runt", "tagged", "reservedAddress", "unexpectedFence", "spoofedByGuest", "reflected", "samePort", "vringFull",
                "holdOverflow", "fdbFull", "fencesConsumed", "fencesSent", "floodCopies", "guestDelivered", "wireTransmitted",
            ] { #expect(rig.count(name) > 0, "seed \(seed): no \(name)") }
        }
    }

    @Test func flowsKeepTheirOrder() throws {
        try Rig.runWithPlugin { rig, plugin in
            let ids = try rig.addGuests(3)
            #expect(rig.wire.send([Frames.numbered(0, to: .broadcast, from: Rig.station)]))
            for id in ids { _ = try rig.receive(1, at: id) }
            var random = SplitMix64(seed: 99)
            var sent: [String: UInt32] = [:]
            var came: [String: UInt32] = [:]
            func note(_ frames: [Bytes], _ place: Int) {
                for frame in frames {
                    let flow = "\(frame[9])-\(frame[11])>\(place)>\(frame[5])"
                    let number = Frames.number(frame)
                    #expect(number >= came[flow] ?? 0, "flow \(flow) is out of order")
                    came[flow] = number + 1
                }
            }
            for _ in 0..<1500 {
                let side = random.below(4)
                let other = random.below(4)
                let from = side == 0 ? Rig.station : Rig.mac(UInt64(side))
                let to = other == 0 ? Rig.station : Rig.mac(UInt64(other))
                let flow = "\(side)\(other)"
                let frames = (0..<UInt32(random.below(20))).map { Frames.numbered((sent[flow] ?? 0) + $0, to: to, from: from) }
                sent[flow] = (sent[flow] ?? 0) + UInt32(frames.count)
                if side == 0 { _ = rig.wire.send(frames) } else { rig.guest(ids[side - 1]).send(frames) }
                switch random.below(20) {
                case 0: _ = plugin.host.hold(vif: ids[random.below(3)])
                case 1, 2: _ = plugin.host.release(vif: ids[random.below(3)])
                default: break
                }
                note(rig.wire.receive(), 0)
                for (place, id) in ids.enumerated() { note(rig.guest(id).receive(), place + 1) }
            }
            for id in ids { _ = plugin.host.release(vif: id) }
            try rig.require("all comes to rest") {
                note(rig.wire.receive(), 0)
                for (place, id) in ids.enumerated() { note(rig.guest(id).receive(), place + 1) }
                return rig.wire.waiting == 0 && rig.count("held") == 0
            }
            #expect(came.count >= 12)
        }
    }
}
