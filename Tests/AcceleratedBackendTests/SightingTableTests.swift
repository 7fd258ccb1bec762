// SPDX-License-Identifier: BSD-3-Clause
import CViaductAccel
import DPDK
import Dataplane
import Foundation
import Logging
import TestSupport
import Testing
import Wire

@testable import AcceleratedBackend

@Suite struct SightingTableTests {
    private func key(_ mac: UInt64, vlan: UInt16 = 0) -> SightingKey { SightingKey(mac: mac, vlan: vlan) }

    private func see(_ table: SightingTable, _ key: SightingKey) { unsafe table.sightings.pointee.saw(key, isPlainIPv4: false) }

    @Test func onlyWatchedAddressesAreCounted() {
        let table = SightingTable(capacity: 4)
        #expect(table.insert(key(1)))
        #expect(!table.insert(key(1)), "watched already")
        #expect(!table.insert(key(0)), "no address")
        for _ in 0..<3 { see(table, key(1)) }
        see(table, key(2))
        see(table, key(1, vlan: 5))
        #expect(table.count(of: key(1))?.all == 3)
        #expect(table.count(of: key(2)) == nil)
        table.remove(key(1))
        #expect(table.count(of: key(1)) == nil)
        see(table, key(1))
        #expect(table.insert(key(1)))
        #expect(table.count(of: key(1)) == SightingCount(), "a count starts over")
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func itDoesWhatADictionaryDoes(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let table = SightingTable(capacity: 64)
        var model: [UInt64: UInt64] = [:]
        for _ in 0..<20_000 {
            let mac = UInt64.random(in: 1...200, using: &random) << 1
            switch UInt8.random(in: 0..<10, using: &random) {
            case 0 where model[mac] == nil && model.count < 64:
                #expect(table.insert(key(mac)))
                model[mac] = 0
            case 1 where model[mac] != nil:
                table.remove(key(mac))
                model[mac] = nil
            default:
                see(table, key(mac))
                if model[mac] != nil { model[mac, default: 0] += 1 }
            }
            if let count = model[mac] { #expect(table.count(of: key(mac))?.all == count) }
        }
        for mac in UInt64(1)...400 { #expect(table.count(of: key(mac))?.all == model[mac]) }
    }

    @Test func aFullTableRefusesAndStillFindsTheOthers() {
        let table = SightingTable(capacity: 1)
        var watched: [UInt64] = []
        for mac in UInt64(1)...500 where table.insert(key(mac)) { watched.append(mac) }
        #expect(watched.count <= 64)
        #expect(watched.count >= 16)
        for mac in watched { see(table, key(mac)) }
        for mac in watched { #expect(table.count(of: key(mac))?.all == 1) }
    }

    @Test func nothingIsLostWhileOtherAddressesComeAndGo() async {
        let table = SightingTable(capacity: 16)
        #expect(table.insert(key(7)))
        let frames = 200_000
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<frames { unsafe table.sightings.pointee.saw(SightingKey(mac: 7, vlan: 0), isPlainIPv4: true) }
            }
            group.addTask {
                for round in 0..<20_000 {
                    let other = SightingKey(mac: UInt64(100 + round % 16), vlan: 0)
                    if !table.insert(other) { table.remove(other) }
                }
            }
        }
        #expect(table.count(of: key(7)) == SightingCount(all: UInt64(frames), plainIPv4: UInt64(frames)))
    }

    /// Builds frames in real mbufs and shows them to the plugin's hot hook.
    @Test func theHotHookLooksAtUnicastFramesAndTakesNone() throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "sightings", count: 127, cacheSize: 0)
            let backend = try AcceleratedBackend(
                configuration: AcceleratedBackendConfiguration(), driver: "net_ring", programmer: ScriptedProgrammer(),
                virtualInterfaces: [], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let plugin = AcceleratedBackendPlugin(backend)
            let guest = key(0x0200_0000_0001)
            let tagged = key(0x0200_0000_0001, vlan: 9)
            #expect(backend.sightings.insert(guest) && backend.sightings.insert(tagged))
            let frames: [(destination: UInt64, tag: UInt16?, length: Int)] = [
                (0x0200_0000_0001, nil, 60), (0x0200_0000_0001, nil, 14), (0x0200_0000_0001, nil, 13),
                (0x0200_0000_0001, 0, 60), (0x0200_0000_0001, 0xE009, 60), (0x0200_0000_0001, 8, 60),
                (0x0200_0000_0002, nil, 60), (0xFFFF_FFFF_FFFF, nil, 60), (0x0100_5E00_0001, nil, 60),
            ]
            var burst = MbufBurst(capacity: 16)
            #expect(pool.handle.allocate(frames.count, into: &burst))
            for (index, frame) in frames.enumerated() {
                let bytes = burst[index].frameBuffer
                bytes.set(mac: MACAddress(rawValue: frame.destination), at: 0)
                bytes.set(mac: MACAddress(rawValue: 0x0200_0000_00FF), at: 6)
                bytes.set(u16: frame.tag == nil ? 0x0800 : 0x8100, at: 12)
                bytes.set(u16: frame.tag ?? 0, at: 14)
                #expect(burst[index].setLength(frame.length))
            }
            unsafe viaduct_call_received_from_wire(plugin.hooks, burst.unsafeRawSlots, UInt16(burst.count))
            unsafe viaduct_call_transmitted_to_wire(plugin.hooks, burst.unsafeRawSlots, UInt16(burst.count))
            #expect(backend.sightings.count(of: guest)?.all == 3, "two untagged ones, one tagged for priority only")
            #expect(backend.sightings.count(of: tagged)?.all == 1)
            #expect(burst.count == frames.count)
            burst.free()
            #expect(pool.handle.inUse == 0)
        }
    }

