// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import Testing
import Wire

@testable import Netback

/// Random frames, from a fixed seed, under policies that change all the time: none is lost from sight.
@Suite struct PolicyIdentityTests {
    private static let rows =
        AddressGuardTests.arp + AddressGuardTests.ipv4 + AddressGuardTests.ipv6 + AddressGuardTests.neighbors
        + SourceGuardTests.rows

    private func randomPolicy(_ random: inout SplitMix64) -> VifPolicy {
        func limit(_ random: inout SplitMix64) -> RateLimit? {
            random.below(2) == 0 ? nil : RateLimit(bytesPerSecond: UInt64(1 + random.below(1_000_000)), burstBytes: 1518)
        }
        return VifPolicy(
            guardsSource: random.below(3) == 0, addresses: random.below(3) == 0 ? GuardFrames.addresses : nil,
            ingress: limit(&random), egress: limit(&random), stormLimit: random.below(2) == 0 ? nil : 1 + random.below(50),
            maximumLearnedAddresses: random.below(2) == 0 ? nil : random.below(8))
    }

    @Test(arguments: [1, 2] as [UInt64])
    func everyFrameIsAccountedFor(seed: UInt64) throws {
        try Rig.run({ $0.fdbAgeSeconds = 1 }) { rig in
            var random = SplitMix64(seed: seed)
            let ids = try rig.addGuests(2, queueSize: 256)
            for _ in 0..<1000 {
                let side = random.below(3)
                let frames = (0..<random.below(30)).map { _ in
                    random.below(2) == 0
                        ? Self.rows[random.below(Self.rows.count)].frame
                        : Frames.numbered(
                            1, to: random.below(3) == 0 ? .broadcast : Rig.mac(UInt64(1 + random.below(3))),
                            from: Rig.mac(
                                UInt64(side == 0 ? 0x5000 : side) + UInt64(random.below(4) == 0 ? 0x100 * random.below(20) : 0)),
                            length: 60 + random.below(1400))
                }
                if side > 0 {
                    rig.guest(ids[side - 1]).send(frames)
                } else if rig.wire.waiting < 3000 {
                    _ = rig.wire.send(frames)
                }
                if random.below(8) == 0 { try rig.netback.setPolicy(randomPolicy(&random), vif: ids[random.below(2)]) }
                _ = rig.wire.receive()
                _ = rig.guest(ids[random.below(2)]).receive()
            }
            try rig.require("all comes to rest") {
                _ = rig.wire.receive()
                for id in ids { _ = rig.guest(id).receive() }
                return rig.wire.waiting == 0 && rig.count("queued") == 0 && rig.count("uplinkQueued") == 0
            }
            // Each of these happened, so each is part of what the accounts are checked for when the rig ends.
            for name in [
                "foreignSource", "spoofedAddress", "ingressLimited", "stormLimited", "egressLimited", "fdbShare", "forwarded",
                "guestDelivered",
            ] { #expect(rig.count(name) > 0, "seed \(seed): no \(name)") }
        }
    }
}
