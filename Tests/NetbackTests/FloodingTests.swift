// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Netback
import Testing
import Wire

@Suite struct FloodingTests {
    private static let group = MACAddress(rawValue: 0x0100_5E00_0001)

    @Test func groupFramesReachEveryPortButTheirOwn() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(3)
            let (one, two, three) = (ids[0], ids[1], ids[2])
            let out = [
                Frames.numbered(1, to: .broadcast, from: Rig.mac(1)), Frames.numbered(2, to: Self.group, from: Rig.mac(1)),
            ]
            try rig.send(out, from: one)
            #expect(try rig.receive(2, at: two) == out)
            #expect(try rig.receive(2, at: three) == out)
            #expect(try rig.receiveFromWire(2) == out)
            let incoming = [Frames.numbered(3, to: .broadcast, from: Rig.station)]
            #expect(rig.wire.send(incoming))
            for id in [one, two, three] { #expect(try rig.receive(1, at: id) == incoming) }
            try rig.settle()
            #expect(rig.guest(one).receive().isEmpty)
            #expect(rig.wire.receive().isEmpty)
            #expect(rig.count("floodCopies") == 2 * 2 + 2)
        }
    }

    @Test func unknownUnicastIsFlooded() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            let fromGuest = Frames.numbered(1, to: Rig.mac(0x77), from: Rig.mac(1))
            try rig.send([fromGuest], from: one)
            #expect(try rig.receiveFromWire(1) == [fromGuest])
            #expect(try rig.receive(1, at: two) == [fromGuest])
            let fromWire = Frames.numbered(2, to: Rig.mac(0x78), from: Rig.station)
            #expect(rig.wire.send([fromWire]))
            #expect(try rig.receive(1, at: one) == [fromWire])
            #expect(try rig.receive(1, at: two) == [fromWire])
            try rig.settle()
            #expect(rig.wire.receive().isEmpty)
        }
    }

    @Test func aVifWithoutGuestIsNoDestination() throws {
        try Rig.run { rig in
            let absent = try rig.netback.addVif(rig.vif(1), link: nil)
            #expect(rig.wire.send([Frames.numbered(1, to: .broadcast, from: Rig.station)]))
            #expect(rig.wire.send([Frames.numbered(2, to: Rig.mac(1), from: Rig.station)]))
            try rig.require("both are dropped") { rig.count("noDestination") == 1 && rig.count("guestAbsent", absent) == 1 }
        }
    }

    @Test func withoutMbufsCopiesAreDroppedAndCounted() throws {
        // The guests' vrings hold none of the host's mbufs; the unread wire ring holds them all.
        try Rig.run(wireCapacity: 2048, poolSize: 255, poolCache: 0) { rig in
            let one = try rig.addGuests(2)[0]
            #expect(rig.wire.send([Frames.numbered(0, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: one)
            let frames = (0..<200).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1)) }
            try rig.send(frames, from: one)
            try rig.require("the wire's ring fills") { rig.wire.unread == 200 }
            // A broadcast from the wire needs a copy for one of the two guests; those of the pool are nearly all gone.
            #expect(rig.wire.send((0..<300).map { Frames.numbered($0, to: .broadcast, from: Rig.station) }))
            try rig.settle()
            let before = rig.count("noMbuf")
            var hoard = MbufHoard(rig.pool.handle)
            hoard.takeAll()
            #expect(rig.wire.send((0..<20).map { Frames.numbered($0, to: .broadcast, from: Rig.station) }))
            try rig.require("copies fail") { rig.count("noMbuf") > before }
            try rig.settle()
            hoard.giveBack()
        }
    }
}
