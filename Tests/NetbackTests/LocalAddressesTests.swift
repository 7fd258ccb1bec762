// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Foundation
import Netback
import Testing
import Wire

@Suite struct LocalAddressesTests {
    private func generations(_ plugin: CountingPlugin) -> [UInt64] {
        plugin.calls.compactMap { if case .localAddresses(let generation, _) = $0 { generation } else { nil } }
    }

    @Test func vifsAndWhatIsBehindThemAreLocal() throws {
        try Rig.runWithPlugin({ $0.fdbAgeSeconds = 1 }) { rig, plugin in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            try rig.require("the vifs") { plugin.newestLocalAddresses == [Rig.mac(1), Rig.mac(2)] }
            let inner = Rig.mac(0x50)
            try rig.send([Frames.numbered(1, to: .broadcast, from: inner)], from: one)
            try rig.require("what a guest has behind it") {
                plugin.newestLocalAddresses == [Rig.mac(1), Rig.mac(2), inner]
            }
            // Stations on the wire are not local, and an address that moved there is not any more.
            #expect(rig.wire.send([Frames.numbered(2, to: .broadcast, from: Rig.station)]))
            #expect(rig.wire.send([Frames.numbered(3, to: .broadcast, from: inner)]))
            try rig.require("it moved to the wire") { plugin.newestLocalAddresses == [Rig.mac(1), Rig.mac(2)] }
            try rig.send([Frames.numbered(4, to: .broadcast, from: Rig.mac(0x51))], from: two)
            try rig.require("another") { plugin.newestLocalAddresses == [Rig.mac(1), Rig.mac(2), Rig.mac(0x51)] }
            try rig.require("it ages") { plugin.newestLocalAddresses == [Rig.mac(1), Rig.mac(2)] }
            rig.disconnect(two)
            try rig.netback.removeVif(two)
            try rig.require("a vif went") { plugin.newestLocalAddresses == [Rig.mac(1)] }
            let numbers = generations(plugin)
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
        }
    }

    /// What a station says when it comes to this host, each in its usual form: the switch learns from any frame's source, and so
    /// from all of them.
    @Test func stationsThatAnnounceThemselvesBecomeLocal() throws {
        func arp(_ operation: UInt8, _ mac: MACAddress, etherType: UInt16 = 0x0806) -> Bytes {
            let octets = Frames.octets(mac)
            let address: Bytes = [10, 0, 0, 9]
            let packet: Bytes = [0, 1, 8, 0, 6, 4, 0, operation] + octets + address + octets + address
            return Frames.octets(.broadcast) + octets + [UInt8(etherType >> 8), UInt8(etherType & 0xFF)] + packet
                + Bytes(repeating: 0, count: 18)
        }
        func advertisement(_ mac: MACAddress) -> Bytes {
            let linkLocal: Bytes = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFE, 0, 0, 9]
            let allNodes: Bytes = [0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
            // Override, not solicited; the checksum is the receiver's business.
            let message: Bytes = [136, 0, 0, 0, 0x20, 0, 0, 0] + linkLocal + [2, 1] + Frames.octets(mac)
            return [0x33, 0x33, 0, 0, 0, 1] + Frames.octets(mac) + [0x86, 0xDD, 0x60, 0, 0, 0, 0, UInt8(message.count), 58, 255]
                + linkLocal + allNodes + message
        }
        try Rig.runWithPlugin { rig, plugin in
            let ids = try rig.addGuests(1)
            let announcements = [
                arp(1, Rig.mac(0x60)), arp(2, Rig.mac(0x61)), arp(3, Rig.mac(0x62), etherType: 0x8035),
                advertisement(Rig.mac(0x63)),
            ]
            // They were on the wire before.
            #expect(rig.wire.send((0x60...0x63).map { Frames.numbered(1, to: .broadcast, from: Rig.mac(UInt64($0))) }))
            try rig.settle()
            for (place, frame) in announcements.enumerated() {
                try rig.send([frame], from: ids[0])
                let newest = Rig.mac(0x60 + UInt64(place))
                try rig.require("\(newest) is local") { plugin.newestLocalAddresses?.contains(newest) == true }
            }
            #expect(plugin.newestLocalAddresses?.count == 5)
        }
    }

