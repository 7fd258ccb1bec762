// SPDX-License-Identifier: BSD-3-Clause

/// Answers ICMP and ICMPv6 echo requests ("ping") in place.
///
/// Checksums are updated, not recomputed: the cost does not depend on the length, and a request that was damaged on its
/// way comes back as damaged.
public enum EchoResponder {
    /// Turns the ICMP echo request in `frame` into its reply (RFC 792, RFC 1122 3.2.2.6), and gives the reply's length,
    /// which is that of the request.
    ///
    /// `nil`, with the frame untouched, unless it is a unicast request from another host to `mac` and `address`.
    /// Fragments and packets with IP options are refused.
    @inlinable @_noLocks
    public static func reply(in frame: MutableByteView, mac: MACAddress, address: IPv4Address) -> Int? {
        guard let ethernet = frame.unicastHeader(to: mac), ethernet.etherType == .ipv4,
            let ip = frame.ipv4Request(at: ethernet.headerLength, to: address), ip.protocolNumber == .icmp,
            let icmp = ICMPHeader(ip.payload), icmp.isEchoRequest
        else { return nil }
        let start = ethernet.headerLength
        frame.setEthernetAddresses(source: mac, destination: ethernet.source)
        frame.turnAround(ip, at: start)
        frame.set(u8: 0, at: start + 20)
        frame.set(u16: InternetChecksum.updated(icmp.checksum, replacing: 8 << 8, with: 0), at: start + 22)
        return frame.count
    }

    /// Turns the ICMPv6 echo request in `frame` into its reply (RFC 4443 4.2), and gives the reply's length, which is
    /// that of the request.
    ///
    /// `nil`, with the frame untouched, unless it is a unicast request from another host to `mac` and `address`.
    /// Packets with extension headers, so fragments too, are refused.
    @inlinable @_noLocks
    public static func reply(in frame: MutableByteView, mac: MACAddress, address: IPv6Address) -> Int? {
        guard let ethernet = frame.unicastHeader(to: mac), ethernet.etherType == .ipv6,
            let ip = frame.ipv6Request(at: ethernet.headerLength, to: address), ip.upperLayer == .icmpv6,
            let echo = ICMPv6Echo(ip.payload), echo.isRequest
        else { return nil }
        let start = ethernet.headerLength
        frame.setEthernetAddresses(source: mac, destination: ethernet.source)
        frame.turnAround(ip, at: start)
        frame.set(u8: 129, at: start + 40)
        let checksum = InternetChecksum.updated(echo.checksum, replacing: 128 << 8, with: 129 << 8)
        frame.set(u16: checksum, at: start + 42)
        return frame.count
    }
}
