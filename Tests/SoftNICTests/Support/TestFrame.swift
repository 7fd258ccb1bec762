// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// An Ethernet frame as bytes: destination, source, an optional tag, then the sequence number, repeated to the length.
struct TestFrame: Equatable {
    var bytes: [UInt8]

    init(
        to destination: MACAddress, from source: UInt64 = 0x02_0000_0000_EE, vlan: UInt16? = nil, sequence: UInt32,
        length: Int = 60
    ) {
        func octets(_ value: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
        }
        bytes = octets(destination.rawValue, 6) + octets(source, 6)
        if let vlan { bytes += octets(0x8100, 2) + octets(UInt64(vlan) | 0x6000, 2) }
        bytes += octets(0x88B6, 2)
        while bytes.count < length { bytes += octets(UInt64(sequence), 4) }
        bytes.removeLast(bytes.count - length)
    }

    /// An IPv4 packet; `transport` says its ports, `fragment` its fragment field (0x2000: more follow).
    static func ipv4(
        to destination: MACAddress = .guest(1), vlan: UInt16? = nil, from source: UInt32 = 0x0A00_0001,
        address: UInt32 = 0x0A00_0002, number: UInt8 = 17, ports: (UInt16, UInt16) = (1000, 53), fragment: UInt16 = 0,
        sequence: UInt32 = 0
    ) -> TestFrame {
        var frame = TestFrame(to: destination, vlan: vlan, sequence: sequence, length: vlan == nil ? 14 : 18)
        frame.bytes.replaceSubrange(frame.bytes.count - 2..<frame.bytes.count, with: [0x08, 0x00])
        frame.bytes += [0x45, 0, 0, 60, 0, 0] + octets(UInt64(fragment), 2) + [64, number, 0, 0]
        frame.bytes += octets(UInt64(source), 4) + octets(UInt64(address), 4)
        frame.bytes += octets(UInt64(ports.0), 2) + octets(UInt64(ports.1), 2) + [0, 40, 0, 0]
        while frame.bytes.count < (vlan == nil ? 74 : 78) { frame.bytes += octets(UInt64(sequence) | 0x5000_0000, 4) }
        return frame
    }

    static func ipv6(
        to destination: MACAddress = .guest(1), low: UInt64 = 2, number: UInt8 = 17, ports: (UInt16, UInt16) = (1000, 53)
    ) -> TestFrame {
        var frame = TestFrame(to: destination, sequence: 0, length: 14)
        frame.bytes.replaceSubrange(12..<14, with: [0x86, 0xDD])
        frame.bytes += [0x60, 0, 0, 0, 0, 20, number, 64]
        frame.bytes += octets(0x2001_0DB8_0000_0000, 8) + octets(1, 8) + octets(0x2001_0DB8_0000_0000, 8) + octets(low, 8)
        frame.bytes += octets(UInt64(ports.0), 2) + octets(UInt64(ports.1), 2) + [0, 20, 0, 0]
        frame.bytes += [UInt8](repeating: 0x50, count: 12)
        return frame
    }

    private static func octets(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }

    init(_ mbuf: Mbuf) {
        let view = mbuf.bytes
        bytes = (0..<view.count).map { view[$0] }
    }

    /// The number behind the header of an untagged frame.
    var sequence: UInt32 { bytes[14..<18].reduce(0) { $0 << 8 | UInt32($1) } }

    /// Writes the frame into an empty mbuf; false when it does not fit.
    func write(to mbuf: Mbuf) -> Bool {
        guard mbuf.setLength(bytes.count) else { return false }
        let view = mbuf.mutableBytes
        for (offset, byte) in bytes.enumerated() { view.set(u8: byte, at: offset) }
        return true
    }
}

extension MACAddress {
    /// A unicast address of the tests' own.
    static func guest(_ number: UInt64) -> MACAddress { MACAddress(rawValue: 0x02_0000_0001_00 + number) }
}
