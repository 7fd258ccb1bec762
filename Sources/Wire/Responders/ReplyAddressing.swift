// SPDX-License-Identifier: BSD-3-Clause

// What all responders do alike: decide whether a frame was sent to us by a single station, and turn it around.

extension MutableByteView {
    /// The Ethernet header, when the frame is a unicast from another station to `mac`; otherwise `nil`.
    ///
    /// Nothing that a group address, or our own, appears to have sent is answered: the answer would reach many, or
    /// ourselves.
    @inlinable @_noLocks
    func unicastHeader(to mac: MACAddress) -> EthernetHeader? {
        guard let ethernet = EthernetHeader(view), ethernet.destination == mac, ethernet.source.isValidUnicast,
            ethernet.source != mac
        else { return nil }
        return ethernet
    }

    /// The packet at `offset` when it is a whole IPv4 datagram without options and with a right header checksum, from
    /// another single host to `address`; otherwise `nil`.
    ///
    /// Options are refused because a reply would have to reverse source routes (RFC 1122 3.2.2.6).
    @inlinable @_noLocks
    func ipv4Request(at offset: Int, to address: IPv4Address) -> IPv4Header? {
        guard let packet = view.dropFirst(offset), let ip = IPv4Header(packet), ip.headerLength == 20,
            !ip.isFragment, ip.destination == address, ip.source != address, ip.source.isValidUnicast,
            let header = packet.prefix(20), InternetChecksum.isValid(ipv4Header: header)
        else { return nil }
        return ip
    }

    /// The packet at `offset` when it is a whole IPv6 packet without extension headers from another single host to
    /// `address`; otherwise `nil`.
    @inlinable @_noLocks
    func ipv6Request(at offset: Int, to address: IPv6Address) -> IPv6Header? {
        guard let packet = view.dropFirst(offset), let ip = IPv6Header(packet), ip.upperLayerOffset == 40,
            ip.destination == address, ip.source != address, ip.source.isValidUnicast
        else { return nil }
        return ip
    }

    /// Makes the frame one from `source` to `destination`; VLAN tags stay.
    @inlinable @_noLocks
    func setEthernetAddresses(source: MACAddress, destination: MACAddress) {
        set(mac: destination, at: 0)
        set(mac: source, at: 6)
    }

    /// Turns an IPv4 packet around and gives it a fresh time to live.
    ///
    /// Exchanging the addresses leaves both the header checksum and a transport's as they are, since addition commutes;
    /// only the time to live has to be accounted for.
    @inlinable @_noLocks
    func turnAround(_ ip: IPv4Header, at offset: Int) {
        set(ipv4: ip.destination, at: offset + 12)
        set(ipv4: ip.source, at: offset + 16)
        let old = u16(at: offset + 8)
        let new = 64 << 8 | old & 0xFF
        set(u16: new, at: offset + 8)
        set(u16: InternetChecksum.updated(ip.checksum, replacing: old, with: new), at: offset + 10)
    }

    /// Turns an IPv6 packet around and gives it a fresh hop limit; no checksum covers that.
    @inlinable @_noLocks
    func turnAround(_ ip: IPv6Header, at offset: Int) {
        set(u8: 64, at: offset + 7)
        set(ipv6: ip.destination, at: offset + 8)
        set(ipv6: ip.source, at: offset + 24)
    }
}
