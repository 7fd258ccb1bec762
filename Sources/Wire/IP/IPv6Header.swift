// SPDX-License-Identifier: BSD-3-Clause

/// What an IPv6 Fragment header says (RFC 8200 4.5).
@frozen
public struct IPv6Fragment: Sendable {
    /// Where this fragment belongs in the fragmentable part, in bytes.
    public let offset: Int
    public let hasMoreFragments: Bool
    public let identification: UInt32

    @inlinable @_noLocks
    init(offset: Int, hasMoreFragments: Bool, identification: UInt32) {
        self.offset = offset
        self.hasMoreFragments = hasMoreFragments
        self.identification = identification
    }
}

/// The IPv6 header of a packet and the outcome of the walk over its extension headers (RFC 8200 3, 4).
///
/// Exists only when version and payload length agree with the bytes there are, and the chain of extension headers ends
/// within them. Jumbograms are refused.
@frozen
public struct IPv6Header {
    /// The longest chain of extension headers that is followed. RFC 8200 4.1 lists six; a sender who wants more
    /// is after our time.
    @inlinable
    public static var extensionHeaderLimit: Int {
        @_noLocks get { 8 }
    }

    /// Differentiated services and congestion bits, as one octet.
    public let trafficClass: UInt8

    /// 20 bits.
    public let flowLabel: UInt32

    /// Bytes after the 40 of this header, extension headers included. What is beyond is Ethernet padding.
    public let payloadLength: Int
    public let hopLimit: UInt8
    public let source: IPv6Address
    public let destination: IPv6Address

    /// The first header's type, which may be that of an extension header.
    public let nextHeader: IPProtocol

    /// The protocol after all extension headers that were followed. In a fragment other than the first: the type of the
    /// fragmented part's first header, which is not in this packet.
    public let upperLayer: IPProtocol

    /// Where the upper layer begins, counted from the start of this header; 40 without extension headers.
    public let upperLayerOffset: Int

    /// The Fragment header, when there is one.
    public let fragment: IPv6Fragment?

    /// What follows the extension headers, up to the payload length: no padding. Valid as long as the packet's memory.
    public let payload: ByteView

    /// Reads the packet at the start of `packet`, which may be followed by padding; `nil` when it is malformed.
    @inlinable @_noLocks
    public init?(_ packet: ByteView) { self.init(packet, elsewhere: 0) }

    /// Reads the packet that begins with `packet` and whose next `elsewhere` bytes lie in other memory: ``payload`` ends with `packet`
    /// (``isCut``). `nil` when it is malformed, or its headers not all in `packet`.
    @inlinable @_noLocks
    public init?(_ packet: ByteView, elsewhere: Int) {
        guard packet.count >= 40 else { return nil }
        let firstWord = packet.u32(at: 0)
        let payloadLength = Int(packet.u16(at: 4))
        let length = 40 + payloadLength
        guard firstWord >> 28 == 6, length <= packet.count + elsewhere,
            let whole = packet.prefix(length < packet.count ? length : packet.count)
        else { return nil }
        let nextHeader = IPProtocol(rawValue: packet[6])
        guard let chain = IPv6ExtensionChain(whole, first: nextHeader),
            let payload = whole.dropFirst(chain.offset)
        else { return nil }

        self.payloadLength = payloadLength
        self.nextHeader = nextHeader
        self.payload = payload
        trafficClass = UInt8(truncatingIfNeeded: firstWord >> 20)
        flowLabel = firstWord & 0xF_FFFF
        hopLimit = packet[7]
        source = packet.ipv6(at: 8)
        destination = packet.ipv6(at: 24)
        upperLayer = chain.upperLayer
        upperLayerOffset = chain.offset
        fragment = chain.fragment
    }

    /// Whether ``payload`` is not all of it.
    @inlinable
    public var isCut: Bool { @_noLocks get { upperLayerOffset + payload.count < 40 + payloadLength } }

    /// True for every fragment, the first one too, but not for an atomic one, which is a whole packet (RFC 6946).
    @inlinable
    public var isFragment: Bool {
        @_noLocks get {
            guard let fragment else { return false }
            return fragment.hasMoreFragments || fragment.offset != 0
        }
    }

    /// True when the payload begins with the header of ``upperLayer``: no fragment, or the first one.
    @inlinable
    public var hasTransportHeader: Bool {
        @_noLocks get {
            guard let fragment else { return true }
            return fragment.offset == 0
        }
    }
}
