// SPDX-License-Identifier: BSD-3-Clause

extension InternetChecksum {
    /// The checksum of a message in which one aligned 16-bit word changes from `old` to `new` (RFC 1624 3, equation 3).
    ///
    /// A checksum that was wrong stays wrong, so damage that happened before is still found by the receiver.
    @inlinable @_noLocks
    public static func updated(_ checksum: UInt16, replacing old: UInt16, with new: UInt16) -> UInt16 {
        var sum = UInt32(~checksum) + UInt32(~old) + UInt32(new)
        sum = (sum >> 16) + (sum & 0xFFFF)
        sum = (sum >> 16) + (sum & 0xFFFF)
        return ~UInt16(truncatingIfNeeded: sum)
    }

    /// True when the checksum of an IPv4 header is right. `header` holds the header and nothing after it.
    @inlinable @_noLocks
    public static func isValid(ipv4Header header: ByteView) -> Bool {
        var sum = InternetChecksum()
        sum.add(header)
        return sum.isValid
    }

    /// True when the checksum of a UDP, TCP or ICMPv6 message inside IPv6 is right. `message` begins with its header
    /// and holds nothing after its payload.
    @inlinable @_noLocks
    public static func isValid(
        _ message: ByteView, source: IPv6Address, destination: IPv6Address, protocol number: IPProtocol
    ) -> Bool {
        var sum = InternetChecksum()
        sum.addPseudoHeader(source: source, destination: destination, protocol: number, length: message.count)
        sum.add(message)
        return sum.isValid
    }

    /// True when the checksum of a UDP or TCP message inside IPv4 is right. `message` begins with its header and holds
    /// nothing after its payload. A UDP checksum of 0 means "none": the caller looks for it first.
    @inlinable @_noLocks
    public static func isValid(
        _ message: ByteView, source: IPv4Address, destination: IPv4Address, protocol number: IPProtocol
    ) -> Bool {
        var sum = InternetChecksum()
        sum.addPseudoHeader(source: source, destination: destination, protocol: number, length: message.count)
        sum.add(message)
        return sum.isValid
    }
}
