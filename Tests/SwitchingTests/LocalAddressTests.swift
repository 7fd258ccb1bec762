// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Foundation
import Netback
import Netfront
import TestSupport
import Testing
import Wire

/// A station that moves from the wire onto this host is withdrawn from the fast path, without loss.
@Suite(.serialized) struct LocalAddressTests {
    @Test func aStationThatMovesOntoTheHostIsWithdrawn() throws {
        try SwitchingRig.run { rig in
            rig.startTraffic()
            try rig.becomeFast()
            rig.stations.pause(0)
            let socket = rig.directory.appendingPathComponent("other").path
            let other = try rig.netback.addVif(
                VifConfiguration(
                    name: "other", mac: MACAddress(rawValue: 0x5254_0000_0002), socketPath: socket, acceleration: false),
                link: nil)
            let neighbour = try Neighbour(name: "sw\(rig.number)", socket: socket)
            try rig.wait("the neighbour") { rig.netback.vifs.first { $0.id == other }?.isConnected == true }
            try neighbour.announce(Traffic.station(0))
            try rig.wait("the station at its new place") {
                neighbour.receive()
                // What is here has left the window: its new station doesn't count for the guest.
                if neighbour.numbers.last.map({ $0 + 1 == rig.guest.counters.sent(0) }) == true { rig.guest.forgive(0) }
                return neighbour.numbers.count >= 500
            }
            try rig.wait("the withdrawal") { rig.count(.peersFast) == 1 }
            rig.guest.pause(0)
            #expect(rig.group.synchronize())
            try rig.wait("the last frames") {
                neighbour.receive()
                return neighbour.numbers.last.map { $0 + 1 == rig.guest.counters.sent(0) } == true
            }
            let first = rig.stations.counters.expected(0)
            #expect(neighbour.numbers == Array(first..<first + UInt64(neighbour.numbers.count)), "a frame was lost on the way")
            #expect(rig.stations.counters.lost == 0 && rig.stations.counters.late == 0)
            #expect(rig.guest.counters.lost == 0 && rig.guest.counters.late == 0)
            // The other station goes on as before.
            let fast = rig.count(.transmittedFastPackets)
            try rig.wait("the other station") { rig.count(.transmittedFastPackets) > fast + 100 }
            rig.guest.pause(1)
            rig.stations.pause(1)
            neighbour.close()
            try rig.netback.removeVif(other)
            #expect(neighbour.pool.handle.inUse == 0)
        }
    }
}
