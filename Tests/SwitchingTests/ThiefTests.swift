// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import DPDK
import Dataplane
import Foundation
import Netback
import Netfront
import SoftNIC
import TestSupport
import Testing
import Wire

/// Frames with one guest's MAC and another one's IP address, as heavy as any flow: they must never make the NIC take that other guest's
/// frames away from it.
@Suite(.serialized) struct ThiefTests {
    private static let victimMAC = MACAddress(rawValue: 0x5254_0000_0002)
    private static let victimAddress = IPv4Address(rawValue: 0x0A00_0002)

    struct Row: Sendable, CustomTestStringConvertible {
        let personality: Personality
        let forms: Set<SteeringForm>
        /// What is in use for the first guest.
        let form: Character
        var testDescription: String { "\(personality.rawValue) \(form)" }
    }

    /// What each family uses when it may do anything but pools, and single flows alone where its rules can.
    static let rows: [Row] = {
        let best: [(Personality, Character)] = [
            (.ixgbe82599, "E"), (.ixgbeX550, "E"), (.i40e, "C"), (.igb, "E"), (.sfc, "A"), (.mlx5, "A"), (.bnxt, "A"),
            (.none, "F"),
        ]
        return best.map { Row(personality: $0.0, forms: Set(SteeringForm.allCases), form: $0.1) }
            + [Personality.sfc, .mlx5, .bnxt].map { Row(personality: $0, forms: [.perFlow, .software], form: "E") }
    }()

    private func options(_ row: Row) -> SwitchingRig.Options {
        var options = SwitchingRig.Options(lcores: 1, forms: row.forms)
        options.personality = row.personality
        options.isUDP = true
        // Both are known to the host, so that nothing but the frames' MAC tells whose they are.
        options.flowSteering.addresses = [
            Traffic.guestMAC: [IPAddress(Traffic.guestAddress)], Self.victimMAC: [IPAddress(Self.victimAddress)],
        ]
        options.flowSteering.intervalNanoseconds = 10_000_000
        options.flowSteering.policy.minimumRate = 1
        return options
    }

    /// Sends datagrams to the victim's address, with whatever MAC, from the wire.
    private func send(_ count: Int, to mac: MACAddress, _ rig: SwitchingRig) throws {
        var burst = MbufBurst(capacity: 64)
        try #require(rig.cable.pool.handle.allocate(count, into: &burst))
        let writer = FrameWriter(
            destinationMAC: mac, sourceMAC: Traffic.station(0),
            addresses: .v4(source: IPv4Address(rawValue: 0x0A00_0100), destination: Self.victimAddress), sourcePort: 9,
            destinationPort: 53)
        for index in 0..<count {
            let length = writer.write(into: burst[index].frameBuffer, payloadLength: 100)
            #expect(burst[index].setLength(try #require(length)))
        }
        rig.stations.inject(&burst)
        let isTaken = burst.isEmpty
        try #require(isTaken)
    }

    @Test(arguments: rows)
    func anothersAddressTakesNothingFromIt(_ row: Row) throws {
        try SwitchingRig.run(options(row)) { rig in
            let socket = rig.directory.appendingPathComponent("victim").path
            let victim = try rig.netback.addVif(
                VifConfiguration(name: "victim", mac: Self.victimMAC, socketPath: socket, acceleration: false), link: nil)
            let neighbour = try Neighbour(name: "sw\(rig.number)", socket: socket)
            try rig.wait("the victim") { rig.netback.vifs.first { $0.id == victim }?.isConnected == true }
            rig.startTraffic()
            rig.setAcceleration(true)
            try rig.wait("acceleration") { rig.host.state == .connected && rig.host.form == row.form }
            var stolen: UInt64 = 0
            for _ in 0..<60 {
                try send(20, to: Traffic.guestMAC, rig)
                stolen += 20
                try rig.wait("the thief's frames") { rig.guest.counters.corrupt == stolen }
                try rig.passTraffic(10)
            }
            // The first frames to the stations went everywhere.
            neighbour.receive()
            let before = neighbour.others
            try send(40, to: Self.victimMAC, rig)
            try rig.wait("the victim's own frames") {
                neighbour.receive()
                return neighbour.others == before + 40
            }
            #expect(rig.guest.counters.corrupt == stolen)
            #expect(rig.count(.dropForeign) == 0, "a frame of the victim's came by the guest's VI:\n\(rig.account)")
            try rig.stopTraffic()
            #expect(rig.guest.counters.lost == 0 && rig.guest.counters.late == 0, "\(rig.account)")
            neighbour.close()
            try rig.netback.removeVif(victim)
            #expect(neighbour.pool.handle.inUse == 0)
        }
    }
}
