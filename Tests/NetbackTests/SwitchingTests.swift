// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

@Suite struct SwitchingTests {
    @Test func unicastFromTheWireReachesItsVifAlone() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            let frames = (0..<500).map { Frames.numbered($0, to: Rig.mac(1), from: Rig.station, length: 60 + Int($0)) }
            #expect(rig.wire.send(frames))
            #expect(try rig.receive(500, at: one) == frames)
            try rig.settle()
            #expect(rig.guest(two).receive().isEmpty)
            #expect(rig.count("guestDelivered", one) == 500)
        }
    }

    @Test func unicastFromAGuestReachesTheWireOrAnotherGuest() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            #expect(rig.wire.send([Frames.numbered(0, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: one)
            let out = (0..<300).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1)) }
            let across = (0..<300).map { Frames.numbered($0, to: Rig.mac(2), from: Rig.mac(1)) }
            try rig.send(zip(out, across).flatMap { [$0, $1] }, from: one)
            #expect(try rig.receiveFromWire(300) == out)
            #expect(try rig.receive(300, at: two) == across)
            try rig.settle()
            #expect(rig.wire.receive().isEmpty)
            #expect(rig.guest(one).receive().isEmpty)
        }
    }
}
