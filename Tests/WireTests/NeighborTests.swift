// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct NeighborTests {
    @Test func arpFieldsAreReadAndTwentySevenBytesAreTooFew() throws {
        let packet = Frames.arp(
            operation: 2, senderMAC: Frames.peerMAC, sender: Frames.peerIPv4, targetMAC: Frames.ourMAC,
            target: Frames.ourIPv4)
        #expect(packet.count == ARPPacket.length)
        try withView(packet) {
            let arp = try #require(ARPPacket($0))
            #expect(arp.operation == .reply && arp.operation != .request && !arp.isGratuitous)
            #expect(arp.senderMAC == Frames.peerMAC && arp.senderAddress == Frames.peerIPv4)
            #expect(arp.targetMAC == Frames.ourMAC && arp.targetAddress == Frames.ourIPv4)
        }
        withView(Array(packet.prefix(27))) { #expect(ARPPacket($0) == nil) }
    }

    @Test(arguments: 0..<6)
    func arpOfOtherKindsIsRefused(_ offset: Int) {
        var packet = Frames.arp(
            operation: 1, senderMAC: Frames.peerMAC, sender: Frames.peerIPv4, targetMAC: .zero, target: Frames.ourIPv4)
        packet[offset] ^= 2
        withView(packet) { #expect(ARPPacket($0) == nil) }
    }

    @Test func solicitationIsRead() throws {
        let message = Frames.solicitation(target: Frames.ourIPv6, options: [1, 1] + Frames.octets(Frames.peerMAC))
        try withView(message) {
            let solicitation = try #require(NeighborSolicitation($0))
            #expect(solicitation.target == Frames.ourIPv6 && solicitation.hasSourceLinkLayerAddress)
            #expect(solicitation.sourceLinkLayerAddress == Frames.peerMAC)
        }
        withView(Array(message.prefix(24))) {
            #expect(NeighborSolicitation($0)?.hasSourceLinkLayerAddress == false)
        }
        for length in Array(0..<24) + Array(25..<32) {
            withView(Array(message.prefix(length))) { #expect(NeighborSolicitation($0) == nil, "\(length)") }
        }
        withView(message) { #expect(NeighborAdvertisement($0) == nil) }
        withView([135, 1] + message.dropFirst(2)) { #expect(NeighborSolicitation($0) == nil) }
    }

    @Test func advertisementFlagsAreRead() throws {
        for (flags, router, solicited, overrides) in [
            (UInt8(0x80), true, false, false), (0x40, false, true, false), (0x20, false, false, true),
        ] {
            try withView(Frames.advertisement(flags: flags, target: Frames.ourIPv6, options: [])) {
                let advertisement = try #require(NeighborAdvertisement($0))
                #expect(advertisement.isRouter == router && advertisement.isSolicited == solicited)
                #expect(advertisement.overrides == overrides && advertisement.targetLinkLayerAddress == nil)
            }
        }
    }

    @Test func optionOfLengthZeroIsMalformed() {
        let options: [UInt8] = [14, 0, 0, 0, 0, 0, 0, 0] + [2, 1] + Frames.octets(Frames.peerMAC)
        withView(Frames.advertisement(flags: 0, target: Frames.ourIPv6, options: options)) {
            #expect(NeighborAdvertisement($0) == nil)
        }
        withView(Frames.solicitation(target: Frames.ourIPv6, options: [1, 0, 0, 0, 0, 0, 0, 0])) {
            #expect(NeighborSolicitation($0) == nil)
        }
    }

    @Test func unknownOptionsAreSkippedAndTheFirstAddressCounts() {
        let nonce: [UInt8] = [14, 2] + [UInt8](repeating: 7, count: 14)
        let options = nonce + [2, 1] + Frames.octets(Frames.peerMAC) + [2, 1] + Frames.octets(Frames.ourMAC)
        withView(Frames.advertisement(flags: 0, target: Frames.ourIPv6, options: options)) {
            #expect(NeighborAdvertisement($0)?.targetLinkLayerAddress == Frames.peerMAC)
        }
    }

    @Test func optionBeyondTheMessageIsMalformed() {
        for options: [UInt8] in [[14, 2, 0, 0, 0, 0, 0, 0], [2, 1, 0, 0, 0, 0, 0], [2], [2, 255, 0, 0, 0, 0, 0, 0]] {
            withView(Frames.advertisement(flags: 0, target: Frames.ourIPv6, options: options)) {
                #expect(NeighborAdvertisement($0) == nil, "\(options)")
            }
        }
    }

    @Test func linkLayerAddressOfAnotherLengthIsMalformed() {
        withView(
            Frames.advertisement(flags: 0, target: Frames.ourIPv6, options: [2, 2] + [UInt8](repeating: 1, count: 14))
        ) {
            #expect(NeighborAdvertisement($0) == nil)
        }
    }

    @Test func multicastTargetIsMalformed() {
        withView(Frames.advertisement(flags: 0, target: .allNodes, options: [])) {
            #expect(NeighborAdvertisement($0) == nil)
        }
        withView(Frames.solicitation(target: .allNodes, options: [])) { #expect(NeighborSolicitation($0) == nil) }
    }
}
