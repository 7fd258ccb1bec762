// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Testing
import Wire

@Suite struct FlowSelectorTests {
    typealias Frames = FlowFrames
    static let host = IPv4Address(rawValue: 0xC0A8_0001)
    static let host6 = IPv6Address(high: 0xFE80_0000_0000_0000, low: 7)

    private func selector(_ bytes: [UInt8], plain: Bool) -> FlowSelector? {
        unsafe bytes.withUnsafeBytes { raw in
            let view = unsafe ByteView(unsafeStart: raw.baseAddress!, count: raw.count)
            return plain ? FlowSelector(plain: view) : FlowSelector(view)
        }
    }

    @Test func plainFramesOfBothVersionsAndProtocolsAreFlows() {
        let rows: [([UInt8], FlowSelector)] = [
            (Frames.udp4(port: 7), FlowSelector(Self.host, .udp, port: 7)),
            (
                Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 6, Frames.tcp(to: 80))),
                FlowSelector(Self.host, .tcp, port: 80)
            ),
            (
                Frames.ethernet(type: 0x86DD, Frames.ipv6(to: Self.host6, next: 17, Frames.udp(to: 53))),
                FlowSelector(Self.host6, .udp, port: 53)
            ),
            (
                Frames.ethernet(type: 0x86DD, Frames.ipv6(to: Self.host6, next: 6, Frames.tcp(to: 443))),
                FlowSelector(Self.host6, .tcp, port: 443)
            ),
        ]
        for (frame, expected) in rows {
            #expect(selector(frame, plain: true) == expected)
            #expect(selector(frame, plain: false) == expected)
            // Ethernet padding changes nothing, and a frame that ends early is never read beyond its end.
            #expect(selector(frame + [0, 0, 0], plain: true) == expected)
            for length in 0..<frame.count {
                #expect(selector(Array(frame.prefix(length)), plain: true) == nil)
                _ = selector(Array(frame.prefix(length)), plain: false)
            }
        }
        #expect(Set(rows.map(\.1)).count == rows.count)
    }

    /// What makes no key may still belong to a flow that has a rule, where some NIC takes it for one.
    @Test func whatIsNotPlainMakesNoKey() {
        let fragmented = { (field: UInt16) in
            Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 17, fragment: field, Frames.udp(to: 7)))
        }
        let expected = FlowSelector(Self.host, .udp, port: 7)
        let rows: [(String, [UInt8], FlowSelector?)] = [
            ("first fragment", fragmented(0x2000), expected),
            ("later fragment", fragmented(0x2001), nil),
            ("last fragment", fragmented(0x0001), nil),
            ("options", Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 17, options: 4, Frames.udp(to: 7))), expected),
            (
                "bad UDP length", Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 17, Frames.udp(to: 7, length: 2000))),
                expected
            ),
            ("UDP length 7", Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 17, Frames.udp(to: 7, length: 7))), expected),
            (
                "TCP header of 4 words", Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 6, Frames.tcp(to: 7, offset: 0x40))),
                FlowSelector(Self.host, .tcp, port: 7)
            ),
            ("ICMP", Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 1, Frames.udp(to: 7))), nil),
            ("SCTP", Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 132, Frames.udp(to: 7))), nil),
            ("ARP", Frames.ethernet(type: 0x0806, Frames.ipv4(protocol: 17, Frames.udp(to: 7))), nil),
            ("version 5", Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 17, version: 5, Frames.udp(to: 7))), nil),
            (
                "multicast", Frames.ethernet(type: 0x0800, Frames.ipv4(to: 0xE000_0001, protocol: 17, Frames.udp(to: 7))),
                FlowSelector(IPv4Address(rawValue: 0xE000_0001), .udp, port: 7)
            ),
            (
                "hop-by-hop options",
                Frames.ethernet(
                    type: 0x86DD, Frames.ipv6(to: Self.host6, next: 0, [17, 0, 1, 4, 0, 0, 0, 0] + Frames.udp(to: 7))),
                FlowSelector(Self.host6, .udp, port: 7)
            ),
            (
                "later IPv6 fragment",
                Frames.ethernet(
                    type: 0x86DD, Frames.ipv6(to: Self.host6, next: 44, [17, 0, 0, 8, 0, 0, 0, 1] + Frames.udp(to: 7))), nil
            ),
            ("tagged", Frames.ethernet(type: 0x8100, [0, 5, 8, 0] + Frames.ipv4(protocol: 17, Frames.udp(to: 7))), nil),
        ]
        for (name, frame, loose) in rows {
            #expect(selector(frame, plain: true) == nil, "\(name)")
            #expect(selector(frame, plain: false) == loose, "\(name)")
        }
        // A header length below five words, and one beyond the frame.
        for length in [0, 1, 4, 15] as [UInt8] {
            var frame = Frames.udp4(port: 7)
            frame[14] = 0x40 | length
            #expect(selector(frame, plain: true) == nil)
        }
    }

    @Test func randomOctetsNeverTrap() {
        var random = SystemRandomNumberGenerator()
        var seeds = [Frames.udp4(port: 7)]
        seeds.append(Frames.ethernet(type: 0x86DD, Frames.ipv6(to: Self.host6, next: 6, Frames.tcp(to: 443))))
        var found = 0
        for round in 0..<50_000 {
            var frame = seeds[round & 1]
            for _ in 0..<3 { frame[Int(random.next() % UInt64(frame.count))] = UInt8(truncatingIfNeeded: random.next()) }
            frame.removeLast(Int(random.next() % 4) * 5)
            let plain = selector(frame, plain: true)
            // The plain frames are among the others, with the same key.
            if let plain {
                found += 1
                #expect(selector(frame, plain: false) == plain)
            }
        }
        #expect(found > 1000)
    }
}
