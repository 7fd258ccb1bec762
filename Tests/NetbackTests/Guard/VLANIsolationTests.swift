// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

@testable import Netback

/// Every kind of frame, from everywhere: none crosses from one VLAN to another.
@Suite struct VLANIsolationTests {
    /// Of guests 1 to 5; the first two and the fourth and fifth share one. 0 is none.
    private static let vlans: [UInt16] = [5, 5, 6, 0, 0]

    private func run(_ body: (Rig, [UInt32]) throws -> Void) throws {
        try Rig.run { rig in
            var ids: [UInt32] = []
            for (place, vlan) in Self.vlans.enumerated() {
                var vif = rig.vif(place + 1)
                vif.vlan = vlan == 0 ? nil : vlan
                ids.append(try rig.netback.addVif(vif, link: nil))
            }
            for (place, id) in ids.enumerated() { try rig.connect(id, place + 1) }
            try body(rig, ids)
        }
    }

    private static func stationMAC(_ vlan: UInt16) -> MACAddress { Rig.mac(0xFF_0000 + UInt64(vlan)) }
    /// An address that was learned behind guest `place` + 1.
    private static func innerMAC(_ place: Int) -> MACAddress { Rig.mac(0x7000 + UInt64(place)) }

    private static func onWire(_ frame: Bytes, _ vlan: UInt16) -> Bytes { vlan == 0 ? frame : GuardFrames.tagged(frame, vlan) }

    /// Whom a frame is for, and which of the guests (by place) or nil for the wire has it, when one has.
    private static let destinations: [(name: String, mac: MACAddress, vlan: UInt16?, place: Int?)] =
        [
            ("broadcast", .broadcast, nil, nil), ("multicast", MACAddress(rawValue: 0x3333_0000_0001), nil, nil),
            ("nobody", Rig.mac(0x6666), nil, nil),
        ] + vlans.indices.map { ("guest \($0 + 1)", Rig.mac(UInt64($0 + 1)), vlans[$0], $0) }
        + vlans.indices.map { ("behind guest \($0 + 1)", innerMAC($0), vlans[$0], $0) }
        + [5, 6, 0].map { ("station in \($0)", stationMAC($0), $0, nil) }

    /// Which guests get it, and whether the wire does.
    private static func arrivals(
        _ destination: (name: String, mac: MACAddress, vlan: UInt16?, place: Int?), vlan: UInt16, from: Int?
    )
        -> (guests: [Bool], wire: Bool)
    {
        if destination.vlan == vlan {
            return (vlans.indices.map { $0 == destination.place && $0 != from }, destination.place == nil && from != nil)
        }
        return (vlans.indices.map { vlans[$0] == vlan && $0 != from }, from != nil)
    }

    private func settleAndRead(_ rig: Rig, _ ids: [UInt32]) throws -> (guests: [[Bytes]], wire: [Bytes]) {
        try rig.settle()
        return (ids.map { rig.guest($0).receive() }, rig.wire.receive())
    }

    /// Makes every station known in its VLAN.
    private func introduce(_ rig: Rig, _ ids: [UInt32]) throws {
        for place in Self.vlans.indices {
            try rig.send([Frames.numbered(0, to: .broadcast, from: Self.innerMAC(place))], from: ids[place])
        }
        for vlan in [5, 6, 0] as [UInt16] {
            #expect(rig.wire.send([Self.onWire(Frames.numbered(0, to: .broadcast, from: Self.stationMAC(vlan)), vlan)]))
        }
        _ = try settleAndRead(rig, ids)
    }