    /// What a rule of form C can match is told from the rest, tagged or not.
    @Test func plainIPv4IsToldApart() throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "plain", count: 127, cacheSize: 0)
            let table = SightingTable(capacity: 4)
            #expect(table.insert(key(0x0200_0000_0001)) && table.insert(key(0x0200_0000_0001, vlan: 9)))
            // EtherType, flags and fragment offset, protocol, length of the frame from the IP header on.
            let rows: [(type: UInt16, fragment: UInt16, protocol: UInt8, length: Int, isPlain: Bool)] = [
                (0x0800, 0x0000, 17, 46, true), (0x0800, 0x4000, 6, 46, true), (0x0800, 0x2000, 17, 46, false),
                (0x0800, 0x0001, 17, 46, false), (0x0800, 0x1FFF, 6, 46, false), (0x0800, 0, 132, 46, false),
                (0x0800, 0, 1, 20, true), (0x0800, 0, 17, 19, false), (0x86DD, 0, 17, 46, false), (0x0806, 0, 0, 46, false),
            ]
            for isTagged in [false, true] {
                let watched = key(0x0200_0000_0001, vlan: isTagged ? 9 : 0)
                for row in rows {
                    let before = try #require(table.count(of: watched))
                    var burst = MbufBurst(capacity: 1)
                    #expect(pool.handle.allocate(1, into: &burst))
                    let bytes = burst[0].frameBuffer
                    let offset = isTagged ? 18 : 14
                    bytes.set(mac: MACAddress(rawValue: 0x0200_0000_0001), at: 0)
                    if isTagged {
                        bytes.set(u16: 0x8100, at: 12)
                        bytes.set(u16: 9, at: 14)
                    }
                    bytes.set(u16: row.type, at: offset - 2)
                    bytes.set(u16: row.fragment, at: offset + 6)
                    bytes.set(u8: row.protocol, at: offset + 9)
                    #expect(burst[0].setLength(offset + row.length))
                    unsafe table.sightings.pointee.look(at: BorrowedBurst(burst.unsafeRawSlots, count: 1))
                    let after = try #require(table.count(of: watched))
                    #expect(after.all == before.all + 1)
                    #expect(after.plainIPv4 - before.plainIPv4 == (row.isPlain ? 1 : 0), "\(row)")
                    burst.free()
                }
            }
        }
    }
}
