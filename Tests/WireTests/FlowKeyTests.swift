// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct FlowKeyTests {
    private func key(_ frame: [UInt8]) -> FlowKey? {
        withView(frame) { FlowKey($0) }
    }

    private func ports(_ frame: [UInt8]) throws -> FlowKey.Ports? {
        try #require(key(frame)).ports
    }

    @Test func fiveTupleIsReadInBothVersions() throws {
        let v4 = try #require(key(Frames.udpOverIPv4(from: 5000, to: 7, [1])))
        #expect(v4.destinationMAC == Frames.ourMAC && v4.vlanID == nil && v4.protocolNumber == .udp)
        #expect(v4.addresses == .v4(source: Frames.peerIPv4, destination: Frames.ourIPv4))
        #expect(v4.ports == FlowKey.Ports(source: 5000, destination: 7))

        let v6 = try #require(key(Frames.udpOverIPv6(from: 5000, to: 7, tags: [(0x8100, 0x2005)], [1])))
        #expect(v6.vlanID == 5 && v6.addresses == .v6(source: Frames.peerIPv6, destination: Frames.ourIPv6))
        #expect(v6.ports == FlowKey.Ports(source: 5000, destination: 7))

        let tcp = try #require(key(Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 6, Frames.tcp()))))
        #expect(tcp.protocolNumber == .tcp && tcp.ports == FlowKey.Ports(source: 8080, destination: 50000))
    }

    @Test func protocolsWithoutPortsHaveNone() throws {
        #expect(try ports(Frames.icmpEchoRequest()) == nil)
        #expect(try ports(Frames.icmpv6EchoRequest()) == nil)
        #expect(try ports(Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 47, []))) == nil)
    }

    @Test func firstFragmentHasPortsAndLaterOnesNone() throws {
        // The UDP length of a first fragment exceeds the fragment.
        let datagram: [UInt8] = [0x13, 0x88, 0, 7, 0x20, 0, 0, 0] + [UInt8](repeating: 0, count: 8)
        let first = Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 17, fragment: 0x2000, datagram))
        #expect(try ports(first) == FlowKey.Ports(source: 5000, destination: 7))
        let later = Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 17, fragment: 0x0002, datagram))
        #expect(try ports(later) == nil)
        let whole = Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 17, datagram))
        #expect(key(whole) == nil)

        let first6 = Frames.ethernet(type: 0x86DD, Frames.ipv6(next: 44, [17, 0, 0, 1, 0, 0, 0, 9] + datagram))
        #expect(try ports(first6) == FlowKey.Ports(source: 5000, destination: 7))
        let later6 = Frames.ethernet(type: 0x86DD, Frames.ipv6(next: 44, [17, 0, 0, 8, 0, 0, 0, 9] + datagram))
        #expect(try ports(later6) == nil)
        let tiny = Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 17, fragment: 0x2000, Array(datagram.prefix(7))))
        #expect(key(tiny) == nil)
    }

    @Test func everyTruncationOfAFrameIsMalformed() {
        for frame in [
            Frames.udpOverIPv4([1]), Frames.udpOverIPv6([1]),
            Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 6, Frames.tcp())),
        ] {
            for length in 0..<frame.count { #expect(key(Array(frame.prefix(length))) == nil, "\(length)") }
            #expect(key(frame + [0, 0, 0]) == key(frame))
        }
    }

    @Test func truncatedTCPIsMalformed() {
        for length in 0..<20 {
            let segment = Array(Frames.tcp().prefix(length))
            #expect(key(Frames.ethernet(type: 0x0800, Frames.ipv4(protocol: 6, segment))) == nil, "\(length)")
        }
    }

    @Test func otherEtherTypesHaveNoKey() {
        #expect(key(Frames.arpRequest()) == nil)
        #expect(key(Frames.ethernet(type: 0x88B5, [UInt8](repeating: 0, count: 64))) == nil)
    }

    @Test func everyFieldMakesADifferentKeyAndDigest() {
        let v4 = IPAddressPair.v4(source: Frames.peerIPv4, destination: Frames.ourIPv4)
        let swapped = IPAddressPair.v4(source: Frames.ourIPv4, destination: Frames.peerIPv4)
        let v6 = IPAddressPair.v6(source: Frames.peerIPv6, destination: Frames.ourIPv6)
        let swapped6 = IPAddressPair.v6(source: Frames.ourIPv6, destination: Frames.peerIPv6)
        let ports = FlowKey.Ports(source: 1, destination: 2)
        func key(
            mac: MACAddress = Frames.ourMAC, vlan: UInt16? = nil, _ pair: IPAddressPair, number: IPProtocol = .udp,
            _ ports: FlowKey.Ports?
        ) -> FlowKey {
            FlowKey(destinationMAC: mac, vlanID: vlan, addresses: pair, protocolNumber: number, ports: ports)
        }
        let keys = [
            key(v4, ports), key(mac: Frames.peerMAC, v4, ports), key(vlan: 0, v4, ports), key(vlan: 1, v4, ports),
            key(swapped, ports), key(v6, ports), key(swapped6, ports), key(v4, number: .tcp, ports), key(v4, nil),
            key(v4, FlowKey.Ports(source: 0, destination: 0)), key(v4, FlowKey.Ports(source: 2, destination: 1)),
        ]
        for (index, left) in keys.enumerated() {
            for right in keys[..<index] { #expect(left != right && !(left == right)) }
        }
        #expect(Set(keys).count == keys.count)
        #expect(Set(keys.map { $0.digest(seed: 1) }).count == keys.count)
        #expect(keys[0] == key(v4, ports) && keys[0].digest(seed: 1) == key(v4, ports).digest(seed: 1))
        #expect(keys[0] != keys[1] && keys[0].digest(seed: 1) != keys[0].digest(seed: 2))
    }
}
