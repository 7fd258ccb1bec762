// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct NeighborResponderTests {
    private func answer(_ frame: [UInt8], capacity: Int = 128) -> [UInt8]? {
        withExactBytes(frame, capacity: max(capacity, frame.count)) { buffer in
            let length = NeighborResponder.advertisement(
                in: buffer, length: frame.count, mac: Frames.ourMAC, address: Frames.ourIPv6)
            guard let length else {
                #expect(Array(buffer.view.bytes.prefix(frame.count)) == frame, "a refused frame was changed")
                return nil
            }
            return buffer.view.prefix(length)?.bytes
        }
    }

    /// What the answer has to be, put together by hand.
    private func expected(to destination: IPv6Address, at mac: MACAddress, flags: UInt8) -> [UInt8] {
        let message = Frames.advertisement(
            flags: flags, target: Frames.ourIPv6, options: [2, 1] + Frames.octets(Frames.ourMAC))
        let summed = Frames.icmpv6(message, from: Frames.ourIPv6, to: destination)
        return Frames.ethernet(
            to: mac, from: Frames.ourMAC, type: 0x86DD,
            Frames.ipv6(from: Frames.ourIPv6, to: destination, next: 58, summed))
    }

    @Test func solicitationIsAnswered() {
        #expect(
            answer(Frames.neighborSolicitation()) == expected(to: Frames.peerIPv6, at: Frames.peerMAC, flags: 0x60))
    }

    @Test func answerGrowsIntoTheCapacityOrIsRefused() {
        let frame = Frames.neighborSolicitation(options: [])
        #expect(frame.count == 78)
        #expect(answer(frame, capacity: 86) == expected(to: Frames.peerIPv6, at: Frames.peerMAC, flags: 0x60))
        #expect(answer(frame, capacity: 85) == nil)
    }

    @Test func answerIsShorterThanASolicitationWithMoreOptions() {
        let nonce: [UInt8] = [14, 2] + [UInt8](repeating: 7, count: 14)
        let frame = Frames.neighborSolicitation(options: [1, 1] + Frames.octets(Frames.peerMAC) + nonce)
        #expect(answer(frame)?.count == 86)
    }

    @Test func probeForDuplicatesIsAnsweredToAllNodes() {
        let frame = Frames.neighborSolicitation(from: .unspecified, options: [])
        #expect(answer(frame) == expected(to: .allNodes, at: IPv6Address.allNodes.multicastMAC, flags: 0x20))
        #expect(answer(Frames.neighborSolicitation(from: .unspecified)) == nil, "a probe may not name its sender")
    }

    @Test func answerIsAnAdvertisementThatOurOwnReaderAccepts() throws {
        let reply = try #require(answer(Frames.neighborSolicitation(from: .unspecified, options: [])))
        try withView(reply) {
            let ethernet = try #require(EthernetHeader($0))
            let ip = try #require($0.dropFirst(ethernet.headerLength).flatMap(IPv6Header.init))
            let advertisement = try #require(NeighborAdvertisement(ip.payload))
            #expect(ip.hopLimit == 255 && ethernet.source == Frames.ourMAC)
            #expect(advertisement.targetLinkLayerAddress == Frames.ourMAC && !advertisement.isSolicited)
            #expect(
                InternetChecksum.isValid(ip.payload, source: ip.source, destination: ip.destination, protocol: .icmpv6))
        }
    }

    @Test func invalidSolicitationsAreRefused() {
        #expect(answer(Frames.neighborSolicitation(hopLimit: 254)) == nil)
        #expect(answer(Array(Frames.neighborSolicitation().dropLast())) == nil)
        #expect(answer(Frames.neighborSolicitation(from: .allNodes)) == nil)
        #expect(answer(Frames.neighborSolicitation(from: Frames.ourIPv6)) == nil)
        #expect(answer(Frames.neighborSolicitation(options: [1, 0] + Frames.octets(Frames.peerMAC))) == nil)
        #expect(answer(Frames.neighborSolicitation(options: [1, 1] + Frames.octets(.broadcast))) == nil)
        #expect(answer(Frames.neighborSolicitation(options: [1, 1] + Frames.octets(Frames.ourMAC))) == nil)
        #expect(answer(Frames.neighborAdvertisement()) == nil)
        var damaged = Frames.neighborSolicitation()
        damaged[damaged.count - 1] ^= 1
        #expect(answer(damaged) == nil, "checksum")

        let other = IPv6Address(high: Frames.ourIPv6.high, low: Frames.ourIPv6.low ^ 1 << 40)
        #expect(other.solicitedNode == Frames.ourIPv6.solicitedNode)
        let message = Frames.icmpv6(
            Frames.solicitation(target: other, options: []), from: Frames.peerIPv6, to: other.solicitedNode)
        let forOther = Frames.ethernet(
            to: other.solicitedNode.multicastMAC, type: 0x86DD,
            Frames.ipv6(to: other.solicitedNode, next: 58, message))
        #expect(answer(forOther) == nil, "another target in the same solicited-node group")
    }

    @Test func solicitationToAnotherIPDestinationIsRefused() {
        /// A solicitation for our address in a frame to our MAC, with any IP addresses.
        func frame(from source: IPv6Address, to destination: IPv6Address) -> [UInt8] {
            let message = Frames.icmpv6(
                Frames.solicitation(target: Frames.ourIPv6, options: []), from: source, to: destination)
            return Frames.ethernet(type: 0x86DD, Frames.ipv6(from: source, to: destination, next: 58, message))
        }
        #expect(answer(frame(from: Frames.peerIPv6, to: Frames.ourIPv6)) != nil)
        #expect(answer(frame(from: Frames.peerIPv6, to: .allNodes)) == nil)
        #expect(answer(frame(from: .unspecified, to: Frames.ourIPv6.solicitedNode)) != nil)
        #expect(answer(frame(from: .unspecified, to: Frames.ourIPv6)) == nil, "a probe goes to the group (7.1.1)")
    }

    @Test func lengthBeyondTheBufferIsRefused() {
        withExactBytes(Frames.neighborSolicitation()) { buffer in
            for length in [buffer.count + 1, -1, Int.max] {
                let answer = NeighborResponder.advertisement(
                    in: buffer, length: length, mac: Frames.ourMAC, address: Frames.ourIPv6)
                #expect(answer == nil)
            }
        }
    }
}
