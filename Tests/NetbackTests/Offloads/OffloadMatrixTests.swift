// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Foundation
import Logging
import TestSupport
import Testing
import Wire

@testable import Netback

/// Whatever a sender leaves to others is done by somebody, for every pair of a sender and a receiver: each header, each checksum and
/// each byte of payload is checked where it arrives.
@Suite(.serialized) struct OffloadMatrixTests {
    enum Uplink: Sendable, CaseIterable { case ring, virtio }

    struct Conditions: Sendable, CustomTestStringConvertible {
        let uplink: Uplink
        let vlan: UInt16?
        var testDescription: String { "\(uplink) uplink, VLAN \(vlan.map(String.init) ?? "none")" }
    }

    static let conditions: [Conditions] = Uplink.allCases.flatMap { uplink in
        [nil, 5].map { Conditions(uplink: uplink, vlan: $0) }
    }

    /// In front of IP, of an odd number of bytes, a whole frame, two pieces and a bit, the most that IPv4 has room for.
    static let sizes = [1, 18, 333, 1400]
    static let longSizes = [1400, 1401, 2801, 20000, 60000]

    static var packets: [OffloadPacket] {
        var packets: [OffloadPacket] = []
        for isIPv6 in [false, true] {
            for transport in OffloadPacket.Transport.allCases {
                for left in OffloadPacket.Left.allCases where transport == .tcp || left != .segments {
                    for size in left == .segments ? longSizes : sizes {
                        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ size) }
                        packets.append(OffloadPacket(isIPv6: isIPv6, transport: transport, payload: payload, left: left))
                    }
                }
            }
        }
        return packets
    }

    struct Receiver {
        let name: String
        let station: any OffloadStation
        let mac: MACAddress
        /// Whether something may be left to do.
        let takesUnfinished: Bool
        let vlan: UInt16?
    }

    @Test(arguments: conditions) func everySenderReachesEveryReceiver(_ conditions: Conditions) throws {
        try EALFixture.exclusively {
            let rig = try OffloadRig(conditions.uplink, vlan: conditions.vlan)
            defer { rig.close() }
            try rig.teachStation()
            for packet in Self.packets {
                for receiver in rig.receivers {
                    try rig.check(packet, from: rig.sender, OffloadRig.senderMAC, to: receiver)
                }
                // A wire without offloads has nothing but finished frames, and no long ones.
                if conditions.uplink == .virtio || packet.left == .nothing {
                    for receiver in rig.receivers where receiver.mac != OffloadRig.station {
                        try rig.check(packet, from: rig.wire, OffloadRig.station, to: receiver, tag: conditions.vlan)
                    }
                }
            }
            rig.checkIdentity()
            #expect(rig.netback.counters.filter { Netback.dropReasons.contains($0.key) && $0.value > 0 } == [:])
            rig.close()
            #expect(rig.mbufsInUse == 0)
        }
    }
}