    @Test func theSetIsLimitedAndTheVifsComeFirst() throws {
        try Rig.runWithPlugin({ $0.maximumLocalAddresses = 8 }) { rig, plugin in
            let ids = try rig.addGuests(2)
            // Lower addresses than the vifs' own.
            let low = (0..<20).map { MACAddress(rawValue: 0x0010_0000_0000 + UInt64($0)) }
            try rig.send(low.map { Frames.numbered(0, to: .broadcast, from: $0) }, from: ids[0])
            try rig.require("the set is full") { plugin.newestLocalAddresses?.count == 8 }
            try rig.settle()
            #expect(plugin.newestLocalAddresses?.prefix(2) == [Rig.mac(1), Rig.mac(2)])
            #expect(rig.count("localAddressesCut") >= 14)
        }
    }

    @Test func aFlappingAddressEndsInTheRightSet() throws {
        try Rig.runWithPlugin { rig, plugin in
            let ids = try rig.addGuests(2)
            let inner = Rig.mac(0x50)
            for _ in 0..<300 {
                try rig.send([Frames.numbered(1, to: .broadcast, from: inner)], from: ids[0])
                #expect(rig.wire.send([Frames.numbered(2, to: .broadcast, from: inner)]))
                for id in ids { _ = rig.guest(id).receive() }
                _ = rig.wire.receive()
            }
            try rig.settle()
            try rig.send([Frames.numbered(1, to: .broadcast, from: inner)], from: ids[0])
            try rig.settle()
            try rig.require("it is local in the end") { plugin.newestLocalAddresses?.contains(inner) == true }
            #expect(rig.wire.send([Frames.numbered(2, to: .broadcast, from: inner)]))
            try rig.require("it is not in the end") { plugin.newestLocalAddresses?.contains(inner) == false }
        }
    }

    /// While the control plane is busy, answers to a guest's fences fill the way to it.
    @Test func aNoticeThatFindsNoRoomComesLater() throws {
        try Rig.runWithPlugin({ $0.uplinkTransmitRing = 1 }) { rig, plugin in
            let one = try rig.addGuest(1)
            try rig.setNonce(42, vif: one, plugin)
            try rig.require("the vif") { plugin.newestLocalAddresses == [Rig.mac(1)] }
            let (isInside, mayLeave) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            plugin.atTick(plugin.ticks + 20) {
                isInside.signal()
                _ = mayLeave.wait(timeout: .now() + .seconds(30))
            }
            isInside.wait()
            for sequence in 0..<10_000 as Range<UInt32> {
                rig.guest(one).send([Frames.fence(nonce: 42, sequence: sequence)])
                usleep(100)
            }
            let inner = Rig.mac(0x50)
            try rig.send([Frames.numbered(1, to: .broadcast, from: inner)], from: one)
            usleep(50_000)
            mayLeave.signal()
            try rig.require("what is behind the guest") { plugin.newestLocalAddresses == [Rig.mac(1), inner] }
            #expect(plugin.events(of: one).count >= 2000, "there was no room")
            _ = try rig.receiveFromWire(1)
        }
    }

    @Test func manyAddressesAreAllFound() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.addGuest(1)
            let behind = (0..<500).map { Rig.mac(0x1000 + UInt64($0)) }
            try rig.send(behind.map { Frames.numbered(0, to: .broadcast, from: $0) }, from: one)
            try rig.require("all are known") { plugin.newestLocalAddresses?.count == 501 }
            #expect(Set(plugin.newestLocalAddresses ?? []) == Set(behind + [Rig.mac(1)]))
        }
    }
}
