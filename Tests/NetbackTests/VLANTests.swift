// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

@testable import Netback

/// Vifs as access ports of VLANs, the uplink as their trunk.
@Suite struct VLANTests {
    /// Guests 1 and 2 in VLAN 5, 3 in VLAN 6, 4 in none.
    private func run(_ body: (Rig, [UInt32]) throws -> Void) throws {
        try Rig.run { rig in
            var ids: [UInt32] = []
            for (number, vlan) in [(1, 5), (2, 5), (3, 6), (4, nil)] as [(Int, UInt16?)] {
                var vif = rig.vif(number)
                vif.vlan = vlan
                ids.append(try rig.netback.addVif(vif, link: nil))
            }
            for (place, id) in ids.enumerated() { try rig.connect(id, place + 1) }
            try body(rig, ids)
        }
    }

    private func frame(_ number: UInt32, to destination: MACAddress, from source: MACAddress = Rig.station) -> Bytes {
        Frames.numbered(number, to: destination, from: source)
    }

    private func tagged(_ frame: Bytes, _ control: UInt16, type: UInt16 = 0x8100) -> Bytes {
        var tagged = frame
        tagged.insert(contentsOf: [type, control].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }, at: 12)
        return tagged
    }

    /// What has come at each guest, and at the wire, once all is at rest.
    private func arrivals(_ rig: Rig, _ ids: [UInt32]) throws -> (guests: [[Bytes]], wire: [Bytes]) {
        try rig.settle()
        return (ids.map { rig.guest($0).receive() }, rig.wire.receive())
    }

    @Test func aTaggedFrameReachesItsVLANsGuestsUntagged() throws {
        try run { rig, ids in
            let own = frame(1, to: Rig.mac(1))
            let all = frame(2, to: .broadcast)
            #expect(rig.wire.send([tagged(own, 5), tagged(all, 0xE005)]))
            let came = try arrivals(rig, ids)
            #expect(came.guests == [[own, all], [all], [], []])
            #expect(came.wire.isEmpty)
        }
    }

    @Test func untaggedFramesReachOnlyGuestsInNone() throws {
        try run { rig, ids in
            let all = frame(1, to: .broadcast)
            let priority = tagged(frame(2, to: Rig.mac(4)), 0xA000)
            #expect(rig.wire.send([all, frame(3, to: Rig.mac(1)), priority]))
            let came = try arrivals(rig, ids)
            // The address of a guest in a VLAN is unknown outside of it.
            #expect(came.guests == [[], [], [], [all, frame(3, to: Rig.mac(1)), priority]])
        }
    }

    @Test func aGuestsFramesLeaveWithItsTag() throws {
        try run { rig, ids in
            let unicast = frame(1, to: Rig.station, from: Rig.mac(1))
            try rig.send([unicast], from: ids[0])
            let urgent = frame(2, to: Rig.station, from: Rig.mac(3))
            try rig.send([tagged(urgent, 0xE000)], from: ids[2])
            let plain = frame(3, to: Rig.station, from: Rig.mac(4))
            try rig.send([plain], from: ids[3])
            let came = try arrivals(rig, ids)
            let wanted = [tagged(unicast, 5), tagged(urgent, 0xE006), plain]
            #expect(came.wire.count == 3 && wanted.allSatisfy(came.wire.contains))
            // Nobody knows the station: its VLAN's guests get a copy each.
            #expect(came.guests == [[], [unicast], [], []])
        }
    }

    @Test func guestsReachEachOtherWithinTheirVLANAlone() throws {
        try run { rig, ids in
            let near = frame(1, to: Rig.mac(2), from: Rig.mac(1))
            let far = frame(2, to: Rig.mac(3), from: Rig.mac(1))
            try rig.send([near, far], from: ids[0])
            var came = try arrivals(rig, ids)
            #expect(came.guests == [[], [near, far], [], []])
            #expect(came.wire == [tagged(far, 5)])
            try rig.send([frame(3, to: .broadcast, from: Rig.mac(3))], from: ids[2])
            came = try arrivals(rig, ids)
            #expect(came.guests.allSatisfy(\.isEmpty) && came.wire.count == 1)
        }
    }

    /// A station with the same address in two VLANs is two stations.
    @Test func addressesAreLearnedByVLAN() throws {
        try run { rig, ids in
            try rig.send([frame(1, to: .broadcast, from: Rig.mac(0x77))], from: ids[1])
            _ = try arrivals(rig, ids)
            let inSix = frame(2, to: Rig.mac(0x77))
            #expect(rig.wire.send([tagged(inSix, 6), tagged(frame(3, to: Rig.mac(0x77)), 5)]))
            let came = try arrivals(rig, ids)
            #expect(came.guests == [[], [frame(3, to: Rig.mac(0x77))], [inSix], []])
        }
    }

    @Test func otherTagsAreDroppedAndCounted() throws {
        try run { rig, ids in
            let inner = frame(1, to: Rig.mac(1))
            #expect(
                rig.wire.send([
                    tagged(inner, 7), tagged(inner, 5, type: 0x88A8), tagged(tagged(inner, 5), 5), tagged(tagged(inner, 9), 5),
                ]))
            try rig.require("the drops") { rig.count("tagged") == 4 }
            // A guest does not choose its VLAN.
            try rig.send([tagged(frame(2, to: Rig.station, from: Rig.mac(1)), 6)], from: ids[0])
            try rig.send([tagged(frame(3, to: Rig.station, from: Rig.mac(4)), 5)], from: ids[3])
            try rig.require("the drops of guests") { rig.count("tagged", ids[0]) == 1 && rig.count("tagged", ids[3]) == 1 }
            let came = try arrivals(rig, ids)
            #expect(came.guests.allSatisfy(\.isEmpty) && came.wire.isEmpty)
        }
    }

    @Test func aVLANIsNobodysWhenItsLastVifIsGone() throws {
        try run { rig, ids in
            try rig.netback.removeVif(ids[2])
            rig.disconnect(ids[2])
            #expect(rig.wire.send([tagged(frame(1, to: .broadcast), 6), tagged(frame(2, to: .broadcast), 5)]))
            try rig.require("the drop") { rig.count("tagged") == 1 }
            #expect(try rig.receive(1, at: ids[0]) == [frame(2, to: .broadcast)])
            _ = try arrivals(rig, [ids[0], ids[1], ids[3]])
        }
    }
}
