// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import Testing
import Wire

@testable import Netback

/// Frames of the table with random bytes in random places, and cut somewhere: reading them ends within them, and whatever passes
/// names the guest.
@Suite struct AddressGuardFuzzTests {
    private static let seeds =
        (AddressGuardTests.arp + AddressGuardTests.ipv4 + AddressGuardTests.ipv6 + AddressGuardTests.neighbors)
        .map(\.frame)

    private func judge(_ frame: Bytes, _ addressGuard: AddressGuard, elsewhere: Int = 0) -> Bool {
        // A copy of exactly that size, so that a sanitizer sees the end.
        let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: max(frame.count, 1), alignment: 1)
        defer { unsafe exact.deallocate() }
        unsafe exact.copyBytes(from: frame)
        return addressGuard.allows(
            unsafe ByteView(unsafeStart: UnsafeRawPointer(exact.baseAddress!), count: frame.count), elsewhere: elsewhere)
    }

    /// The switch takes frames with one tag at most; the guard does not rely on it.
    @Test func nothingHidesBehindTags() {
        let addresses = GuestAddresses.allocate(GuardFrames.addresses, mac: GuardFrames.mac)
        defer { addresses.deallocate() }
        let addressGuard = AddressGuard(mac: GuardFrames.mac, addresses: addresses)
        for (seed, isOwn) in [
            (GuardFrames.icmp(GuardFrames.v6, GuardFrames.echo), true),
            (GuardFrames.icmp(GuardFrames.otherV6, GuardFrames.echo), false),
        ] {
            var frame = seed
            let verdicts = (0..<5).map { _ in
                defer { frame = GuardFrames.tagged(frame, 0) }
                return judge(frame, addressGuard)
            }
            #expect(verdicts == [isOwn, isOwn, isOwn, false, false])
        }
    }

    /// A frame whose end lies in another mbuf is judged by its headers, and a message that has its meaning there is refused.
    @Test func framesAreJudgedByTheirFirstMbuf() {
        let addresses = GuestAddresses.allocate(GuardFrames.addresses, mac: GuardFrames.mac)
        defer { addresses.deallocate() }
        let addressGuard = AddressGuard(mac: GuardFrames.mac, addresses: addresses)
        for row in AddressGuardTests.ipv4 + AddressGuardTests.ipv6 + AddressGuardTests.neighbors {
            let isAllowed = judge(row.frame, addressGuard)
            guard row.frame.count > 60, [[8, 0], [0x86, 0xDD]].contains(Array(row.frame[12..<14])) else { continue }
            let isNeighborDiscovery = row.frame[12] == 0x86 && row.frame[20] == 58 && (133...137).contains(row.frame[54])
            let cut = Array(row.frame.dropLast(1))
            #expect(!judge(cut, addressGuard) || row.frame.count == 60, "what is missing is missed")
            if judge(cut, addressGuard, elsewhere: 1) { #expect(isAllowed && !isNeighborDiscovery, "\(row)") }
        }
        let whole = GuardFrames.icmp(GuardFrames.v6, GuardFrames.echo)
        #expect(judge(Array(whole.dropLast(1)), addressGuard, elsewhere: 1))
        #expect(!judge(Array(whole.dropLast(1)), addressGuard))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func whateverPassesNamesTheGuest(seed: UInt64) {
        let addresses = GuestAddresses.allocate(GuardFrames.addresses, mac: GuardFrames.mac)
        defer { addresses.deallocate() }
        let addressGuard = AddressGuard(mac: GuardFrames.mac, addresses: addresses)
        let own4 = [GuardFrames.octets(GuardFrames.v4), GuardFrames.octets(IPv4Address.unspecified)]
        let own6 = [
            GuardFrames.octets(GuardFrames.v6), GuardFrames.octets(GuardFrames.linkLocal), GuardFrames.octets(GuardFrames.noV6),
        ]
        var random = SplitMix64(seed: seed)
        var passed = 0
        for _ in 0..<40_000 {
            var frame = Self.seeds[random.below(Self.seeds.count)]
            for _ in 0..<random.below(4) { frame[random.below(frame.count)] = UInt8(random.below(256)) }
            if random.below(4) == 0 { frame = Array(frame.prefix(random.below(frame.count + 1))) }
            guard judge(frame, addressGuard) else { continue }
            passed += 1
            switch frame[12..<14] {
            case [8, 0]: #expect(own4.contains { frame[26..<30].elementsEqual($0) }, "\(frame)")
            case [0x86, 0xDD]: #expect(own6.contains { frame[22..<38].elementsEqual($0) }, "\(frame)")
            case [8, 6]:
                #expect(own4.contains { frame[28..<32].elementsEqual($0) }, "\(frame)")
                #expect(frame[22..<28].elementsEqual(Frames.octets(GuardFrames.mac)), "\(frame)")
            default: break
            }
        }
        #expect(passed > 1000 && passed < 30_000, "\(passed)")
    }
}
