// SPDX-License-Identifier: BSD-3-Clause
import Netback
import Testing
import Wire

/// What can be asked of the switch's table.
@Suite struct ForwardingTableTests {
    @Test func theTableTellsEachAddressWithItsPort() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let inner = Rig.mac(0x50)
            try rig.send([Frames.numbered(0, to: .broadcast, from: inner)], from: ids[0])
            _ = try rig.receive(1, at: ids[1])
            #expect(rig.wire.send([Frames.numbered(1, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: ids[0])
            let entries = try rig.netback.forwardingTable()
            let found = Dictionary(uniqueKeysWithValues: entries.map { ($0.mac, $0) })
            #expect(found.count == 4)
            #expect(found[inner]?.port == .vif(ids[0]) && found[inner]?.isStatic == false)
            #expect(found[Rig.station]?.port == .uplink && found[Rig.station]?.isStatic == false)
            #expect(found[Rig.mac(1)]?.port == .vif(ids[0]) && found[Rig.mac(1)]?.isStatic == true)
            #expect(found[Rig.mac(2)]?.port == .vif(ids[1]) && found[Rig.mac(2)]?.isStatic == true)
            #expect(entries.allSatisfy { $0.vlan == nil && (0...5).contains($0.ageSeconds) })
        }
    }

    /// More addresses than one look of the lane takes.
    @Test func aLargeTableComesWhole() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(1)
            for first in stride(from: 0, to: 600, by: 20) {
                let frames = (first..<first + 20).map {
                    Frames.numbered(UInt32($0), to: Rig.mac(1), from: MACAddress(rawValue: 0x0600_0000_0000 + UInt64($0)))
                }
                #expect(rig.wire.send(frames))
                _ = try rig.receive(20, at: ids[0])
            }
            let learned = try rig.netback.forwardingTable().filter { !$0.isStatic }
            #expect(learned.map(\.mac.rawValue) == (0..<600).map { 0x0600_0000_0000 + UInt64($0) })
        }
    }

    @Test func aStoppedNetbackTellsNothing() throws {
        try Rig.run { rig in
            rig.netback.stop()
            #expect(throws: NetbackError.stopped) { try rig.netback.forwardingTable() }
        }
    }
}
