// SPDX-License-Identifier: BSD-3-Clause

import Wire

/// Frames put together byte by byte, by code that shares nothing with the module under test.
enum Frames {
    static let ourMAC = MACAddress(rawValue: 0x0200_0000_0001)
    static let peerMAC = MACAddress(rawValue: 0x0200_0000_0002)
    static let ourIPv4 = IPv4Address(rawValue: 0xC0A8_0001)
    static let peerIPv4 = IPv4Address(rawValue: 0xC0A8_00C7)
    static let ourIPv6 = IPv6Address(high: 0xFE80_0000_0000_0000, low: 0x0000_00FF_FE12_3456)
    static let peerIPv6 = IPv6Address(high: 0xFE80_0000_0000_0000, low: 0x0000_00FF_FEAB_CDEF)

    static func octets(_ address: MACAddress) -> [UInt8] { be(address.rawValue, 6) }
    static func octets(_ address: IPv4Address) -> [UInt8] { be(UInt64(address.rawValue), 4) }
    static func octets(_ address: IPv6Address) -> [UInt8] { be(address.high, 8) + be(address.low, 8) }

    /// The low `width` bytes of `value`, big-endian.
    static func be(_ value: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - $0))) }
    }

    static func ethernet(
        to destination: MACAddress = ourMAC, from source: MACAddress = peerMAC, tags: [(UInt16, UInt16)] = [],
        type: UInt16, _ payload: [UInt8]
    ) -> [UInt8] {
        let tagBytes = tags.flatMap { be(UInt64($0.0), 2) + be(UInt64($0.1), 2) }
        return octets(destination) + octets(source) + tagBytes + be(UInt64(type), 2) + payload
    }

    static func arp(
        operation: UInt16, senderMAC: MACAddress, sender: IPv4Address, targetMAC: MACAddress, target: IPv4Address
    ) -> [UInt8] {
        [0, 1, 8, 0, 6, 4] + be(UInt64(operation), 2) + octets(senderMAC) + octets(sender) + octets(targetMAC)
            + octets(target)
    }

    static func ipv4(
        from source: IPv4Address = peerIPv4, to destination: IPv4Address = ourIPv4, protocol number: UInt8,
        fragment: UInt16 = 0, options: [UInt8] = [], _ payload: [UInt8]
    ) -> [UInt8] {
        let length = 20 + options.count
        var header: [UInt8] = [UInt8(0x40 + length / 4), 0] + be(UInt64(length + payload.count), 2)
        header += [0x12, 0x34] + be(UInt64(fragment), 2) + [61, number, 0, 0]
        header += octets(source) + octets(destination) + options
        header.replaceSubrange(10..<12, with: be(UInt64(checksum(header)), 2))
        return header + payload
    }

    static func ipv6(
        from source: IPv6Address = peerIPv6, to destination: IPv6Address = ourIPv6, next: UInt8, hopLimit: UInt8 = 255,
        _ payload: [UInt8]
    ) -> [UInt8] {
        [0x60, 0, 0, 0] + be(UInt64(payload.count), 2) + [next, hopLimit] + octets(source) + octets(destination)
            + payload
    }

    static func udp(
        from source: UInt16 = 5000, to destination: UInt16 = 7, pseudo: [UInt8], _ payload: [UInt8]
    ) -> [UInt8] {
        var datagram = be(UInt64(source), 2) + be(UInt64(destination), 2) + be(UInt64(8 + payload.count), 2) + [0, 0]
        datagram += payload
        let sum = checksum(pseudo + datagram)
        datagram.replaceSubrange(6..<8, with: be(UInt64(sum == 0 ? 0xFFFF : sum), 2))
        return datagram
    }

    static func tcp(offset: UInt8 = 5, options: [UInt8] = [], _ payload: [UInt8] = []) -> [UInt8] {
        [0x1F, 0x90, 0xC3, 0x50] + [0, 0, 0, 1, 0, 0, 0, 2, offset << 4, 0x12, 0x20, 0, 0xAB, 0xCD, 0, 0] + options
            + payload
    }

    /// An ICMP echo message with its checksum.
    static func icmpEcho(type: UInt8 = 8, _ payload: [UInt8]) -> [UInt8] {
        var message: [UInt8] = [type, 0, 0, 0, 0xBE, 0xEF, 0, 7] + payload
        message.replaceSubrange(2..<4, with: be(UInt64(checksum(message)), 2))
        return message
    }

    /// An ICMPv6 message with its checksum filled in.
    static func icmpv6(
        _ message: [UInt8], from source: IPv6Address = peerIPv6, to destination: IPv6Address = ourIPv6
    ) -> [UInt8] {
        var message = message
        let pseudo = pseudoHeader(source, destination, 58, message.count)
        message.replaceSubrange(2..<4, with: be(UInt64(checksum(pseudo + message)), 2))
        return message
    }

    static func solicitation(target: IPv6Address, options: [UInt8]) -> [UInt8] {
        [135, 0, 0, 0, 0, 0, 0, 0] + octets(target) + options
    }

    static func advertisement(flags: UInt8, target: IPv6Address, options: [UInt8]) -> [UInt8] {
        [136, 0, 0, 0, flags, 0, 0, 0] + octets(target) + options
    }

    static func pseudoHeader(_ source: IPv4Address, _ destination: IPv4Address, _ number: UInt8, _ length: Int)
        -> [UInt8]
    {
        octets(source) + octets(destination) + [0, number] + be(UInt64(length), 2)
    }

    static func pseudoHeader(_ source: IPv6Address, _ destination: IPv6Address, _ number: UInt8, _ length: Int)
        -> [UInt8]
    {
        octets(source) + octets(destination) + be(UInt64(length), 4) + [0, 0, 0, number]
    }

    /// RFC 1071 word by word, the slow way.
    static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for (index, byte) in bytes.enumerated() {
            sum += index % 2 == 0 ? UInt32(byte) << 8 : UInt32(byte)
            if sum > 0xFFFF { sum -= 0xFFFF }
        }
        return UInt16(0xFFFF - sum)
    }
}
