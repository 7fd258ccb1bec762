// SPDX-License-Identifier: BSD-3-Clause

/// An IPv6 Neighbor Solicitation: "who has this address?" (RFC 4861 4.3).
///
/// Holds what the message says by itself. Hop limit, checksum and addresses belong to the packet around it, and RFC
/// 4861 7.1.1 wants them checked too.
@frozen
public struct NeighborSolicitation: Sendable {
    /// The address asked for, never a multicast one.
    public let target: IPv6Address

    /// From the Source Link-Layer Address option.
    public let sourceLinkLayerAddress: MACAddress?

    /// Reads the ICMPv6 message that `message` consists of; `nil` when it is no solicitation, or a malformed one.
    @inlinable @_noLocks
    public init?(_ message: ByteView) {
        guard message.count >= 24, message[0] == 135, message[1] == 0, let rest = message.dropFirst(24),
            let options = NeighborOptions(rest, linkLayerType: 1)
        else { return nil }
        let target = message.ipv6(at: 8)
        guard !target.isMulticast else { return nil }
        self.target = target
        sourceLinkLayerAddress = options.linkLayerAddress
    }

    /// True when the message has the Source Link-Layer Address option, as a probe for duplicates must not.
    @inlinable
    public var hasSourceLinkLayerAddress: Bool {
        @_noLocks get {
            guard case .some = sourceLinkLayerAddress else { return false }
            return true
        }
    }
}
