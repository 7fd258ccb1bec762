// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct MACAnnouncementTests {
    private func announced(_ frame: [UInt8]) -> MACAddress? {
        withView(frame) { MACAnnouncement($0)?.address }
    }

    private func arp(
        operation: UInt16, senderMAC: MACAddress = Frames.peerMAC, sender: IPv4Address, target: IPv4Address,
        to destination: MACAddress, type: UInt16 = 0x0806
    ) -> [UInt8] {
        Frames.ethernet(
            to: destination, type: type,
            Frames.arp(operation: operation, senderMAC: senderMAC, sender: sender, targetMAC: .zero, target: target))
    }

    @Test func gratuitousARPRequestAndReplyAnnounce() {
        #expect(announced(Frames.gratuitousARP(operation: 1)) == Frames.peerMAC)
        #expect(announced(Frames.gratuitousARP(operation: 2)) == Frames.peerMAC)
    }

    @Test func replyToEverybodyAnnounces() {
        let frame = arp(operation: 2, sender: Frames.peerIPv4, target: .limitedBroadcast, to: .broadcast)
        #expect(announced(frame) == Frames.peerMAC)
    }

    @Test func reverseRequestAnnouncesAlsoWithPaddingAndTags() throws {
        // The form of frame that QEMU sends after a migration, padded to 60 bytes.
        let padded: [UInt8] =
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0x80, 0x35]
            + [0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x03, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0, 0, 0, 0]
            + [0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 18)
        #expect(padded.count == 60)
        #expect(announced(padded) == MACAddress("52:54:00:12:34:56"))
        let tagged = Array(padded[..<12]) + [0x81, 0x00, 0x00, 0x05] + Array(padded[12...])
        #expect(announced(tagged) == MACAddress("52:54:00:12:34:56"))
    }

    @Test func unsolicitedAdvertisementAnnounces() {
        #expect(announced(Frames.neighborAdvertisement()) == Frames.peerMAC)
        #expect(announced(Frames.neighborAdvertisement(options: [])) == Frames.peerMAC)
        #expect(announced(Frames.neighborAdvertisement(flags: 0)) == Frames.peerMAC)
    }

    @Test func advertisementThatAReceiverWouldRefuseDoesNotAnnounce() {
        #expect(announced(Frames.neighborAdvertisement(flags: 0x60)) == nil, "solicited")
        #expect(announced(Frames.neighborAdvertisement(hopLimit: 254)) == nil, "came through a router")
        var damaged = Frames.neighborAdvertisement()
        damaged[14 + 40 + 20] ^= 1
        #expect(announced(damaged) == nil, "checksum")
        let zeroLength = Frames.neighborAdvertisement(options: [2, 0] + Frames.octets(Frames.peerMAC))
        #expect(announced(zeroLength) == nil, "option")
    }

    @Test func ordinaryNeighborTrafficDoesNotAnnounce() {
        #expect(announced(Frames.arpRequest()) == nil)
        #expect(announced(Frames.arpRequest(sender: .unspecified)) == nil, "an address probe asks")
        #expect(announced(Frames.arpRequest(sender: .unspecified, target: .unspecified)) == nil)
        let answer = arp(operation: 2, sender: Frames.peerIPv4, target: Frames.ourIPv4, to: Frames.ourMAC)
        #expect(announced(answer) == nil)
        let reverseReply = arp(
            operation: 4, sender: Frames.peerIPv4, target: Frames.ourIPv4, to: Frames.ourMAC, type: 0x8035)
        #expect(announced(reverseReply) == nil)
        #expect(announced(Frames.neighborSolicitation()) == nil)
        #expect(announced(Frames.udpOverIPv4([1])) == nil && announced(Frames.icmpv6EchoRequest()) == nil)
    }

    @Test func addressOfAnotherStationIsNotAnnounced() {
        let proxy = arp(
            operation: 1, senderMAC: Frames.ourMAC, sender: Frames.peerIPv4, target: Frames.peerIPv4, to: .broadcast)
        #expect(announced(proxy) == nil)
        let proxyAdvertisement = Frames.neighborAdvertisement(options: [2, 1] + Frames.octets(Frames.ourMAC))
        #expect(announced(proxyAdvertisement) == nil)
    }

    @Test func groupAddressIsNeverAnnounced() {
        for address in [MACAddress.broadcast, .zero, MACAddress(rawValue: 0x0100_5E00_0001)] {
            let packet = Frames.arp(
                operation: 1, senderMAC: address, sender: Frames.peerIPv4, targetMAC: .zero, target: Frames.peerIPv4)
            #expect(announced(Frames.ethernet(to: .broadcast, from: address, type: 0x0806, packet)) == nil)
        }
    }

    @Test func truncatedAnnouncementsAreNotRead() {
        for frame in [Frames.gratuitousARP(operation: 1), Frames.reverseARPRequest(), Frames.neighborAdvertisement()] {
            for length in 0..<frame.count {
                #expect(announced(Array(frame.prefix(length))) == nil, "\(length)")
            }
        }
    }
}
