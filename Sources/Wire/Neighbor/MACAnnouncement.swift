// SPDX-License-Identifier: BSD-3-Clause

/// A frame by which a station makes itself known at the place where the frame appears, as a migrated guest does.
///
/// Recognised are
/// * a gratuitous ARP request or reply (RFC 5227 3),
/// * an ARP reply to the broadcast address whatever its target: a reply that answers nobody (Xen's netfront
///   announces itself so, with target 255.255.255.255),
/// * a RARP request (RFC 903), which QEMU and libvirt send for guests whose addresses they do not know,
/// * an IPv6 Neighbor Advertisement without the Solicited flag (RFC 4861 7.2.6) that a receiver would accept
///   (7.1.2: hop limit 255, right checksum).
///
/// The address announced has to be the frame's Ethernet source as well: a proxy that answers for another station
/// does not say where that station is.
@frozen
public struct MACAnnouncement: Sendable {
    /// The station that is now here; always a valid unicast address.
    public let address: MACAddress

    /// Reads `frame`; `nil` when it announces nothing.
    ///
    /// - Cost: for all frames but announcements a few compares.
    @inlinable @_noLocks
    public init?(_ frame: ByteView) {
        guard let ethernet = EthernetHeader(frame), ethernet.source.isValidUnicast,
            let payload = frame.dropFirst(ethernet.headerLength)
        else { return nil }
        let announced: MACAddress?
        switch ethernet.etherType.rawValue {
        case 0x0806, 0x8035:
            announced = Self.address(ofARP: payload, in: ethernet)
        case 0x86DD:
            announced = Self.address(ofAdvertisement: payload, in: ethernet)
        default:
            announced = nil
        }
        guard let announced, announced == ethernet.source else { return nil }
        address = announced
    }

    @inlinable @_noLocks
    static func address(ofARP packet: ByteView, in ethernet: EthernetHeader) -> MACAddress? {
        guard let arp = ARPPacket(packet) else { return nil }
        if ethernet.etherType == .rarp {
            return arp.operation == .reverseRequest ? arp.senderMAC : nil
        }
        guard arp.isGratuitous || (arp.operation == .reply && ethernet.destination.isBroadcast) else { return nil }
        return arp.senderMAC
    }

    @inlinable @_noLocks
    static func address(ofAdvertisement packet: ByteView, in ethernet: EthernetHeader) -> MACAddress? {
        guard let ip = IPv6Header(packet), ip.upperLayer == .icmpv6, ip.hopLimit == 255, !ip.isFragment,
            let advertisement = NeighborAdvertisement(ip.payload), !advertisement.isSolicited,
            InternetChecksum.isValid(
                ip.payload, source: ip.source, destination: ip.destination, protocol: .icmpv6)
        else { return nil }
        // The option may be left out; then the frame itself is what tells the address (RFC 4861 4.4).
        return advertisement.targetLinkLayerAddress ?? ethernet.source
    }
}
