// SPDX-License-Identifier: BSD-3-Clause

/// Sends UDP datagrams back to where they came from, in place (RFC 862).
///
/// Addresses and ports are exchanged, which leaves the UDP checksum as it is; it is not verified, so a damaged datagram
/// comes back as damaged. Datagrams between equal ports are refused: two echo servers would send them to each other for
/// ever. So is source port 0, which wants no answer (RFC 768).
public enum UDPEchoResponder {
    /// Turns the IPv4 datagram in `frame` around, and gives its length, which does not change.
    ///
    /// `nil`, with the frame untouched, unless it is a unicast from another host to `mac`, `address` and `port` (any
    /// port when `port` is `nil`). Fragments and packets with IP options are refused.
    @inlinable @_noLocks
    public static func reply(
        in frame: MutableByteView, mac: MACAddress, address: IPv4Address, port: UInt16?
    ) -> Int? {
        guard let ethernet = frame.unicastHeader(to: mac), ethernet.etherType == .ipv4,
            let ip = frame.ipv4Request(at: ethernet.headerLength, to: address), ip.protocolNumber == .udp,
            let udp = UDPHeader(ip.payload), answers(udp, port: port)
        else { return nil }
        frame.setEthernetAddresses(source: mac, destination: ethernet.source)
        frame.turnAround(ip, at: ethernet.headerLength)
        exchangePorts(udp, in: frame, at: ethernet.headerLength + 20)
        return frame.count
    }

    /// Turns the IPv6 datagram in `frame` around, and gives its length, which does not change.
    ///
    /// `nil`, with the frame untouched, unless it is a unicast from another host to `mac`, `address` and `port` (any
    /// port when `port` is `nil`), with a checksum, which IPv6 demands (RFC 8200 8.1). Packets with extension headers,
    /// so fragments too, are refused.
    @inlinable @_noLocks
    public static func reply(
        in frame: MutableByteView, mac: MACAddress, address: IPv6Address, port: UInt16?
    ) -> Int? {
        guard let ethernet = frame.unicastHeader(to: mac), ethernet.etherType == .ipv6,
            let ip = frame.ipv6Request(at: ethernet.headerLength, to: address), ip.upperLayer == .udp,
            let udp = UDPHeader(ip.payload), udp.checksum != 0, answers(udp, port: port)
        else { return nil }
        frame.setEthernetAddresses(source: mac, destination: ethernet.source)
        frame.turnAround(ip, at: ethernet.headerLength)
        exchangePorts(udp, in: frame, at: ethernet.headerLength + 40)
        return frame.count
    }

    @inlinable @_noLocks
    static func answers(_ udp: UDPHeader, port: UInt16?) -> Bool {
        guard udp.sourcePort != 0, udp.destinationPort != 0, udp.sourcePort != udp.destinationPort else { return false }
        guard let port else { return true }
        return udp.destinationPort == port
    }

    @inlinable @_noLocks
    static func exchangePorts(_ udp: UDPHeader, in frame: MutableByteView, at offset: Int) {
        frame.set(u16: udp.destinationPort, at: offset)
        frame.set(u16: udp.sourcePort, at: offset + 2)
    }
}
