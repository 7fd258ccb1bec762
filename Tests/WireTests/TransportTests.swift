// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct TransportTests {
    @Test func udpLengthIsCheckedAgainstTheBytes() throws {
        let datagram = Frames.udp(pseudo: [], [1, 2, 3])
        try withView(datagram + [9, 9]) {
            let header = try #require(UDPHeader($0))
            #expect(header.sourcePort == 5000 && header.destinationPort == 7 && header.length == 11)
            #expect(header.payload.bytes == [1, 2, 3])
        }
        withView(Array(datagram.prefix(10))) { #expect(UDPHeader($0) == nil) }
        withView(Array(datagram.prefix(7))) { #expect(UDPHeader($0) == nil) }
        for length in 0..<8 {
            var short = datagram
            short[5] = UInt8(length)
            withView(short) { #expect(UDPHeader($0) == nil, "\(length)") }
        }
        var empty = Array(datagram.prefix(8))
        empty[5] = 8
        withView(empty) { #expect(UDPHeader($0)?.payload.isEmpty == true) }
    }

    @Test func tcpFieldsAreRead() throws {
        try withView(Frames.tcp(offset: 6, options: [2, 4, 5, 0xB4], [7])) {
            let header = try #require(TCPHeader($0))
            #expect(header.sourcePort == 8080 && header.destinationPort == 50000)
            #expect(header.sequenceNumber == 1 && header.acknowledgmentNumber == 2)
            #expect(header.flags == [.syn, .ack] && !header.flags.contains(.fin))
            #expect(header.window == 0x2000 && header.checksum == 0xABCD)
            #expect(header.headerLength == 24 && header.payload.bytes == [7])
        }
    }

    @Test func tcpHeaderIsRefusedWhenTruncated() {
        let segment = Frames.tcp(offset: 15, options: [UInt8](repeating: 1, count: 40))
        #expect(segment.count == 60)
        withView(segment) { #expect(TCPHeader($0)?.payload.isEmpty == true) }
        for length in 0..<60 {
            withView(Array(segment.prefix(length))) { #expect(TCPHeader($0) == nil, "\(length)") }
        }
    }

    @Test(arguments: 0...4)
    func tcpDataOffsetBelowFiveWordsIsMalformed(_ offset: UInt8) {
        withView(Frames.tcp(offset: offset, [UInt8](repeating: 0, count: 40))) { #expect(TCPHeader($0) == nil) }
    }

    @Test func icmpNeedsEightBytes() throws {
        let message = Frames.icmpEcho([5])
        try withView(message) {
            let header = try #require(ICMPHeader($0))
            #expect(header.isEchoRequest && !header.isEchoReply && header.identifier == 0xBEEF)
            #expect(header.sequenceNumber == 7 && header.payload.bytes == [5])
        }
        withView(Array(message.prefix(8))) { #expect(ICMPHeader($0)?.payload.isEmpty == true) }
        withView(Array(message.prefix(7))) { #expect(ICMPHeader($0) == nil) }
        withView(Frames.icmpEcho(type: 0, [])) { #expect(ICMPHeader($0)?.isEchoReply == true) }
    }

    @Test func icmpv6EchoIsToldFromOtherMessages() throws {
        let message: [UInt8] = [128, 0, 0xAB, 0xCD, 0xBE, 0xEF, 0, 7, 5]
        try withView(message) {
            let echo = try #require(ICMPv6Echo($0))
            #expect(echo.isRequest && echo.identifier == 0xBEEF && echo.sequenceNumber == 7)
            #expect(echo.payload.bytes == [5] && echo.checksum == 0xABCD)
        }
        withView([129, 0] + message.dropFirst(2)) { #expect(ICMPv6Echo($0)?.isRequest == false) }
        withView([128, 1] + message.dropFirst(2)) { #expect(ICMPv6Echo($0) == nil) }
        withView([135, 0] + message.dropFirst(2)) { #expect(ICMPv6Echo($0) == nil) }
        withView(Array(message.prefix(7))) { #expect(ICMPv6Echo($0) == nil) }
        withView(Array(message.prefix(4))) { #expect(ICMPv6Header($0)?.type == 128) }
        withView(Array(message.prefix(3))) { #expect(ICMPv6Header($0) == nil) }
    }
}
