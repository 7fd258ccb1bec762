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
