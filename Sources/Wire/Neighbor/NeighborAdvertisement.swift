// SPDX-License-Identifier: BSD-3-Clause

/// An IPv6 Neighbor Advertisement: "this address is at that MAC address" (RFC 4861 4.4).
///
/// Holds what the message says by itself. Hop limit, checksum and addresses belong to the packet around it, and RFC
/// 4861 7.1.2 wants them checked too.
@frozen
public struct NeighborAdvertisement: Sendable {
    /// The address advertised, never a multicast one.
    public let target: IPv6Address

    /// R: the sender is a router.
    public let isRouter: Bool

    /// S: this answers a solicitation. An advertisement without it was sent because something changed.
    public let isSolicited: Bool

    /// O: this replaces what receivers have cached.
    public let overrides: Bool

    /// From the Target Link-Layer Address option.
    public let targetLinkLayerAddress: MACAddress?

    /// Reads the ICMPv6 message that `message` consists of; `nil` when it is no advertisement, or a malformed one.
    @inlinable @_noLocks
    public init?(_ message: ByteView) {
        guard message.count >= 24, message[0] == 136, message[1] == 0, let rest = message.dropFirst(24),
            let options = NeighborOptions(rest, linkLayerType: 2)
        else { return nil }
        let target = message.ipv6(at: 8)
        guard !target.isMulticast else { return nil }
        let flags = message[4]
        self.target = target
        isRouter = flags & 0x80 != 0
        isSolicited = flags & 0x40 != 0
        overrides = flags & 0x20 != 0
        targetLinkLayerAddress = options.linkLayerAddress
    }
}
