// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct IPv6HeaderTests {
    /// An options header of eight bytes that says what follows it.
    private func options(_ next: UInt8) -> [UInt8] { [next, 0, 1, 4, 0, 0, 0, 0] }

    @Test func fieldsAreRead() throws {
        var packet = Frames.ipv6(next: 17, hopLimit: 33, [1, 2, 3])
        packet[0] = 0x6A
        packet[1] = 0xB1
        packet[3] = 0x05
        try withView(packet + [0, 0]) {
            let header = try #require(IPv6Header($0))
            #expect(header.trafficClass == 0xAB && header.flowLabel == 0x10005)
            #expect(header.hopLimit == 33 && header.nextHeader == .udp && header.upperLayer == .udp)
            #expect(header.source == Frames.peerIPv6 && header.destination == Frames.ourIPv6)
            #expect(header.upperLayerOffset == 40 && header.payloadLength == 3 && header.payload.bytes == [1, 2, 3])
            #expect(header.fragment == nil && !header.isFragment && header.hasTransportHeader)
        }
    }

    @Test func fortyBytesAreEnoughAndThirtyNineAreNot() {
        let packet = Frames.ipv6(next: 59, [])
        withView(packet) { #expect(IPv6Header($0)?.upperLayer == .noNextHeader) }
        withView(Array(packet.prefix(39))) { #expect(IPv6Header($0) == nil) }
    }

    @Test func payloadLengthBeyondTheBytesIsMalformed() {
        withView(Array(Frames.ipv6(next: 17, [1, 2, 3]).dropLast())) { #expect(IPv6Header($0) == nil) }
    }

    @Test func otherVersionIsRefused() {
        var packet = Frames.ipv6(next: 17, [])
        packet[0] = 0x40
        withView(packet) { #expect(IPv6Header($0) == nil) }
    }

    @Test func extensionHeadersAreFollowedToTheUpperLayer() throws {
        let routing: [UInt8] = [51, 1] + [UInt8](repeating: 0, count: 14)
        let authentication: [UInt8] = [60, 4] + [UInt8](repeating: 0, count: 22)
        let chain = options(60) + options(43) + routing + authentication + options(6)
        try withView(Frames.ipv6(next: 0, chain + [0xAA])) {
            let header = try #require(IPv6Header($0))
            #expect(header.nextHeader == .hopByHop && header.upperLayer == .tcp)
            #expect(header.upperLayerOffset == 40 + 8 + 8 + 16 + 24 + 8 && header.payload.bytes == [0xAA])
        }
    }

    @Test func truncatedExtensionHeaderIsMalformed() {
        withView(Frames.ipv6(next: 60, Array(options(17).dropLast()))) { #expect(IPv6Header($0) == nil) }
        withView(Frames.ipv6(next: 60, [17, 1, 0, 0, 0, 0, 0, 0])) { #expect(IPv6Header($0) == nil) }
        withView(Frames.ipv6(next: 60, [17, 255] + [UInt8](repeating: 0, count: 62))) { #expect(IPv6Header($0) == nil) }
        withView(Frames.ipv6(next: 44, [17, 0, 0, 0])) { #expect(IPv6Header($0) == nil) }
        withView(Frames.ipv6(next: 51, [17, 4, 0, 0, 0, 0, 0, 0])) { #expect(IPv6Header($0) == nil) }
        // Bytes beyond the payload length do not complete it.
        withView(Frames.ipv6(next: 60, []) + options(17)) { #expect(IPv6Header($0) == nil) }
    }

    @Test func extensionHeaderChainIsBounded() {
        let eight = (0..<7).flatMap { _ in options(60) } + options(17)
        withView(Frames.ipv6(next: 60, eight)) { #expect(IPv6Header($0)?.upperLayer == .udp) }
        withView(Frames.ipv6(next: 60, options(60) + eight)) { #expect(IPv6Header($0) == nil) }
    }

    @Test func hopByHopOptionsOnlyComeFirst() {
        withView(Frames.ipv6(next: 60, options(0) + options(17))) { #expect(IPv6Header($0) == nil) }
    }

    @Test func fragmentsAreTold() throws {
        let first: [UInt8] = [60, 0, 0, 1, 0, 0, 0, 9]
        try withView(Frames.ipv6(next: 44, first + options(17) + [5])) {
            let header = try #require(IPv6Header($0))
            #expect(header.isFragment && header.hasTransportHeader && header.upperLayer == .udp)
            #expect(header.fragment?.identification == 9 && header.fragment?.hasMoreFragments == true)
            #expect(header.payload.bytes == [5])
        }
        // The bytes of a later fragment are not headers, even where the type is that of an extension header.
        try withView(Frames.ipv6(next: 44, [60, 0, 0x05, 0xA8, 0, 0, 0, 9, 5])) {
            let header = try #require(IPv6Header($0))
            #expect(header.isFragment && !header.hasTransportHeader && header.upperLayer == .destinationOptions)
            #expect(header.fragment?.offset == 0x5A8 && header.payload.bytes == [5])
        }
        withView(Frames.ipv6(next: 44, [17, 0, 0, 0, 0, 0, 0, 9])) { #expect(IPv6Header($0)?.isFragment == false) }
        withView(Frames.ipv6(next: 44, [44, 0, 0, 1, 0, 0, 0, 9] + [17, 0, 0, 1, 0, 0, 0, 9])) {
            #expect(IPv6Header($0) == nil)
        }
    }
}
