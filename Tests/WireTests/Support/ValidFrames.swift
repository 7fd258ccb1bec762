// SPDX-License-Identifier: BSD-3-Clause

import Wire

extension Frames {
    static func icmpEchoRequest(_ payload: [UInt8] = Array(0..<48), tags: [(UInt16, UInt16)] = []) -> [UInt8] {
        ethernet(tags: tags, type: 0x0800, ipv4(protocol: 1, icmpEcho(payload)))
    }

    static func icmpv6EchoRequest(_ payload: [UInt8] = Array(0..<48), tags: [(UInt16, UInt16)] = []) -> [UInt8] {
        ethernet(tags: tags, type: 0x86DD, ipv6(next: 58, icmpv6([128, 0, 0, 0, 0xBE, 0xEF, 0, 7] + payload)))
    }

    static func udpOverIPv4(
        from source: UInt16 = 5000, to destination: UInt16 = 7, tags: [(UInt16, UInt16)] = [], _ payload: [UInt8]
    ) -> [UInt8] {
        let pseudo = pseudoHeader(peerIPv4, ourIPv4, 17, 8 + payload.count)
        let datagram = udp(from: source, to: destination, pseudo: pseudo, payload)
        return ethernet(tags: tags, type: 0x0800, ipv4(protocol: 17, datagram))
    }

    static func udpOverIPv6(
        from source: UInt16 = 5000, to destination: UInt16 = 7, tags: [(UInt16, UInt16)] = [], _ payload: [UInt8]
    ) -> [UInt8] {
        let pseudo = pseudoHeader(peerIPv6, ourIPv6, 17, 8 + payload.count)
        let datagram = udp(from: source, to: destination, pseudo: pseudo, payload)
        return ethernet(tags: tags, type: 0x86DD, ipv6(next: 17, datagram))
    }

    static func arpRequest(
        sender: IPv4Address = peerIPv4, target: IPv4Address = ourIPv4, to destination: MACAddress = .broadcast
    ) -> [UInt8] {
        let packet = arp(operation: 1, senderMAC: peerMAC, sender: sender, targetMAC: .zero, target: target)
        return ethernet(to: destination, type: 0x0806, packet)
    }

    static func neighborSolicitation(
        from source: IPv6Address = peerIPv6, options: [UInt8] = [1, 1] + octets(peerMAC), hopLimit: UInt8 = 255
    ) -> [UInt8] {
        let destination = ourIPv6.solicitedNode
        let message = icmpv6(solicitation(target: ourIPv6, options: options), from: source, to: destination)
        return ethernet(
            to: destination.multicastMAC, type: 0x86DD,
            ipv6(from: source, to: destination, next: 58, hopLimit: hopLimit, message))
    }

    static func neighborAdvertisement(
        flags: UInt8 = 0x20, options: [UInt8] = [2, 1] + octets(peerMAC), hopLimit: UInt8 = 255
    ) -> [UInt8] {
        let message = icmpv6(
            advertisement(flags: flags, target: peerIPv6, options: options), from: peerIPv6, to: .allNodes)
        return ethernet(
            to: IPv6Address.allNodes.multicastMAC, type: 0x86DD,
            ipv6(from: peerIPv6, to: .allNodes, next: 58, hopLimit: hopLimit, message))
    }

    static func gratuitousARP(operation: UInt16) -> [UInt8] {
        let packet = arp(
            operation: operation, senderMAC: peerMAC, sender: peerIPv4, targetMAC: .broadcast, target: peerIPv4)
        return ethernet(to: .broadcast, type: 0x0806, packet)
    }

    static func reverseARPRequest() -> [UInt8] {
        let packet = arp(
            operation: 3, senderMAC: peerMAC, sender: .unspecified, targetMAC: peerMAC, target: .unspecified)
        return ethernet(to: .broadcast, type: 0x8035, packet)
    }

    /// At least one frame that every parser, every responder and the announcement reader accepts.
    static var valid: [[UInt8]] {
        let inVLAN: [(UInt16, UInt16)] = [(0x8100, 0x2005)]
        let inTwo: [(UInt16, UInt16)] = [(0x88A8, 100), (0x8100, 200)]
        let fragment6: [UInt8] = [17, 0, 0, 1, 0, 0, 0, 9]
        let ahead: [UInt8] = [60, 0, 1, 4, 0, 0, 0, 0] + [44, 0, 1, 4, 0, 0, 0, 0]
        return [
            arpRequest(), arpRequest(sender: .unspecified), arpRequest() + [UInt8](repeating: 0, count: 18),
            gratuitousARP(operation: 1), gratuitousARP(operation: 2), reverseARPRequest(),
            icmpEchoRequest(), icmpEchoRequest(Array(0..<33), tags: inVLAN), icmpv6EchoRequest(),
            icmpv6EchoRequest([1], tags: inTwo),
            udpOverIPv4([1, 2, 3]), udpOverIPv4(tags: inTwo, []), udpOverIPv6([1, 2, 3]),
            udpOverIPv6(tags: inVLAN, [9]),
            ethernet(type: 0x0800, ipv4(protocol: 6, tcp(offset: 6, options: [2, 4, 5, 0xB4], [1, 2]))),
            ethernet(type: 0x86DD, ipv6(next: 6, tcp([1, 2, 3]))),
            ethernet(type: 0x0800, ipv4(protocol: 17, fragment: 0x2000, udp(pseudo: [], Array(0..<16)))),
            ethernet(type: 0x0800, ipv4(protocol: 17, fragment: 0x0003, Array(0..<16))),
            ethernet(type: 0x0800, ipv4(protocol: 1, options: [UInt8](repeating: 1, count: 40), icmpEcho([1]))),
            ethernet(type: 0x86DD, ipv6(next: 0, ahead + fragment6 + udp(pseudo: [], Array(0..<16)))),
            ethernet(type: 0x86DD, ipv6(next: 51, [17, 2] + [UInt8](repeating: 0, count: 14) + udp(pseudo: [], []))),
            neighborSolicitation(), neighborSolicitation(from: .unspecified, options: []),
            neighborAdvertisement(), neighborAdvertisement(flags: 0xA0, options: []),
        ]
    }
}
