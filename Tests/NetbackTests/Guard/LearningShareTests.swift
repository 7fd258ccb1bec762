// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import TestSupport
import Testing
import Wire

@testable import Netback

@Suite struct LearningShareTests {
    private func run(
        age: Int = 300, limit: Int = 3, _ body: (Rig, UInt32, UInt32) throws -> Void
    ) throws {
        try Rig.run({ $0.fdbAgeSeconds = age }) { rig in
            var vif = rig.vif(1)
            vif.policy = VifPolicy(maximumLearnedAddresses: limit)
            let one = try rig.netback.addVif(vif, link: nil)
            let two = try rig.netback.addVif(rig.vif(2), link: nil)
            try rig.connect(one, 1)
            try rig.connect(two, 2)
            try body(rig, one, two)
        }
    }

    /// Makes a guest send one frame to the wire from each of these addresses.
    private func send(_ rig: Rig, _ id: UInt32, from sources: ClosedRange<UInt64>) throws {
        let before = rig.count("guestReceived", id)
        try rig.send(sources.map { Frames.numbered(UInt32($0), to: .broadcast, from: Rig.mac($0)) }, from: id)
        try rig.require("they are switched") { rig.count("forwarded", id) == before + UInt64(sources.count) }
        _ = rig.wire.receive()
    }

    /// Where a frame to that address comes out.
    private func places(_ rig: Rig, to address: UInt64, _ ids: [UInt32]) throws -> [Bool] {
        try rig.settle()
        for id in ids { _ = rig.guest(id).receive() }
        #expect(rig.wire.send([Frames.numbered(1, to: Rig.mac(address), from: Rig.station)]))
        try rig.settle()
        return ids.map { !rig.guest($0).receive().isEmpty }
    }

    @Test func furtherAddressesAreSwitchedAndNotLearned() throws {
        try run { rig, one, two in
            try send(rig, one, from: 0x50...0x54)
            #expect(rig.count("fdbShare", one) == 2)
            #expect(rig.count("fdbEntries") == 2 + 3)
            #expect(try places(rig, to: 0x52, [one, two]) == [true, false])
            #expect(try places(rig, to: 0x53, [one, two]) == [true, true], "it is flooded")
            // Known ones are refreshed, the vif's own address is no learned one, and others have no limit.
            try send(rig, one, from: 0x50...0x52)
            try send(rig, one, from: 1...1)
            try send(rig, two, from: 0x60...0x70)
            #expect(rig.count("fdbShare") == 2)
        }
    }

    @Test func anAddressElsewhereIsNotTakenWithoutAShare() throws {
        try run { rig, one, two in
            try send(rig, two, from: 0x60...0x60)
            try send(rig, one, from: 0x50...0x52)
            try send(rig, one, from: 0x60...0x60)
            #expect(rig.count("fdbShare", one) == 1 && rig.count("fdbMoves") == 0)
            #expect(try places(rig, to: 0x60, [one, two]) == [false, true])
            // One goes, so another may come.
            try send(rig, two, from: 0x50...0x50)
            try send(rig, one, from: 0x60...0x60)
            #expect(rig.count("fdbMoves") == 2)
            #expect(try places(rig, to: 0x60, [one, two]) == [true, false])
            try send(rig, one, from: 0x53...0x53)
            #expect(rig.count("fdbShare", one) == 2)
        }
    }

    @Test func agedAddressesMakeRoom() throws {
        try run(age: 1) { rig, one, two in
            try send(rig, one, from: 0x50...0x52)
            try rig.require("they are forgotten") { rig.count("fdbAged") == 3 }
            try send(rig, one, from: 0x53...0x56)
            #expect(rig.count("fdbShare", one) == 1)
        }
    }

    @Test func theNextVifInASlotBeginsWithNone() throws {
        try run { rig, one, two in
            try send(rig, one, from: 0x50...0x52)
            rig.disconnect(one)
            try rig.netback.removeVif(one)
            var vif = rig.vif(1)
            vif.policy = VifPolicy(maximumLearnedAddresses: 2)
            let next = try rig.netback.addVif(vif, link: nil)
            try rig.connect(next, 1)
            try send(rig, next, from: 0x51...0x53)
            #expect(rig.count("fdbShare", next) == 1)
        }
    }

    /// An address that becomes a vif's own is not learned any more.
    @Test func aVifsOwnAddressTakesNothingFromAShare() throws {
        try run { rig, one, two in
            try send(rig, one, from: 3...5)
            _ = try rig.addGuest(3)
            try send(rig, one, from: 6...7)
            #expect(rig.count("fdbShare", one) == 1)
        }
    }

    @Test func noShareIsNone() throws {
        try run(limit: 0) { rig, one, two in
            try send(rig, one, from: 0x50...0x51)
            #expect(rig.count("fdbShare", one) == 2 && rig.count("fdbEntries") == 2)
        }
    }

    @Test func sharesAgreeWithAModel() throws {
        try EALFixture.exclusively {
            var table = try ForwardingTable(name: "shares", learned: 60, statics: 4)
            var model: [UInt64: SwitchPort] = [:]
            var random = SplitMix64(seed: 23)
            var ports = (0..<4).map { SwitchPort(slot: $0, vif: UInt32($0 + 1)) }
            for step in 0..<20000 {
                let key = ForwardingTable.key(Rig.mac(UInt64(random.below(90))), vlan: 0)
                let port = random.below(5) == 0 ? SwitchPort.uplink : ports[random.below(4)]
                switch random.below(100) {
                case 0:
                    // The slot is given to the next vif; what the last one learned is still there.
                    let slot = random.below(4)
                    ports[slot] = SwitchPort(slot: slot, vif: UInt32(step + 10))
                case 1...60:
                    if let place = table.place(of: key) {
                        table.move(place, to: port, seen: 0)
                        model[key] = port
                    } else if table.learn(key, port: port, seen: 0) {
                        model[key] = port
                    }
                default:
                    if let place = table.place(of: key) {
                        table.remove(at: place)
                        model[key] = nil
                    }
                }
                for port in ports {
                    let count = table.learnedCount(behind: port)
                    #expect(count == model.values.count { $0 == port }, "step \(step)")
                }
            }
            let ofUplink = table.learnedCount(behind: .uplink)
            #expect(ofUplink == 0)
        }
    }
}
