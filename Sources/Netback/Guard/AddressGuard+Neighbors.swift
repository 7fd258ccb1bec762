// SPDX-License-Identifier: BSD-3-Clause
import Wire

extension AddressGuard {
    /// Numbers of RFC 4861 section 4, RFC 2710 section 3 and RFC 3810 section 5.
    @_noLocks
    func allows(icmpv6 header: IPv6Header) -> Bool {
        guard let message = ICMPv6Header(header.payload) else { return false }
        switch message.type {
        case 133, 134, 135, 136, 137:
            // Nobody sends these in fragments, and receivers drop them (RFC 6980).
            // Options that lie elsewhere can't be seen; no such message is as long as that.
            return !header.isFragment && !header.isCut && allowsNeighborDiscovery(header, type: message.type)
        case 131, 132, 143:
            // Reports of multicast listeners begin before there is an address (RFC 3590, RFC 3810 5.2.13).
            return header.source.isUnspecified || addresses.contains(header.source)
        default:
            return addresses.contains(header.source)
        }
    }

    @_noLocks
    private func allowsNeighborDiscovery(_ header: IPv6Header, type: UInt8) -> Bool {
        let message = header.payload
        let isOwn = addresses.contains(header.source)
        switch type {
        case 133:
            // A router solicitation; without an address yet, and then without a link-layer one (RFC 4861 4.1).
            guard let options = message.dropFirst(8) else { return false }
            return isOwn
                ? options.linkLayerOptions(ofType: 1, allName: mac)
                : header.source.isUnspecified && !options.hasLinkLayerOption(ofType: 1)
        case 135:
            guard let solicitation = NeighborSolicitation(message), let options = message.dropFirst(24) else { return false }
            if isOwn { return options.linkLayerOptions(ofType: 1, allName: mac) }
            // Duplicate address detection (RFC 4862 5.4.2): for another's address it would keep that one from using it.
            return header.source.isUnspecified && addresses.contains(solicitation.target)
                && header.destination == solicitation.target.solicitedNode && !solicitation.hasSourceLinkLayerAddress
        case 136:
            guard let advertisement = NeighborAdvertisement(message), let options = message.dropFirst(24) else { return false }
            return isOwn && addresses.contains(advertisement.target) && options.linkLayerOptions(ofType: 2, allName: mac)
        default:
            // Router advertisements and redirects are a router's.
            return false
        }
    }
}
