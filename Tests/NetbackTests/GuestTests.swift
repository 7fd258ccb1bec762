// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Netback
import Testing
import Wire

/// Guests and vifs that come and go, also in the middle of traffic.
@Suite struct GuestTests {
    private func traffic(_ number: UInt32) -> [Bytes] {
        (0..<20 as Range<UInt32>).flatMap { offset -> [Bytes] in
            let place = number * 20 + offset
            return [
                Frames.numbered(place, to: Rig.mac(1), from: Rig.station),
                Frames.numbered(place, to: Rig.mac(2), from: Rig.station),
                Frames.numbered(place, to: .broadcast, from: Rig.station),
            ]
        }
    }

    @Test func aGuestComesBackUnderTraffic() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            var number: UInt32 = 0
            var unicastAtTwo: [UInt32] = []
            func step() {
                if rig.wire.waiting < 2000, rig.wire.send(traffic(number)) { number += 1 }
                if let guest = rig.guests[one] {
                    _ = guest.receive()
                    guest.send((0..<10).map { Frames.numbered($0, to: .broadcast, from: Rig.mac(1)) })
                }
                unicastAtTwo += rig.guest(two).receive().filter { $0[0...5].elementsEqual(Frames.octets(Rig.mac(2))) }
                    .map(Frames.number)
                _ = rig.wire.receive()
            }
            for _ in 0..<5 {
                for _ in 0..<100 { step() }
                rig.disconnect(one)
                #expect(rig.status(one)?.isConnected == false)
                for _ in 0..<100 { step() }
                try rig.connect(one, 1)
            }
            try rig.require("the wire is read") {
                step()
                return number >= 1000
            }
            try rig.require("the other guest gets every frame of its own") {
                unicastAtTwo += rig.guest(two).receive().filter { $0[0...5].elementsEqual(Frames.octets(Rig.mac(2))) }
                    .map(Frames.number)
                return unicastAtTwo.count == Int(number) * 20 - Int(rig.count("vringFull", two))
                    || rig.count("vringFull", two) > 0
            }
            #expect(unicastAtTwo == unicastAtTwo.sorted(), "the other guest's frames came out of order")
            #expect(rig.count("guestAbsent", one) > 0)
            // The guest that came back is served.
            _ = rig.guest(one).receive()
            try rig.settle()
            _ = rig.guest(one).receive()
            let last = Frames.numbered(7, to: Rig.mac(1), from: Rig.station)
            #expect(rig.wire.send([last]))
            #expect(try rig.receive(1, at: one) == [last])
        }
    }

    @Test func vifsComeAndGoUnderTraffic() throws {
        try Rig.run({ $0.maximumVifs = 2 }) { rig in
            let one = try rig.addGuest(1)
            var number: UInt32 = 0
            func step() {
                if rig.wire.waiting < 2000, rig.wire.send(traffic(number)) { number += 1 }
                for guest in rig.guests.values {
                    _ = guest.receive()
                    guest.send((0..<10).map { Frames.numbered($0, to: .broadcast, from: Rig.mac(1)) })
                }
                _ = rig.wire.receive()
            }
            var last: UInt32 = one
            for round in 0..<3 {
                let two = try rig.netback.addVif(rig.vif(2), link: nil)
                #expect(two > last, "a number is used twice")
                last = two
                #expect(throws: NetbackError.tooManyVifs(limit: 2)) { try rig.netback.addVif(rig.vif(3), link: nil) }
                try rig.connect(two, 2)
                for _ in 0..<200 { step() }
                if round % 2 == 0 { rig.disconnect(two) }
                // In odd rounds with its guest still there.
                try rig.netback.removeVif(two)
                rig.disconnect(two)
                #expect(rig.status(two) == nil)
                #expect(!FileManager.default.fileExists(atPath: rig.vif(2).socketPath))
                for _ in 0..<100 { step() }
            }
            #expect(throws: NetbackError.unknownVif(last)) { try rig.netback.removeVif(last) }
            try rig.require("the wire is read") { rig.wire.waiting == 0 }
        }
    }

    @Test func impossibleVifsAreRefusedWithAReason() throws {
        try Rig.run { rig in
            _ = try rig.netback.addVif(rig.vif(1), link: nil)
            func refuse(_ expected: NetbackError, _ change: (inout VifConfiguration) -> Void) {
                var wanted = rig.vif(2)
                change(&wanted)
                #expect(throws: expected) { try rig.netback.addVif(wanted, link: nil) }
            }
            refuse(.duplicateName("vif1")) { $0.name = "vif1" }
            refuse(.invalidVLAN(0, vif: "vif2")) { $0.vlan = 0 }
            refuse(.invalidVLAN(4095, vif: "vif2")) { $0.vlan = 4095 }
            for mac in [
                MACAddress.zero, .broadcast, MACAddress(rawValue: 0x0100_5E00_0001), MACAddress(rawValue: 0x7669_6164_7563),
            ] {
                refuse(.invalidAddress(mac, vif: "vif2")) { $0.mac = mac }
            }
            refuse(.invalidConfiguration("a vif's name has 1 to 31 bytes, not 0")) { $0.name = "" }
            refuse(.invalidConfiguration("a vif's name has 1 to 31 bytes, not 32")) {
                $0.name = String(repeating: "x", count: 32)
            }
            let path = rig.directory.appendingPathComponent("file")
            try Data("precious".utf8).write(to: path)
            refuse(.socketExists(path: path.path)) { $0.socketPath = path.path }
            #expect(try String(contentsOf: path, encoding: .utf8) == "precious")
            try FileManager.default.removeItem(at: path)
            var nowhere = rig.vif(2)
            nowhere.socketPath = rig.directory.appendingPathComponent("missing/socket").path
            #expect(throws: NetbackError.self) { try rig.netback.addVif(nowhere, link: nil) }
            nowhere.socketPath = "/tmp/" + String(repeating: "x", count: 108)
            #expect(throws: NetbackError.self) { try rig.netback.addVif(nowhere, link: nil) }
            #expect(rig.netback.vifs.map(\.name) == ["vif1"])
            // Nothing of the refused ones is left in the switch.
            try rig.settle()
            #expect(rig.count("fdbEntries") == 1)
        }
    }

    @Test func ofTwoVifsWithOneAddressTheFirstHasItUntilItGoes() throws {
        try Rig.run { rig in
            let first = try rig.addGuest(1)
            let second = try rig.netback.addVif(rig.vif(2, mac: Rig.mac(1)), link: nil)
            let third = try rig.netback.addVif(rig.vif(3), link: nil)
            try rig.connect(second, 2)
            try rig.connect(third, 3)
            let one = Frames.numbered(1, to: Rig.mac(1), from: Rig.station)
            #expect(rig.wire.send([one]))
            #expect(try rig.receive(1, at: first) == [one])
            // The second may still speak for itself.
            let out = Frames.numbered(2, to: Rig.station, from: Rig.mac(1))
            try rig.send([out], from: second)
            #expect(try rig.receiveFromWire(1) == [out])
            try rig.settle()
            #expect(rig.guest(second).receive().isEmpty)
            rig.disconnect(first)
            try rig.netback.removeVif(first)
            let two = Frames.numbered(3, to: Rig.mac(1), from: Rig.station)
            #expect(rig.wire.send([two]))
            #expect(try rig.receive(1, at: second) == [two])
            try rig.settle()
            #expect(rig.guest(third).receive().isEmpty)
            #expect(rig.count("floodCopies") == 0)
        }
    }

    @Test func nothingIsServedAfterStop() throws {
        try Rig.run { rig in
            let one = try rig.addGuest(1)
            #expect(rig.wire.send([Frames.numbered(1, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: one)
            rig.netback.stop()
            #expect(throws: NetbackError.stopped) { try rig.netback.addVif(rig.vif(2), link: nil) }
            #expect(throws: NetbackError.stopped) { try rig.netback.removeVif(one) }
            #expect(throws: NetbackError.stopped) { try rig.netback.unloadPlugin() }
            rig.netback.setAcceleration(true, vif: one)
            #expect(rig.netback.vifs.isEmpty)
            rig.netback.stop()
        }
    }

    @Test func impossibleConfigurationsAreRefused() throws {
        let changes: [@Sendable (inout NetbackConfiguration) -> Void] = [
            { $0.name = "" }, { $0.name = String(repeating: "n", count: 17) }, { $0.maximumVifs = 0 }, { $0.maximumVifs = 1025 },
            { $0.fdbCapacity = 0 }, { $0.fdbAgeSeconds = 0 }, { $0.holdCapacity = 0 }, { $0.uplinkReceiveRing = 0 },
            { $0.uplinkTransmitRing = 65536 }, { $0.maximumLocalAddresses = 513 },
        ]
        for change in changes {
            #expect(throws: NetbackError.self) { try Rig.run(change) { _ in } }
        }
    }
}
