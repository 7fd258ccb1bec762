// SPDX-License-Identifier: BSD-3-Clause

/// Writes the headers of UDP frames, for sources of traffic and for tests.
///
/// Fill in the fields once, then ``write(into:payloadLength:)`` for each frame; the fields may change in between.
@frozen
public struct FrameWriter: Sendable {
    /// What goes into the UDP checksum field.
    @frozen
    public enum Checksum: Sendable {
        /// The checksum over pseudo header, UDP header and payload.
        case computed

        /// 0, "none": costs nothing, and is allowed over IPv4 only (RFC 8200 8.1).
        case none
    }

    public var destinationMAC: MACAddress
    public var sourceMAC: MACAddress

    /// A single VLAN tag to write, if any.
    public var vlan: VLANTag?
    public var addresses: IPAddressPair
    public var sourcePort: UInt16
    public var destinationPort: UInt16

    /// IPv4's Time to Live, IPv6's Hop Limit.
    public var hopLimit: UInt8
    public var checksum: Checksum

    @inlinable @_noLocks
    public init(
        destinationMAC: MACAddress, sourceMAC: MACAddress, vlan: VLANTag? = nil, addresses: IPAddressPair,
        sourcePort: UInt16, destinationPort: UInt16, hopLimit: UInt8 = 64, checksum: Checksum = .computed
    ) {
        self.destinationMAC = destinationMAC
        self.sourceMAC = sourceMAC
        self.vlan = vlan
        self.addresses = addresses
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.hopLimit = hopLimit
        self.checksum = checksum
    }

    /// Where the UDP payload of a frame begins: the length of all headers.
    @inlinable
    public var payloadOffset: Int {
        @_noLocks get { packetOffset + networkHeaderLength + 8 }
    }

    /// Writes all headers in front of `payloadLength` bytes of payload, and gives the frame's length.
    ///
    /// The payload itself, at ``payloadOffset``, is to be there already: the checksum covers it. Identification (IPv4)
    /// and flow label (IPv6) are 0, and IPv4 packets say "don't fragment", which lets 0 mean nothing (RFC 6864 4.1). No
    /// Ethernet padding or frame check sequence is written.
    ///
    /// - Returns: `nil`, with nothing written, when the frame does not fit into `buffer`, the payload exceeds the 65,507
    ///   bytes of the longest IPv4 datagram (a limit kept for both versions), or IPv6 is asked for without a checksum.
    /// - Cost: with ``Checksum/computed`` linear in the payload.
    @inlinable @_noLocks
    public func write(into buffer: MutableByteView, payloadLength: Int) -> Int? {
        // The bound comes first: the additions after it cannot overflow.
        guard payloadLength >= 0, payloadLength <= 0xFFFF - 28, payloadOffset + payloadLength <= buffer.count else {
            return nil
        }
        let datagramLength = 8 + payloadLength
        guard let datagram = buffer.slice(from: payloadOffset - 8, count: datagramLength),
            let packet = buffer.dropFirst(packetOffset)
        else { return nil }
        var sum = InternetChecksum()
        switch addresses {
        case .v4(let source, let destination):
            sum.addPseudoHeader(source: source, destination: destination, protocol: .udp, length: datagramLength)
            writeEthernetHeader(into: buffer, .ipv4)
            writeIPv4Header(into: packet, source: source, destination: destination, payloadLength: datagramLength)
        case .v6(let source, let destination):
            guard case .computed = checksum else { return nil }
            sum.addPseudoHeader(source: source, destination: destination, protocol: .udp, length: datagramLength)
            writeEthernetHeader(into: buffer, .ipv6)
            writeIPv6Header(into: packet, source: source, destination: destination, payloadLength: datagramLength)
        }
        datagram.set(u16: sourcePort, at: 0)
        datagram.set(u16: destinationPort, at: 2)
        datagram.set(u16: UInt16(datagramLength), at: 4)
        datagram.set(u16: 0, at: 6)
        if case .computed = checksum {
            sum.add(datagram.view)
            datagram.set(u16: sum.udpChecksum, at: 6)
        }
        return payloadOffset + payloadLength
    }

    @inlinable
    var packetOffset: Int {
        @_noLocks get {
            guard case .some = vlan else { return 14 }
            return 18
        }
    }

    @inlinable
    var networkHeaderLength: Int {
        @_noLocks get {
            guard case .v4 = addresses else { return 40 }
            return 20
        }
    }

    @inlinable @_noLocks
    func writeEthernetHeader(into frame: MutableByteView, _ type: EtherType) {
        frame.setEthernetAddresses(source: sourceMAC, destination: destinationMAC)
        if let vlan {
            frame.set(u16: vlan.tagProtocol.rawValue, at: 12)
            frame.set(u16: vlan.control, at: 14)
        }
        frame.set(u16: type.rawValue, at: packetOffset - 2)
    }

    @inlinable @_noLocks
    func writeIPv4Header(
        into packet: MutableByteView, source: IPv4Address, destination: IPv4Address, payloadLength: Int
    ) {
        packet.set(u16: 0x4500, at: 0)
        packet.set(u16: UInt16(20 + payloadLength), at: 2)
        packet.set(u32: 0x0000_4000, at: 4)
        packet.set(u8: hopLimit, at: 8)
        packet.set(u8: IPProtocol.udp.rawValue, at: 9)
        packet.set(u16: 0, at: 10)
        packet.set(ipv4: source, at: 12)
        packet.set(ipv4: destination, at: 16)
        guard let header = packet.view.prefix(20) else { return }
        var sum = InternetChecksum()
        sum.add(header)
        packet.set(u16: sum.checksum, at: 10)
    }

    @inlinable @_noLocks
    func writeIPv6Header(
        into packet: MutableByteView, source: IPv6Address, destination: IPv6Address, payloadLength: Int
    ) {
        packet.set(u32: 6 << 28, at: 0)
        packet.set(u16: UInt16(payloadLength), at: 4)
        packet.set(u8: IPProtocol.udp.rawValue, at: 6)
        packet.set(u8: hopLimit, at: 7)
        packet.set(ipv6: source, at: 8)
        packet.set(ipv6: destination, at: 24)
    }
}
