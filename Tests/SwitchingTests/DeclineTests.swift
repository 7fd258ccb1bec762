// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Netback
import Netfront
import TestSupport
import Testing
import Wire

/// Packets that the fast path does not take, between those that it does.
@Suite(.serialized) struct DeclineTests {
    private func inject(
        _ count: Int, to destination: UInt64, from source: MACAddress = Traffic.guestMAC, length: Int = 60, vlan: UInt16? = nil,
        _ rig: SwitchingRig
    ) throws {
        var burst = MbufBurst(capacity: 64)
        try #require(rig.netfront.guest.pool.allocate(count, into: &burst))
        for index in 0..<count {
            #expect(burst[index].setLength(length))
            burst[index].mutableBytes.set(mac: MACAddress(rawValue: destination), at: 0)
            burst[index].mutableBytes.set(mac: source, at: 6)
            burst[index].mutableBytes.set(u16: 0x88B6, at: 12)
            burst[index].mutableBytes.set(u16: 0xFFFF, at: 14)
            if let vlan {
                burst[index].mutableBytes.set(u16: 0x8100, at: 12)
                burst[index].mutableBytes.set(u16: vlan, at: 14)
            }
        }
        rig.guest.inject(&burst)
        let isTaken = burst.isEmpty
        #expect(isTaken)
    }

    @Test func eachReasonIsCountedAndEveryPacketArrives() throws {
        try SwitchingRig.run { rig in
            rig.startTraffic()
            try rig.becomeFast()
            let before = rig.status.counters
            func grew(_ counter: NetfrontCounter) -> UInt64 { rig.count(counter) - (before[counter] ?? 0) }
            try inject(5, to: 0xFFFF_FFFF_FFFF, rig)
            try inject(4, to: 0x0100_5E00_0001, rig)
            try inject(3, to: 0x0200_0000_BEEF, rig)
            try inject(2, to: Traffic.station(0).rawValue, from: MACAddress(rawValue: 0x0200_0000_0BAD), rig)
            try rig.wait("the packets on the wire") { rig.stations.counters.corrupt + rig.stations.counters.foreign == 14 }
            #expect(grew(.declinedGroupAddress) == 9)
            #expect(grew(.declinedPeerUnknown) == 3)
            #expect(grew(.declinedSource) == 2)
            #expect(grew(.declinedNotConnected) == 0)
            #expect(rig.count(.peersFast) == 2)
            try rig.stopTraffic()
            #expect(rig.stations.counters.lost == 0 && rig.stations.counters.late == 0, "\(rig.account)")
            #expect(rig.guest.counters.lost == 0 && rig.guest.counters.late == 0, "\(rig.account)")
        }
    }

    /// By the VI a tagged packet would reach a VLAN that the guest is not in: it is declined, and the switch drops it.
    @Test func aTaggedPacketReachesTheWireByNeitherPath() throws {
        try SwitchingRig.run { rig in
            rig.startTraffic()
            try rig.becomeFast()
            try inject(6, to: Traffic.station(0).rawValue, vlan: 7, rig)
            try inject(4, to: 0x0200_0000_BEEF, vlan: 7, rig)
            try rig.wait("the drops") { rig.netback.vifs.first { $0.id == rig.vif }?.counters["tagged"] == 10 }
            try rig.wait("the fast path again") { rig.count(.peersFast) == 2 }
            try rig.passTraffic(100)
            try rig.stopTraffic()
            rig.expectPerfection()
        }
    }

    /// A packet that the VI can't carry goes slow behind those to the same station that it did carry, and before the next ones.
    @Test func packetsThatAreTooLongKeepTheirPlace() throws {
        try SwitchingRig.run { rig in
            rig.startTraffic()
            try rig.becomeFast()
            for round in 1...20 {
                try inject(2, to: Traffic.station(round % 2).rawValue, length: 1523 + round, rig)
                try rig.wait("the long packets") { rig.stations.counters.corrupt == UInt64(round * 2) }
                try rig.wait("the fast path again") { rig.count(.peersFast) == 2 }
                try rig.passTraffic(30)
            }
            try rig.stopTraffic()
            #expect(rig.stations.counters.lost == 0 && rig.stations.counters.late == 0, "\(rig.account)")
            rig.expectIdentities()
        }
    }
}
