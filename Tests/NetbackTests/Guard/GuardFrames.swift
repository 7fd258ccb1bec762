// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// Frames of a guest, well-formed and otherwise. The guest is vif 1; "other" is whoever it must not pretend to be.
enum GuardFrames {
    static let mac = Rig.mac(1)
    static let otherMAC = Rig.mac(2)
    static let v4 = IPv4Address("10.0.0.1")!
    static let otherV4 = IPv4Address("10.0.0.2")!
    static let v6 = IPv6Address("2001:db8::1")!
    static let otherV6 = IPv6Address("2001:db8::2")!
    /// By RFC 4291 appendix A, of 02:00:00:00:00:01 and :02.
    static let linkLocal = IPv6Address("fe80::ff:fe00:1")!
    static let otherLinkLocal = IPv6Address("fe80::ff:fe00:2")!
    static let noV6 = IPv6Address.unspecified
    static let allNodes = IPv6Address.allNodes
    static let allRouters = IPv6Address("ff02::2")!

    static let addresses = [IPAddress(v4), IPAddress(v6)]

    static func words(_ values: UInt16...) -> Bytes { values.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } }
    static func octets(_ address: IPv4Address) -> Bytes {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address.rawValue >> $0) }
    }
    static func octets(_ address: IPv6Address) -> Bytes {
        [address.high, address.low].flatMap { half in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> UInt64($0)) }
        }
    }

    static func ethernet(_ type: UInt16, _ payload: Bytes, to destination: MACAddress = .broadcast) -> Bytes {
        Frames.octets(destination) + Frames.octets(mac) + words(type) + payload
    }

    static func tagged(_ frame: Bytes, _ control: UInt16, type: UInt16 = 0x8100) -> Bytes {
        Array(frame[..<12]) + words(type, control) + frame[12...]
    }

    /// The same in an IEEE 802.3 frame with LLC and SNAP (RFC 1042).
    static func snap(_ frame: Bytes) -> Bytes {
        frame[..<12] + words(UInt16(frame.count - 14 + 8)) + [0xAA, 0xAA, 3, 0, 0, 0] + frame[12...]
    }

    static func arp(
        _ operation: UInt16, _ sender: IPv4Address, for target: IPv4Address, mac: MACAddress = mac, targetMAC: MACAddress = .zero,
        type: UInt16 = 0x0806
    ) -> Bytes {
        ethernet(
            type,
            words(1, 0x0800, 0x0604, operation) + Frames.octets(mac) + octets(sender) + Frames.octets(targetMAC) + octets(target))
    }

    // MARK: IPv4

    /// - Parameter fragment: the field of flags and offset.
    static func ipv4(
        _ source: IPv4Address, proto: UInt8, _ payload: Bytes, fragment: UInt16 = 0, options: Bytes = []
    ) -> Bytes {
        let header: Bytes =
            [0x45 + UInt8(options.count / 4), 0] + words(UInt16(20 + options.count + payload.count), 7, fragment) + [
                64, proto, 0, 0,
            ]
            + octets(source) + octets(IPv4Address("10.0.0.9")!) + options
        return ethernet(0x0800, header + payload, to: Rig.station)
    }

    static func udp(_ source: UInt16, _ destination: UInt16) -> Bytes { words(source, destination, 12, 0) + [1, 2, 3, 4] }

    /// A UDP frame as the project's own writer makes it.
    static func written(_ addresses: IPAddressPair, _ source: UInt16 = 4000, _ destination: UInt16 = 5000) -> Bytes {
        let writer = FrameWriter(
            destinationMAC: Rig.station, sourceMAC: mac, addresses: addresses, sourcePort: source, destinationPort: destination)
        var frame = Bytes(repeating: 0, count: writer.payloadOffset + 18)
        unsafe frame.withUnsafeMutableBytes { buffer in
            let view = unsafe MutableByteView(unsafeStart: buffer.baseAddress!, count: buffer.count)
            precondition(writer.write(into: view, payloadLength: 18) == buffer.count)
        }
        return frame
    }

    // MARK: IPv6

    static func ipv6(_ source: IPv6Address, to destination: IPv6Address = allNodes, next: UInt8, _ payload: Bytes) -> Bytes {
        let header = words(0x6000, 0, UInt16(payload.count)) + [next, 255] + octets(source) + octets(destination)
        return ethernet(0x86DD, header + payload, to: destination.multicastMAC)
    }

    static func icmp(_ source: IPv6Address, to destination: IPv6Address = allNodes, _ message: Bytes) -> Bytes {
        ipv6(source, to: destination, next: 58, message)
    }

    /// A link-layer address option: 1 of the source, 2 of the target.
    static func option(_ type: UInt8, _ mac: MACAddress) -> Bytes { [type, 1] + Frames.octets(mac) }
    static func solicitation(_ target: IPv6Address, _ options: Bytes = []) -> Bytes {
        [135, 0, 0, 0, 0, 0, 0, 0] + octets(target) + options
    }
    static func advertisement(_ target: IPv6Address, _ options: Bytes = []) -> Bytes {
        [136, 0, 0, 0, 0x20, 0, 0, 0] + octets(target) + options
    }
    static func routerSolicitation(_ options: Bytes = []) -> Bytes { [133, 0, 0, 0, 0, 0, 0, 0] + options }
    static let routerAdvertisement: Bytes = [134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]
    static let redirect: Bytes = [137, 0, 0, 0, 0, 0, 0, 0] + octets(otherV6) + octets(v6)
    static let echo: Bytes = [128, 0, 0, 0, 0, 1, 0, 1]
    static let listenerReport: Bytes = [143, 0, 0, 0, 0, 0, 0, 0]

    /// An extension header of 8 bytes in front of `next`.
    static func behind(_ next: UInt8) -> Bytes { [next, 0, 1, 4, 0, 0, 0, 0] }
    static func fragment(_ next: UInt8, offset: UInt16, more: Bool) -> Bytes {
        [next, 0] + words(offset & 0xFFF8 | (more ? 1 : 0)) + [0, 0, 0, 9]
    }
}
