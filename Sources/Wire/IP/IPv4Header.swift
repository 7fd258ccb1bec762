// SPDX-License-Identifier: BSD-3-Clause

/// The IPv4 header of a packet, with the packet's own payload (RFC 791 3.1).
///
/// Exists only when version, header length and total length agree with each other and with the bytes there are. The
/// header checksum is not verified: ``InternetChecksum/isValid(ipv4Header:)`` does that.
@frozen
public struct IPv4Header {
    /// 20...60: the header's length in bytes, options included.
    public let headerLength: Int

    /// The packet's length in bytes, header included. Bytes after it are Ethernet padding.
    public let totalLength: Int

    /// Differentiated services and congestion bits, as one octet.
    public let trafficClass: UInt8
    public let identification: UInt16
    public let doesNotFragment: Bool
    public let hasMoreFragments: Bool

    /// Where this fragment belongs in the datagram, in bytes; 0 in a packet that is no fragment.
    public let fragmentOffset: Int
    public let timeToLive: UInt8
    public let protocolNumber: IPProtocol
    public let checksum: UInt16
    public let source: IPv4Address
    public let destination: IPv4Address

    /// What follows the header, up to the total length: no padding. Valid as long as the packet's memory.
    public let payload: ByteView

    /// Reads the packet at the start of `packet`, which may be followed by padding; `nil` when it is malformed.
    @inlinable @_noLocks
    public init?(_ packet: ByteView) { self.init(packet, elsewhere: 0) }

    /// Reads the packet that begins with `packet` and whose next `elsewhere` bytes lie in other memory: ``payload`` ends with `packet`
    /// (``isCut``). `nil` when it is malformed, or its header not all in `packet`.
    @inlinable @_noLocks
    public init?(_ packet: ByteView, elsewhere: Int) {
        guard packet.count >= 20 else { return nil }
        let versionAndLength = packet[0]
        guard versionAndLength >> 4 == 4 else { return nil }
        let headerLength = Int(versionAndLength & 0xF) * 4
        let totalLength = Int(packet.u16(at: 2))
        guard headerLength >= 20, headerLength <= totalLength, totalLength <= packet.count + elsewhere,
            let payload = packet.slice(
                from: headerLength, count: (totalLength < packet.count ? totalLength : packet.count) - headerLength)
        else { return nil }
        let fragment = packet.u16(at: 6)

        self.headerLength = headerLength
        self.totalLength = totalLength
        self.payload = payload
        trafficClass = packet[1]
        identification = packet.u16(at: 4)
        doesNotFragment = fragment & 0x4000 != 0
        hasMoreFragments = fragment & 0x2000 != 0
        fragmentOffset = Int(fragment & 0x1FFF) * 8
        timeToLive = packet[8]
        protocolNumber = IPProtocol(rawValue: packet[9])
        checksum = packet.u16(at: 10)
        source = packet.ipv4(at: 12)
        destination = packet.ipv4(at: 16)
    }

    /// Whether ``payload`` is not all of it.
    @inlinable
    public var isCut: Bool { @_noLocks get { payload.count < totalLength - headerLength } }

    /// True for every fragment, the first one too.
    @inlinable
    public var isFragment: Bool {
        @_noLocks get { hasMoreFragments || fragmentOffset != 0 }
    }

    /// True when the payload begins with the transport header: no fragment, or the first one.
    @inlinable
    public var hasTransportHeader: Bool {
        @_noLocks get { fragmentOffset == 0 }
    }
}
