// SPDX-License-Identifier: BSD-3-Clause
public import DPDK
import Dataplane
public import Wire

/// Numbered frames of a few flows, each between a guest and a station of its own on the wire.
public enum Traffic {
    public static let etherType: UInt16 = 0x88B6

    /// The station on the wire that a flow belongs to.
    public static func station(_ flow: Int) -> MACAddress { MACAddress(rawValue: 0x0200_0000_A000 | UInt64(flow)) }

    /// Bytes of a frame: from the shortest to the longest, in no order.
    private static func length(flow: Int, sequence: UInt64) -> Int {
        60 + Int(truncatingIfNeeded: (sequence &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(flow)) >> 40) % 1454
    }

    private static func seal(flow: Int, sequence: UInt64) -> UInt64 {
        (sequence &+ UInt64(flow) << 56) &* 0xD6E8_FEB8_6659_FD93
    }

    /// The guest's address, where frames are datagrams.
    public static let guestAddress = IPv4Address(rawValue: 0x0A00_0001)

    /// The UDP port to which a flow's datagrams go.
    private static func port(_ flow: Int) -> UInt16 { UInt16(1000 + flow) }

    /// Makes a frame that of a UDP datagram to a port of the flow's own; what it carried goes behind the header.
    private static func wrap(_ bytes: MutableByteView, flow: Int, sequence: UInt64, to destination: MACAddress) {
        let address = IPv4Address(rawValue: 0x0A00_0100 | UInt32(flow))
        let isToStation = destination == station(flow)
        bytes.set(u16: 0x0800, at: 12)
        bytes.set(u16: 0x4500, at: 14)
        bytes.set(u16: UInt16(bytes.count - 14), at: 16)
        bytes.set(u32: 0, at: 18)
        bytes.set(u32: 0x4011_0000, at: 22)
        bytes.set(u32: (isToStation ? guestAddress : address).rawValue, at: 26)
        bytes.set(u32: (isToStation ? address : guestAddress).rawValue, at: 30)
        bytes.set(u16: 999, at: 34)
        bytes.set(u16: port(flow), at: 36)
        bytes.set(u16: UInt16(bytes.count - 34), at: 38)
        bytes.set(u16: UInt16(flow), at: 40)
        bytes.set(u64: sequence, at: 42)
    }

    /// Writes the frame into an empty mbuf.
    public static func write(
        _ mbuf: Mbuf, flow: Int, sequence: UInt64, from source: MACAddress, to destination: MACAddress, isUDP: Bool = false
    ) {
        let length = length(flow: flow, sequence: sequence)
        precondition(mbuf.setLength(length), "a buffer holds an Ethernet frame")
        let bytes = mbuf.mutableBytes
        bytes.set(mac: destination, at: 0)
        bytes.set(mac: source, at: 6)
        if isUDP {
            wrap(bytes, flow: flow, sequence: sequence, to: destination)
        } else {
            bytes.set(u16: etherType, at: 12)
            bytes.set(u16: UInt16(flow), at: 14)
            bytes.set(u64: sequence, at: 16)
        }
        bytes.set(u64: seal(flow: flow, sequence: sequence), at: length - 8)
    }

    /// Flow and number of a frame of ours; nil when it is none, or not whole.
    public static func read(_ mbuf: Mbuf) -> (flow: Int, sequence: UInt64)? {
        let bytes = mbuf.bytes
        guard bytes.count >= 60 else { return nil }
        let isUDP = bytes.u16(at: 12) == 0x0800
        guard isUDP || bytes.u16(at: 12) == etherType else { return nil }
        // The UDP checksum's place tells the flow: nobody looks at it.
        let flow = Int(bytes.u16(at: isUDP ? 40 : 14))
        let sequence = bytes.u64(at: isUDP ? 42 : 16)
        guard bytes.count == length(flow: flow, sequence: sequence),
            bytes.u64(at: bytes.count - 8) == seal(flow: flow, sequence: sequence)
        else { return nil }
        return (flow, sequence)
    }
}
