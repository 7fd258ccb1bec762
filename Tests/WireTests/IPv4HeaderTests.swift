// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct IPv4HeaderTests {
    @Test func fieldsOfAKnownHeaderAreRead() throws {
        // A known-answer vector: 192.168.0.1 to .199, UDP, checksum 0xB861.
        let packet: [UInt8] =
            [
                0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xB8, 0x61, 0xC0, 0xA8, 0x00, 0x01, 0xC0,
                0xA8,
                0x00, 0xC7,
            ] + [UInt8](repeating: 0xAA, count: 95)
        try withView(packet) { view in
            let header = try #require(IPv4Header(view))
            #expect(header.headerLength == 20 && header.totalLength == 115 && header.payload.count == 95)
            #expect(header.doesNotFragment && !header.isFragment && header.hasTransportHeader)
            #expect(header.timeToLive == 64 && header.protocolNumber == .udp && header.checksum == 0xB861)
            #expect(header.source.description == "192.168.0.1" && header.destination.description == "192.168.0.199")
            let bytes = try #require(view.prefix(20))
            #expect(InternetChecksum.isValid(ipv4Header: bytes))
        }
    }

    @Test func frameOfThirtyFourBytesHoldsAHeaderAndThirtyThreeDoNot() {
        let frame = Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 1, []))
        #expect(frame.count == 34)
        withView(frame) { #expect($0.dropFirst(14).flatMap { IPv4Header($0) } != nil) }
        withView(Array(frame.prefix(33))) { #expect($0.dropFirst(14).flatMap { IPv4Header($0) } == nil) }
    }

    @Test(arguments: 0...4)
    func headerLengthBelowFiveWordsIsMalformed(_ words: Int) {
        var packet = Frames.ipv4(protocol: 17, [UInt8](repeating: 0, count: 40))
        packet[0] = 0x40 | UInt8(words)
        withView(packet) { #expect(IPv4Header($0) == nil) }
    }

    @Test func headerOfFifteenWordsNeedsAllSixtyBytes() throws {
        let packet = Frames.ipv4(protocol: 17, options: [UInt8](repeating: 1, count: 40), [7])
        try withView(packet) {
            let header = try #require(IPv4Header($0))
            #expect(header.headerLength == 60 && header.payload.bytes == [7])
        }
        withView(Array(packet.prefix(60))) { #expect(IPv4Header($0) == nil) }
        var short = packet
        short[3] = 60
        withView(Array(short.prefix(60))) { #expect(IPv4Header($0)?.payload.isEmpty == true) }
        withView(Array(short.prefix(59))) { #expect(IPv4Header($0) == nil) }
        short[3] = 59
        withView(short) { #expect(IPv4Header($0) == nil) }
    }

    @Test func totalLengthBoundsThePayload() {
        let packet = Frames.ipv4(protocol: 17, [1, 2, 3])
        withView(packet + [0, 0, 0, 0]) { #expect(IPv4Header($0)?.payload.bytes == [1, 2, 3]) }
        withView(Array(packet.dropLast())) { #expect(IPv4Header($0) == nil) }
        var tooShort = packet
        tooShort[3] = 19
        withView(tooShort) { #expect(IPv4Header($0) == nil) }
    }

    @Test(arguments: [0, 3, 5, 6, 15])
    func otherVersionsAreRefused(_ version: UInt8) {
        var packet = Frames.ipv4(protocol: 17, [])
        packet[0] = version << 4 | 5
        withView(packet) { #expect(IPv4Header($0) == nil) }
    }

    @Test func fragmentsAreTold() throws {
        try withView(Frames.ipv4(protocol: 17, fragment: 0x2000, [1])) {
            let first = try #require(IPv4Header($0))
            #expect(first.isFragment && first.hasMoreFragments && first.hasTransportHeader && first.fragmentOffset == 0)
        }
        try withView(Frames.ipv4(protocol: 17, fragment: 0x1FFF, [1])) {
            let last = try #require(IPv4Header($0))
            #expect(last.isFragment && !last.hasMoreFragments && !last.hasTransportHeader)
            #expect(last.fragmentOffset == 65528)
        }
        withView(Frames.ipv4(protocol: 17, fragment: 0x4000, [1])) {
            #expect(IPv4Header($0)?.isFragment == false)
        }
    }
}
