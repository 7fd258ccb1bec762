// SPDX-License-Identifier: BSD-3-Clause

/// Answers IPv6 Neighbor Solicitations in place.
public enum NeighborResponder {
    /// Turns the solicitation in the first `length` bytes of `buffer` into the advertisement that `address` is at
    /// `mac`, and gives the advertisement's length.
    ///
    /// That may exceed `length` by eight bytes, as the answer always names the MAC address, so `buffer` is the whole
    /// room there is for the frame. `nil`, with the frame untouched, when it is no solicitation for `address` that RFC
    /// 4861 7.1.1 lets us accept, or the answer does not fit.
    ///
    /// A probe by a host that has no address yet is answered to all nodes (RFC 4861 7.2.4).
    @inlinable @_noLocks
    public static func advertisement(
        in buffer: MutableByteView, length: Int, mac: MACAddress, address: IPv6Address
    ) -> Int? {
        guard let frame = buffer.prefix(length), let ethernet = EthernetHeader(frame.view),
            ethernet.etherType == .ipv6, ethernet.source.isValidUnicast, ethernet.source != mac,
            ethernet.destination == mac || ethernet.destination == address.solicitedNode.multicastMAC,
            let packet = frame.view.dropFirst(ethernet.headerLength), let ip = IPv6Header(packet),
            let answer = NeighborAnswer(to: ip, from: ethernet, address: address), answer.destinationMAC != mac
        else { return nil }
        let start = ethernet.headerLength
        let messageLength = 32
        let newLength = start + 40 + messageLength
        guard newLength <= buffer.count else { return nil }

        buffer.setEthernetAddresses(source: mac, destination: answer.destinationMAC)
        buffer.set(u32: 6 << 28, at: start)
        buffer.set(u16: UInt16(messageLength), at: start + 4)
        buffer.set(u8: IPProtocol.icmpv6.rawValue, at: start + 6)
        buffer.set(u8: 255, at: start + 7)
        buffer.set(ipv6: address, at: start + 8)
        buffer.set(ipv6: answer.destination, at: start + 24)

        let message = start + 40
        buffer.set(u32: 136 << 24, at: message)
        buffer.set(u32: answer.flags, at: message + 4)
        buffer.set(ipv6: address, at: message + 8)
        buffer.set(u16: 2 << 8 | 1, at: message + 24)
        buffer.set(mac: mac, at: message + 26)
        guard let written = buffer.view.slice(from: message, count: messageLength) else { return nil }
        var sum = InternetChecksum()
        sum.addPseudoHeader(
            source: address, destination: answer.destination, protocol: .icmpv6, length: messageLength)
        sum.add(written)
        buffer.set(u16: sum.checksum, at: message + 2)
        return newLength
    }
}

/// To whom a solicitation is answered, and how.
@frozen @usableFromInline
struct NeighborAnswer {
    @usableFromInline let destinationMAC: MACAddress
    @usableFromInline let destination: IPv6Address

    /// The word with the flags R, S, O of the advertisement.
    @usableFromInline let flags: UInt32

    /// `nil` unless `ip` is a solicitation for `address` that RFC 4861 7.1.1 declares valid.
    @inlinable @_noLocks
    init?(to ip: IPv6Header, from ethernet: EthernetHeader, address: IPv6Address) {
        let override: UInt32 = 0x2000_0000
        let solicited: UInt32 = 0x4000_0000
        guard ip.upperLayerOffset == 40, ip.upperLayer == .icmpv6, ip.hopLimit == 255,
            ip.destination == address || ip.destination == address.solicitedNode,
            let solicitation = NeighborSolicitation(ip.payload), solicitation.target == address,
            InternetChecksum.isValid(
                ip.payload, source: ip.source, destination: ip.destination, protocol: .icmpv6)
        else { return nil }
        if ip.source.isUnspecified {
            guard ip.destination == address.solicitedNode, !solicitation.hasSourceLinkLayerAddress else {
                return nil
            }
            destinationMAC = IPv6Address.allNodes.multicastMAC
            destination = .allNodes
            flags = override
        } else {
            let neighbor = solicitation.sourceLinkLayerAddress ?? ethernet.source
            guard ip.source.isValidUnicast, ip.source != address, neighbor.isValidUnicast else { return nil }
            destinationMAC = neighbor
            destination = ip.source
            flags = override | solicited
        }
    }
}