    @Test(arguments: [nil, 0xE000] as [UInt16?])
    func nothingThatAGuestSendsCrosses(priority: UInt16?) throws {
        try run { rig, ids in
            try introduce(rig, ids)
            for (from, vlan) in Self.vlans.enumerated() {
                for destination in Self.destinations where destination.place != from || destination.vlan == nil {
                    let plain = Frames.numbered(9, to: destination.mac, from: Rig.mac(UInt64(from + 1)))
                    let frame = priority.map { GuardFrames.tagged(plain, $0) } ?? plain
                    try rig.send([frame], from: ids[from])
                    try rig.require("it is switched") { rig.count("queued") == 0 }
                    let came = try settleAndRead(rig, ids)
                    let wanted = Self.arrivals(destination, vlan: vlan, from: from)
                    let name = "guest \(from + 1) to \(destination.name)"
                    #expect(came.guests == wanted.guests.map { $0 ? [frame] : [] }, "\(name)")
                    let onWire = priority.map { GuardFrames.tagged(plain, $0 | vlan) } ?? Self.onWire(plain, vlan)
                    #expect(came.wire == (wanted.wire ? [onWire] : []), "\(name)")
                }
            }
        }
    }

    @Test func nothingFromTheWireCrosses() throws {
        try run { rig, ids in
            try introduce(rig, ids)
            for vlan in [5, 6, 0] as [UInt16] {
                for destination in Self.destinations {
                    let frame = Frames.numbered(9, to: destination.mac, from: Self.stationMAC(vlan))
                    #expect(rig.wire.send([Self.onWire(frame, vlan)]))
                    let came = try settleAndRead(rig, ids)
                    let wanted = Self.arrivals(destination, vlan: vlan, from: nil)
                    #expect(came.guests == wanted.guests.map { $0 ? [frame] : [] }, "VLAN \(vlan) to \(destination.name)")
                    #expect(came.wire.isEmpty)
                }
            }
        }
    }

    /// An address that is learned in one VLAN is not known, moved or taken in another.
    @Test func learnedAddressesStayInTheirVLAN() throws {
        try run { rig, ids in
            let twin = Rig.mac(0x7777)
            for id in [ids[0], ids[2], ids[3]] { try rig.send([Frames.numbered(0, to: .broadcast, from: twin)], from: id) }
            _ = try settleAndRead(rig, ids)
            #expect(rig.count("fdbMoves") == 0)
            // Nor is the MAC of a vif of another VLAN.
            try rig.send([Frames.numbered(0, to: .broadcast, from: Rig.mac(3))], from: ids[0])
            _ = try settleAndRead(rig, ids)
            for (vlan, place) in [(5, 0), (6, 2), (0, 3)] as [(UInt16, Int)] {
                let frame = Frames.numbered(1, to: twin, from: Rig.station)
                #expect(rig.wire.send([Self.onWire(frame, vlan)]))
                let came = try settleAndRead(rig, ids)
                #expect(came.guests == ids.indices.map { $0 == place ? [frame] : [] }, "VLAN \(vlan)")
            }
            let home = Frames.numbered(2, to: Rig.mac(3), from: Rig.station)
            #expect(rig.wire.send([Self.onWire(home, 6)]))
            #expect(try settleAndRead(rig, ids).guests == [[], [], [home], [], []])
        }
    }

    /// Whoever takes a first tag out finds the frame in the VLAN of the second one.
    @Test(arguments: [0x8100, 0x88A8] as [UInt16], [0x8100, 0x88A8] as [UInt16])
    func aSecondTagIsNoWayIntoAVLAN(outer: UInt16, inner: UInt16) throws {
        try run { rig, ids in
            let frame = Frames.numbered(1, to: .broadcast, from: Rig.mac(4))
            for control in [0, 6, 0xE000] as [UInt16] {
                let double = GuardFrames.tagged(GuardFrames.tagged(frame, control, type: inner), 0xA000, type: outer)
                for id in [ids[0], ids[3]] {
                    let before = rig.count("tagged", id)
                    try rig.send([double], from: id)
                    try rig.require("it is dropped") { rig.count("tagged", id) == before + 1 }
                }
                let before = rig.count("tagged")
                #expect(
                    rig.wire.send([double, GuardFrames.tagged(GuardFrames.tagged(frame, control, type: inner), 5, type: outer)]))
                try rig.require("they are dropped") { rig.count("tagged") == before + 2 }
            }
            let came = try settleAndRead(rig, ids)
            #expect(came.guests.allSatisfy(\.isEmpty) && came.wire.isEmpty)
        }
    }
}
