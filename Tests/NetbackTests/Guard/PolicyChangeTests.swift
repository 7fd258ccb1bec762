// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

@testable import Netback

@Suite struct PolicyChangeTests {
    private func frames(_ range: Range<UInt32>, from source: MACAddress) -> [Bytes] {
        range.map { Frames.numbered($0, to: Rig.station, from: source) }
    }

    @Test func aChangedPolicyIsInForceWhenTheCallReturns() throws {
        try Rig.run { rig in
            let one = try rig.addGuest(1)
            let foreign = Frames.numbered(1, to: Rig.station, from: Rig.mac(9))
            let spoofed = GuardFrames.arp(2, GuardFrames.otherV4, for: GuardFrames.v4)
            for _ in 0..<20 {
                try rig.send([foreign, spoofed], from: one)
                #expect(try rig.receiveFromWire(2) == [foreign, spoofed])
                try rig.netback.setPolicy(VifPolicy(guardsSource: true), vif: one)
                try rig.send([foreign, spoofed], from: one)
                #expect(try rig.receiveFromWire(1) == [spoofed])
                try rig.netback.setPolicy(VifPolicy(addresses: GuardFrames.addresses), vif: one)
                try rig.send([spoofed, foreign], from: one)
                #expect(try rig.receiveFromWire(1) == [foreign])
                try rig.netback.setPolicy(VifPolicy(), vif: one)
            }
            #expect(rig.count("foreignSource", one) == 20 && rig.count("spoofedAddress", one) == 20)
        }
    }

    /// Both guests send all the time, while the policy of one is another one each time.
    @Test func aChangeUnderTrafficLosesNothingAndIsNoConcernOfOthers() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let policies = [
                VifPolicy(guardsSource: true),
                VifPolicy(guardsSource: true, addresses: GuardFrames.addresses, stormLimit: 10_000),
                VifPolicy(ingress: RateLimit(bytesPerSecond: 1_000_000_000, burstBytes: 1_000_000)), VifPolicy(),
                VifPolicy(egress: RateLimit(bytesPerSecond: 1_000_000, burstBytes: 2000), maximumLearnedAddresses: 0),
            ]
            var sent: UInt32 = 0
            var came: [Bytes] = []
            for round in 0..<200 {
                // In the vrings when the change comes.
                try rig.send(frames(sent..<sent + 50, from: Rig.mac(1)), from: ids[0])
                try rig.send(frames(sent..<sent + 50, from: Rig.mac(2)), from: ids[1])
                sent += 50
                try rig.netback.setPolicy(policies[round % policies.count], vif: ids[0])
                came += rig.wire.receive()
                for id in ids { _ = rig.guest(id).receive() }
            }
            try rig.require("all are switched") {
                came += rig.wire.receive()
                for id in ids { _ = rig.guest(id).receive() }
                return came.count == 2 * Int(sent)
            }
            // Its own frames pass every one of these policies, all of them, in order.
            for number in [1, 2] as [UInt64] {
                let own = came.filter { $0[6..<12].elementsEqual(Frames.octets(Rig.mac(number))) }
                #expect(own == frames(0..<sent, from: Rig.mac(number)), "guest \(number)")
            }
        }
    }

    private static let tooMany = (0..<65 as Range<UInt32>).map { IPAddress(IPv4Address(rawValue: 0x0A00_0001 + $0)) }
    private static func limit(_ rate: UInt64, _ burst: UInt64) -> RateLimit { RateLimit(bytesPerSecond: rate, burstBytes: burst) }

    static let refused: [(name: String, policy: VifPolicy)] = [
        ("no rate", VifPolicy(ingress: limit(0, 2000))), ("no burst", VifPolicy(ingress: limit(1000, 0))),
        ("a burst shorter than a frame", VifPolicy(egress: limit(1000, 1517))),
        ("a rate that no meter takes", VifPolicy(egress: limit(1 << 37 + 1, 2000))),
        ("the highest number", VifPolicy(ingress: limit(.max, .max))),
        ("a burst that no meter takes", VifPolicy(ingress: limit(1000, 1 << 32))),
        ("no storm", VifPolicy(stormLimit: 0)), ("a negative storm", VifPolicy(stormLimit: -1)),
        ("too great a storm", VifPolicy(stormLimit: 10_000_001)),
        ("a negative share", VifPolicy(maximumLearnedAddresses: -1)),
        ("too great a share", VifPolicy(maximumLearnedAddresses: 1 << 20 + 1)),
        ("65 addresses", VifPolicy(addresses: tooMany)),
        ("no address", VifPolicy(addresses: [IPAddress(IPv4Address.unspecified)])),
        ("a group", VifPolicy(addresses: [IPAddress("224.0.0.1")!])),
        ("the broadcast address", VifPolicy(addresses: [IPAddress(IPv4Address.limitedBroadcast)])),
        ("an IPv6 group", VifPolicy(addresses: [IPAddress("ff02::1")!])),
        ("loopback", VifPolicy(addresses: GuardFrames.addresses + [IPAddress("::1")!])),
    ]

    @Test func whatIsNoPolicyIsRefusedInOneLine() throws {
        try Rig.run { rig in
            var plain = rig.vif(1)
            plain.policy = VifPolicy(guardsSource: true)
            let one = try rig.netback.addVif(plain, link: nil)
            try rig.connect(one, 1)
            for row in Self.refused {
                func check(_ body: () throws(NetbackError) -> Void) {
                    do throws(NetbackError) {
                        try body()
                        Issue.record("\(row.name) is taken")
                    } catch {
                        guard case .invalidPolicy(let problem, let vif) = error else {
                            Issue.record("\(row.name): \(error)")
                            return
                        }
                        #expect(!problem.isEmpty && vif.hasPrefix("vif") && !error.description.contains("\n"))
                    }
                }
                check { () throws(NetbackError) in try rig.netback.setPolicy(row.policy, vif: one) }
                var vif = rig.vif(2)
                vif.policy = row.policy
                check { () throws(NetbackError) in _ = try rig.netback.addVif(vif, link: nil) }
            }
            #expect(rig.netback.vifs.count == 1)
            // A refused policy leaves the one that was there.
            try rig.send([Frames.numbered(1, to: Rig.station, from: Rig.mac(9))], from: one)
            try rig.require("it is in force") { rig.count("foreignSource", one) == 1 }
            #expect(throws: NetbackError.unknownVif(99)) { try rig.netback.setPolicy(VifPolicy(), vif: 99) }
        }
    }

    @Test func theLimitsThemselvesAreTaken() throws {
        try Rig.run { rig in
            let one = try rig.addGuest(1)
            for policy in [
                VifPolicy(ingress: Self.limit(1, 1518), egress: Self.limit(1 << 37, 0xFFFF_FFFF), stormLimit: 1),
                VifPolicy(addresses: Array(Self.tooMany.prefix(64)), stormLimit: 10_000_000, maximumLearnedAddresses: 1 << 20),
                VifPolicy(addresses: [], maximumLearnedAddresses: 0),
            ] { try rig.netback.setPolicy(policy, vif: one) }
            var long = rig.vif(2)
            long.mtu = 9000
            long.policy = VifPolicy(egress: Self.limit(1000, 9017))
            #expect(throws: NetbackError.self) { _ = try rig.netback.addVif(long, link: nil) }
            long.policy.egress?.burstBytes = 9018
            _ = try rig.netback.addVif(long, link: nil)
        }
    }
}
