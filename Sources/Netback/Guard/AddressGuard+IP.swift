// SPDX-License-Identifier: BSD-3-Clause
import Wire

extension AddressGuard {
    @_noLocks
    func allows(ipv4 packet: ByteView, _ elsewhere: Int) -> Bool {
        guard let header = IPv4Header(packet, elsewhere: elsewhere) else { return false }
        if header.protocolNumber == .udp, header.hasTransportHeader {
            guard let ports = ports(header.payload) else { return false }
            // A DHCP server's answer: clients look at nothing but the port that it comes to (RFC 2131 4.1).
            if ports.destination == 68 { return false }
            // The one packet of a host that has no address yet.
            if header.source == .unspecified { return ports.source == 68 && ports.destination == 67 }
        }
        return addresses.contains(header.source)
    }

    @_noLocks
    func allows(ipv6 packet: ByteView, _ elsewhere: Int) -> Bool {
        // A chain of headers that does not end in a datagram's first fragment is refused here, as RFC 7112 wants it: a router
        // advertisement could hide behind it (RFC 7113).
        guard let header = IPv6Header(packet, elsewhere: elsewhere) else { return false }
        if header.hasTransportHeader {
            if header.upperLayer == .icmpv6 { return allows(icmpv6: header) }
            if header.upperLayer == .udp {
                guard let ports = ports(header.payload) else { return false }
                // An answer to a DHCPv6 client (RFC 8415 7.2).
                if ports.destination == 546 { return false }
            }
        }
        return addresses.contains(header.source)
    }

    /// Of a UDP header; the rest of the datagram may be in later fragments, which can't overwrite them (RFC 791, 8 byte units).
    @_noLocks
    private func ports(_ datagram: ByteView) -> (source: UInt16, destination: UInt16)? {
        guard datagram.count >= 8 else { return nil }
        return (datagram.u16(at: 0), datagram.u16(at: 2))
    }
}
