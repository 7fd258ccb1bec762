// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct ResponderTests {
    /// What a responder makes of `frame` in a buffer of `capacity` bytes; checks that a refusal changes nothing.
    private func answer(
        _ frame: [UInt8], capacity: Int? = nil, _ responder: (MutableByteView) -> Int?
    ) -> [UInt8]? {
        withExactBytes(frame, capacity: capacity) { buffer in
            guard let length = responder(buffer) else {
                #expect(Array(buffer.view.bytes.prefix(frame.count)) == frame, "a refused frame was changed")
                return nil
            }
            return buffer.view.prefix(length)?.bytes
        }
    }

    private func arp(_ frame: [UInt8]) -> [UInt8]? {
        answer(frame) { ARPResponder.reply(in: $0, mac: Frames.ourMAC, address: Frames.ourIPv4) }
    }

    private func echo4(_ frame: [UInt8]) -> [UInt8]? {
        answer(frame) { EchoResponder.reply(in: $0, mac: Frames.ourMAC, address: Frames.ourIPv4) }
    }

    private func echo6(_ frame: [UInt8]) -> [UInt8]? {
        answer(frame) { EchoResponder.reply(in: $0, mac: Frames.ourMAC, address: Frames.ourIPv6) }
    }

    private func udp4(_ frame: [UInt8], port: UInt16? = 7) -> [UInt8]? {
        answer(frame) { UDPEchoResponder.reply(in: $0, mac: Frames.ourMAC, address: Frames.ourIPv4, port: port) }
    }

    private func udp6(_ frame: [UInt8], port: UInt16? = 7) -> [UInt8]? {
        answer(frame) { UDPEchoResponder.reply(in: $0, mac: Frames.ourMAC, address: Frames.ourIPv6, port: port) }
    }

    private func isTurned(_ ethernet: EthernetHeader) -> Bool {
        ethernet.destination == Frames.peerMAC && ethernet.source == Frames.ourMAC
    }

    // MARK: ARP

    @Test(arguments: [MACAddress.broadcast, Frames.ourMAC])
    func arpRequestIsAnswered(_ destination: MACAddress) throws {
        let padding = [UInt8](repeating: 0, count: 18)
        let reply = try #require(arp(Frames.arpRequest(to: destination) + padding))
        let expected = Frames.ethernet(
            to: Frames.peerMAC, from: Frames.ourMAC, type: 0x0806,
            Frames.arp(
                operation: 2, senderMAC: Frames.ourMAC, sender: Frames.ourIPv4, targetMAC: Frames.peerMAC,
                target: Frames.peerIPv4))
        #expect(reply == expected + padding)
    }

    @Test func arpProbeIsAnsweredAndOthersAreNot() {
        #expect(arp(Frames.arpRequest(sender: .unspecified)) != nil)
        #expect(arp(Frames.arpRequest(target: Frames.peerIPv4)) == nil)
        #expect(arp(Frames.arpRequest(to: Frames.peerMAC)) == nil)
        #expect(arp(Frames.arpRequest(sender: Frames.ourIPv4)) == nil, "an announcement asks nothing")
        #expect(arp(Frames.gratuitousARP(operation: 2)) == nil)
        #expect(arp(Array(Frames.arpRequest().dropLast())) == nil)
        for sender in [MACAddress.broadcast, .zero, Frames.ourMAC] {
            let packet = Frames.arp(
                operation: 1, senderMAC: sender, sender: Frames.peerIPv4, targetMAC: .zero, target: Frames.ourIPv4)
            #expect(arp(Frames.ethernet(to: .broadcast, type: 0x0806, packet)) == nil)
        }
    }

    // MARK: Echo

    @Test(arguments: [[], [(0x8100, 5)], [(0x88A8, 5), (0x8100, 6)]] as [[(UInt16, UInt16)]])
    func pingIsAnsweredWithRightChecksums(_ tags: [(UInt16, UInt16)]) throws {
        for payload in [[], [1], Array(0..<100)] as [[UInt8]] {
            let frame = Frames.icmpEchoRequest(payload, tags: tags)
            let reply = try #require(echo4(frame))
            #expect(reply.count == frame.count)
            try withView(reply) { view in
                let ethernet = try #require(EthernetHeader(view))
                #expect(isTurned(ethernet) && ethernet.headerLength == 14 + 4 * tags.count)
                let packet = try #require(view.dropFirst(ethernet.headerLength))
                let ip = try #require(IPv4Header(packet))
                #expect(ip.source == Frames.ourIPv4 && ip.destination == Frames.peerIPv4 && ip.timeToLive == 64)
                #expect(Frames.checksum(Array(packet.bytes.prefix(20))) == 0)
                let icmp = try #require(ICMPHeader(ip.payload))
                #expect(icmp.isEchoReply && icmp.identifier == 0xBEEF && icmp.sequenceNumber == 7)
                #expect(icmp.payload.bytes == payload && Frames.checksum(ip.payload.bytes) == 0)
            }
        }
    }

    @Test func ping6IsAnsweredWithRightChecksum() throws {
        for payload in [[], [1], Array(0..<100)] as [[UInt8]] {
            let reply = try #require(echo6(Frames.icmpv6EchoRequest(payload)))
            try withView(reply) { view in
                let ethernet = try #require(EthernetHeader(view))
                let ip = try #require(view.dropFirst(14).flatMap { IPv6Header($0) })
                #expect(isTurned(ethernet) && ip.source == Frames.ourIPv6 && ip.destination == Frames.peerIPv6)
                let echo = try #require(ICMPv6Echo(ip.payload))
                #expect(!echo.isRequest && echo.payload.bytes == payload && ip.hopLimit == 64)
                let pseudo = Frames.pseudoHeader(ip.source, ip.destination, 58, ip.payload.count)
                #expect(Frames.checksum(pseudo + ip.payload.bytes) == 0)
            }
        }
    }

    @Test func damagedPingComesBackAsDamaged() throws {
        var frame = Frames.icmpEchoRequest([1, 2, 3])
        frame[frame.count - 1] ^= 0xFF
        let reply = try #require(echo4(frame))
        #expect(Frames.checksum(Array(reply[34...])) != 0)
    }

    @Test func pingsThatMustNotBeAnsweredAreRefused() {
        let icmp = Frames.icmpEcho([1])
        func v4(
            to mac: MACAddress = Frames.ourMAC, from source: MACAddress = Frames.peerMAC, _ packet: [UInt8]
        ) -> [UInt8] { Frames.ethernet(to: mac, from: source, type: 0x0800, packet) }
        #expect(echo4(v4(Frames.ipv4(protocol: 1, icmp))) != nil)
        for fragment: UInt16 in [0x2000, 0x0001, 0x2001] {
            #expect(echo4(v4(Frames.ipv4(protocol: 1, fragment: fragment, icmp))) == nil, "fragment")
        }
        // Options of zeros, so that the checksum over the first 20 bytes alone is right too.
        #expect(echo4(v4(Frames.ipv4(protocol: 1, options: [0, 0, 0, 0], icmp))) == nil, "options")
        #expect(echo4(v4(Frames.ipv4(protocol: 17, icmp))) == nil)
        #expect(echo4(v4(Frames.ipv4(protocol: 1, Frames.icmpEcho(type: 0, [1])))) == nil, "a reply")
        #expect(echo4(v4(Frames.ipv4(to: Frames.peerIPv4, protocol: 1, icmp))) == nil)
        for source in [Frames.ourIPv4, .unspecified, .limitedBroadcast, IPv4Address(rawValue: 0xE000_0001)] {
            #expect(echo4(v4(Frames.ipv4(from: source, protocol: 1, icmp))) == nil, "\(source)")
        }
        for mac in [MACAddress.broadcast, Frames.peerMAC] {
            #expect(echo4(v4(to: mac, Frames.ipv4(protocol: 1, icmp))) == nil, "\(mac)")
        }
        for source in [MACAddress.broadcast, .zero, Frames.ourMAC] {
            #expect(echo4(v4(from: source, Frames.ipv4(protocol: 1, icmp))) == nil, "\(source)")
        }
        var damaged = v4(Frames.ipv4(protocol: 1, icmp))
        damaged[14 + 4] ^= 1
        #expect(echo4(damaged) == nil, "header checksum")
        #expect(echo4(Array(Frames.icmpEchoRequest().dropLast())) == nil)

        func v6(_ packet: [UInt8]) -> [UInt8] { Frames.ethernet(type: 0x86DD, packet) }
        let request: [UInt8] = [128, 0, 0, 0, 1, 1, 1, 1]
        #expect(echo6(v6(Frames.ipv6(next: 58, Frames.icmpv6(request)))) != nil)
        #expect(echo6(v6(Frames.ipv6(from: .allNodes, next: 58, Frames.icmpv6(request)))) == nil)
        #expect(echo6(v6(Frames.ipv6(from: .unspecified, next: 58, Frames.icmpv6(request)))) == nil)
        #expect(echo6(v6(Frames.ipv6(to: .allNodes, next: 58, Frames.icmpv6(request)))) == nil)
        #expect(
            echo6(v6(Frames.ipv6(next: 44, [58, 0, 0, 1, 0, 0, 0, 1] + Frames.icmpv6(request)))) == nil, "fragment")
        #expect(echo6(v6(Frames.ipv6(next: 58, Frames.icmpv6([129] + request.dropFirst())))) == nil, "a reply")
    }

    // MARK: UDP

    @Test func datagramIsSentBack() throws {
        for payload in [[], [1], Array(0..<100)] as [[UInt8]] {
            let reply4 = try #require(udp4(Frames.udpOverIPv4(payload)))
            #expect(Frames.checksum(Array(reply4[14..<34])) == 0)
            let pseudo4 = Frames.pseudoHeader(Frames.ourIPv4, Frames.peerIPv4, 17, 8 + payload.count)
            #expect(Frames.checksum(pseudo4 + reply4[34...]) == 0)
            let key4 = try #require(withView(reply4) { FlowKey($0) })
            #expect(key4.destinationMAC == Frames.peerMAC && key4.ports == FlowKey.Ports(source: 7, destination: 5000))
            #expect(key4.addresses == .v4(source: Frames.ourIPv4, destination: Frames.peerIPv4))
            #expect(Array(reply4.suffix(payload.count)) == payload)

            let reply6 = try #require(udp6(Frames.udpOverIPv6(payload)))
            let pseudo6 = Frames.pseudoHeader(Frames.ourIPv6, Frames.peerIPv6, 17, 8 + payload.count)
            #expect(Frames.checksum(pseudo6 + reply6[54...]) == 0)
            let key6 = try #require(withView(reply6) { FlowKey($0) })
            #expect(key6.destinationMAC == Frames.peerMAC && key6.ports == FlowKey.Ports(source: 7, destination: 5000))
            #expect(key6.addresses == .v6(source: Frames.ourIPv6, destination: Frames.peerIPv6))
        }
    }

    @Test func datagramsThatMustNotBeSentBackAreRefused() {
        #expect(udp4(Frames.udpOverIPv4(to: 8, [1])) == nil && udp6(Frames.udpOverIPv6(to: 8, [1])) == nil)
        #expect(udp4(Frames.udpOverIPv4(to: 8, [1]), port: nil) != nil)
        #expect(udp6(Frames.udpOverIPv6(to: 8, [1]), port: nil) != nil)
        #expect(udp4(Frames.udpOverIPv4(from: 7, to: 7, [1])) == nil, "two servers would play ping-pong")
        #expect(udp6(Frames.udpOverIPv6(from: 0, to: 7, [1])) == nil, "wants no answer")
        var withoutChecksum = Frames.udpOverIPv6([1])
        withoutChecksum.replaceSubrange(60..<62, with: [0, 0])
        #expect(udp6(withoutChecksum) == nil)
        var withoutChecksum4 = Frames.udpOverIPv4([1])
        withoutChecksum4.replaceSubrange(40..<42, with: [0, 0])
        #expect(udp4(withoutChecksum4) != nil)
        #expect(udp4(Array(Frames.udpOverIPv4([1]).dropLast())) == nil)
        #expect(udp4(Frames.icmpEchoRequest()) == nil && udp6(Frames.icmpv6EchoRequest()) == nil)
    }
}
