// SPDX-License-Identifier: BSD-3-Clause

/// Which flow a frame belongs to: who it goes to on this Ethernet, and the five-tuple of its IP packet.
///
/// Fragments beyond the first carry no ports and so have a key of their own, the same for all such fragments between
/// two hosts.
@frozen
public struct FlowKey: Sendable {
    /// The ports of a UDP or TCP packet.
    @frozen
    public struct Ports: Sendable {
        public let source: UInt16
        public let destination: UInt16

        @inlinable @_noLocks
        public init(source: UInt16, destination: UInt16) {
            self.source = source
            self.destination = destination
        }
    }

    /// The frame's destination.
    public let destinationMAC: MACAddress

    /// Identifier of the outermost VLAN tag; `nil` for an untagged frame.
    public let vlanID: UInt16?
    public let addresses: IPAddressPair
    public let protocolNumber: IPProtocol

    /// `nil` unless the packet is UDP or TCP and no later fragment.
    public let ports: Ports?

    /// Makes a key from its parts; of `vlanID` the low 12 bits count.
    @inlinable @_noLocks
    public init(
        destinationMAC: MACAddress, vlanID: UInt16?, addresses: IPAddressPair, protocolNumber: IPProtocol, ports: Ports?
    ) {
        self.destinationMAC = destinationMAC
        self.vlanID = if let vlanID { vlanID & 0xFFF } else { nil }
        self.addresses = addresses
        self.protocolNumber = protocolNumber
        self.ports = ports
    }

    /// Reads `frame`; `nil` when it is not IP, or any header of it up to UDP or TCP is malformed.
    ///
    /// No checksum is verified.
    @inlinable @_noLocks
    public init?(_ frame: ByteView) {
        guard let ethernet = EthernetHeader(frame), let packet = frame.dropFirst(ethernet.headerLength) else {
            return nil
        }
        let payload: ByteView
        let isFragment: Bool
        let hasTransportHeader: Bool
        if ethernet.etherType == .ipv4 {
            guard let ip = IPv4Header(packet) else { return nil }
            addresses = .v4(source: ip.source, destination: ip.destination)
            protocolNumber = ip.protocolNumber
            payload = ip.payload
            isFragment = ip.isFragment
            hasTransportHeader = ip.hasTransportHeader
        } else if ethernet.etherType == .ipv6 {
            guard let ip = IPv6Header(packet) else { return nil }
            addresses = .v6(source: ip.source, destination: ip.destination)
            protocolNumber = ip.upperLayer
            payload = ip.payload
            isFragment = ip.isFragment
            hasTransportHeader = ip.hasTransportHeader
        } else {
            return nil
        }
        destinationMAC = ethernet.destination
        vlanID = ethernet.vlan?.id

        guard hasTransportHeader, protocolNumber == .udp || protocolNumber == .tcp else {
            ports = nil
            return
        }
        if protocolNumber == .udp {
            // In a first fragment the length field is that of the whole datagram, so there only its presence counts.
            guard isFragment ? payload.count >= 8 : UDPHeader(payload) != nil else { return nil }
        } else {
            guard TCPHeader(payload) != nil else { return nil }
        }
        ports = Ports(source: payload.u16(at: 0), destination: payload.u16(at: 2))
    }
}
