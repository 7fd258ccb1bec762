// SPDX-License-Identifier: BSD-3-Clause

/// The walk over the extension headers of one IPv6 packet.
@frozen @usableFromInline
struct IPv6ExtensionChain {
    @usableFromInline let upperLayer: IPProtocol
    @usableFromInline let offset: Int
    @usableFromInline let fragment: IPv6Fragment?

    /// Follows the chain that begins with a header of type `first` at byte 40 of `packet`, which has no padding; `nil`
    /// when a header is truncated, is out of place (RFC 8200 4.1), or the chain exceeds
    /// ``IPv6Header/extensionHeaderLimit``.
    @inlinable @_noLocks
    init?(_ packet: ByteView, first: IPProtocol) {
        var type = first
        var offset = 40
        var fragment: IPv6Fragment?
        var followed = 0
        while true {
            let length: Int
            switch type.rawValue {
            case 0, 43, 60:  // Hop-by-Hop Options, Routing, Destination Options
                guard type.rawValue != 0 || followed == 0, packet.count - offset >= 8 else { return nil }
                length = (Int(packet[offset + 1]) + 1) * 8
            case 51:  // Authentication Header counts in 4-byte units, and two fewer (RFC 4302 2.2).
                guard packet.count - offset >= 8 else { return nil }
                length = (Int(packet[offset + 1]) + 2) * 4
            case 44:  // Fragment
                guard fragment == nil, packet.count - offset >= 8 else { return nil }
                let field = packet.u16(at: offset + 2)
                fragment = IPv6Fragment(
                    offset: Int(field & 0xFFF8), hasMoreFragments: field & 1 != 0,
                    identification: packet.u32(at: offset + 4))
                length = 8
            default:
                self.upperLayer = type
                self.offset = offset
                self.fragment = fragment
                return
            }
            followed += 1
            guard followed <= IPv6Header.extensionHeaderLimit, length <= packet.count - offset else { return nil }
            let isFragmentHeader = type.rawValue == 44
            type = IPProtocol(rawValue: packet[offset])
            offset += length
            if isFragmentHeader, let fragment, fragment.offset != 0 {
                // What follows is the middle of a datagram, whatever type the header names.
                self.upperLayer = type
                self.offset = offset
                self.fragment = fragment
                return
            }
        }
    }
}
