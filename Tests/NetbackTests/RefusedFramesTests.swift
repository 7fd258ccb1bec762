// SPDX-License-Identifier: BSD-3-Clause
import Netback
import Testing
import Wire

/// Frames that are not switched: a row for each kind, from both sides.
@Suite struct RefusedFramesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let frame: Bytes
        /// The counter; nil when the frame is switched.
        let reason: String?
        var testDescription: String { name }

        init(_ name: String, _ frame: Bytes, _ reason: String?) {
            self.name = name
            self.frame = frame
            self.reason = reason
        }
    }

    private static func tagged(_ tci: UInt16, type: UInt16 = 0x8100) -> Bytes {
        var frame = Frames.numbered(7, to: Rig.mac(0x70), from: Rig.mac(0x71), etherType: type)
        frame[14] = UInt8(tci >> 8)
        frame[15] = UInt8(tci & 0xFF)
        return frame
    }
    private static func reserved(_ last: UInt64) -> Bytes {
        Frames.numbered(7, to: MACAddress(rawValue: 0x0180_C200_0000 | last), from: Rig.mac(0x71))
    }
    private static func short(_ length: Int) -> Bytes {
        Array(Frames.numbered(7, to: Rig.mac(0x70), from: Rig.mac(0x71)).prefix(length))
    }

    private static let almostFence: Bytes = {
        var frame = Frames.fence(nonce: 1, sequence: 1)
        frame.replaceSubrange(6..<12, with: Frames.octets(Rig.mac(0x71)))
        return Array(frame.prefix(59))
    }()

    static let rows: [Row] = [
        Row("1 byte", short(1), "runt"), Row("13 bytes", short(13), "runt"), Row("14 bytes", short(14), nil),
        Row("VLAN 1", tagged(1), "tagged"), Row("VLAN 4095, priority 7", tagged(0xFFFF), "tagged"),
        Row("priority tag", tagged(0xE000), nil), Row("service tag 5", tagged(5, type: 0x88A8), "tagged"),
        Row("17 bytes of a tagged frame", Array(tagged(0).prefix(17)), "runt"),
        Row("18 bytes of a tagged frame", Array(tagged(0).prefix(18)), nil),
        Row("01-80-C2-00-00-00", reserved(0), "reservedAddress"), Row("01-80-C2-00-00-0F", reserved(0xF), "reservedAddress"),
        Row("01-80-C2-00-00-10", reserved(0x10), nil),
        Row("a fence", Frames.fence(nonce: 1, sequence: 1), "unexpectedFence"),
        Row("a fence that is too short", almostFence, nil),
        Row("a guest's own 0x88B5", Frames.numbered(7, to: Rig.mac(0x70), from: Rig.mac(0x71), etherType: 0x88B5), nil),
    ]

    @Test func framesAreRefusedForTheirReason() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            for row in Self.rows {
                let before = row.reason.map { rig.count($0) }
                #expect(rig.wire.send([row.frame]))
                if row.reason == nil {
                    #expect(try rig.receive(1, at: one) == [row.frame], "\(row.name) from the wire")
                    #expect(try rig.receive(1, at: two) == [row.frame], "\(row.name) from the wire")
                }
                try rig.send([row.frame], from: one)
                if row.reason == nil {
                    #expect(try rig.receiveFromWire(1) == [row.frame], "\(row.name) from a guest")
                    #expect(try rig.receive(1, at: two) == [row.frame], "\(row.name) from a guest")
                }
                if let reason = row.reason, let before {
                    try rig.require("\(row.name) is dropped as \(reason)") { rig.count(reason) == before + 2 }
                }
            }
            try rig.settle()
            #expect(rig.guest(one).receive().isEmpty)
            #expect(rig.guest(two).receive().isEmpty)
            #expect(rig.wire.receive().isEmpty)
        }
    }

    @Test func framesLongerThanAnMTUAreDropped() throws {
        try Rig.run(guestDataRoom: 9216) { rig in
            var jumbo = rig.vif(2)
            jumbo.mtu = 9000
            let ids = try [rig.vif(1), jumbo].map { try rig.netback.addVif($0, link: nil) }
            for (place, id) in ids.enumerated() { try rig.connect(id, place + 1) }
            func frame(_ number: UInt32, to destination: MACAddress, _ length: Int) -> Bytes {
                Frames.numbered(number, to: destination, from: Rig.mac(1), length: length)
            }
            // From now on the switch knows where the station is.
            #expect(rig.wire.send([Frames.numbered(0, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: ids[0])
            let toWire = frame(1, to: Rig.station, 1518)
            try rig.send([toWire, frame(2, to: Rig.station, 1519), frame(3, to: Rig.station, 9000)], from: ids[0])
            #expect(try rig.receiveFromWire(1) == [toWire])
            try rig.require("both are dropped") { rig.count("tooLongForUplink") == 2 }
            // Several buffers in the host, one in the guest.
            let toGuest = frame(4, to: Rig.mac(2), 9018)
            try rig.send([toGuest, frame(5, to: Rig.mac(2), 9019)], from: ids[0])
            #expect(try rig.receive(1, at: ids[1]) == [toGuest])
            try rig.require("one is dropped") { rig.count("tooLongForGuest", ids[1]) == 1 }
            #expect(rig.wire.send([Frames.numbered(6, to: Rig.mac(1), from: Rig.station, length: 1519)]))
            try rig.require("one is dropped") { rig.count("tooLongForGuest", ids[0]) == 1 }
        }
    }

    @Test func aVifsAddressCannotBeTakenByAnotherVif() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            try rig.send([Frames.numbered(1, to: .broadcast, from: Rig.mac(1))], from: two)
            try rig.require("the spoofed frame is dropped") { rig.count("spoofedByGuest", two) == 1 }
            #expect(rig.count("spoofedSource") == 1)
            let frame = Frames.numbered(2, to: Rig.mac(1), from: Rig.station)
            #expect(rig.wire.send([frame]))
            #expect(try rig.receive(1, at: one) == [frame])
            try rig.settle()
            #expect(rig.guest(two).receive().isEmpty)
        }
    }

    @Test func reflectedFramesAreDroppedAndOthersWithAVifsSourceAreNot() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            #expect(rig.wire.send([Frames.numbered(1, to: .broadcast, from: Rig.mac(1))]))
            #expect(rig.wire.send([Frames.numbered(2, to: Rig.mac(0x70), from: Rig.mac(1))]))
            #expect(rig.wire.send([Frames.numbered(3, to: Rig.mac(1), from: Rig.mac(1))]))
            try rig.require("reflections are dropped") { rig.count("reflected") == 3 }
            let unicast = Frames.numbered(4, to: Rig.mac(2), from: Rig.mac(1))
            #expect(rig.wire.send([unicast]))
            #expect(try rig.receive(1, at: two) == [unicast])
            #expect(rig.count("spoofedSource") == 4)
            // The address is still where it was.
            let home = Frames.numbered(5, to: Rig.mac(1), from: Rig.station)
            #expect(rig.wire.send([home]))
            #expect(try rig.receive(1, at: one) == [home])
        }
    }

    @Test func nothingGoesBackToThePortItCameFrom() throws {
        try Rig.run { rig in
            let one = try rig.addGuest(1)
            try rig.send([Frames.numbered(1, to: Rig.mac(1), from: Rig.mac(1))], from: one)
            try rig.require("the guest's frame to itself is dropped") { rig.count("samePort", one) == 1 }
            #expect(rig.wire.send([Frames.numbered(2, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: one)
            #expect(rig.wire.send([Frames.numbered(3, to: Rig.station, from: Rig.mac(0x70))]))
            try rig.require("the wire's frame to the wire is dropped") { rig.count("samePort") == 2 }
            #expect(rig.wire.receive().isEmpty)
        }
    }
}
