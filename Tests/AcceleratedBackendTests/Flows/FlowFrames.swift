// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// Frames of flows, byte by byte.
enum FlowFrames {
    static func be(_ value: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - $0))) }
    }

    static func ethernet(_ destination: UInt64 = 0x0200_0000_0001, type: UInt16, _ payload: [UInt8]) -> [UInt8] {
        be(destination, 6) + be(0x0200_0000_00FF, 6) + be(UInt64(type), 2) + payload
    }

    static func udp(to port: UInt16, length: UInt16? = nil, payload: Int = 18) -> [UInt8] {
        be(5000, 2) + be(UInt64(port), 2) + be(UInt64(length ?? UInt16(8 + payload)), 2) + be(0, 2)
            + [UInt8](repeating: 0x55, count: payload)
    }

    static func tcp(to port: UInt16, offset: UInt8 = 0x50) -> [UInt8] {
        be(5000, 2) + be(UInt64(port), 2) + be(1, 4) + be(2, 4) + [offset, 0x10] + be(1000, 2) + be(0, 4)
    }

    static func ipv4(
        to address: UInt32 = 0xC0A8_0001, protocol number: UInt8, fragment: UInt16 = 0, options: Int = 0, version: UInt8 = 4,
        _ payload: [UInt8]
    ) -> [UInt8] {
        let header = 20 + options
        return [version << 4 | UInt8(header / 4), 0] + be(UInt64(header + payload.count), 2) + be(0, 2)
            + be(UInt64(fragment), 2) + [64, number, 0, 0] + be(0xC0A8_00C7, 4) + be(UInt64(address), 4)
            + [UInt8](repeating: 1, count: options) + payload
    }

    static func ipv6(to address: IPv6Address, next: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0x60, 0, 0, 0] + be(UInt64(payload.count), 2) + [next, 64] + be(0xFE80 << 48, 8) + be(9, 8)
            + be(address.high, 8) + be(address.low, 8) + payload
    }

    /// A plain frame of that flow.
    static func udp4(mac: UInt64 = 0x0200_0000_0001, to address: UInt32 = 0xC0A8_0001, port: UInt16) -> [UInt8] {
        ethernet(mac, type: 0x0800, ipv4(to: address, protocol: 17, udp(to: port)))
    }
}
