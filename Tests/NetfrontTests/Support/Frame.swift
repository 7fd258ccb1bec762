// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// Numbered frames.
enum Frame {
    static let guest = MACAddress(rawValue: 0x5254_0000_0001)
    static func peer(_ number: UInt64) -> MACAddress { MACAddress(rawValue: 0x0200_0000_0000 | number) }

    static func write(
        _ number: UInt32, to destination: MACAddress, from source: MACAddress, length: Int = 60, etherType: UInt16 = 0x88B6,
        _ mbuf: Mbuf
    ) {
        precondition(mbuf.setLength(max(length, 60)))
        let bytes = mbuf.mutableBytes
        bytes.set(mac: destination, at: 0)
        bytes.set(mac: source, at: 6)
        bytes.set(u16: etherType, at: 12)
        bytes.set(u32: number, at: 16)
        precondition(mbuf.setLength(length))
    }

    /// `.max` for a frame too short to have one.
    static func number(_ mbuf: Mbuf) -> UInt32 { mbuf.bytes.count >= 20 ? mbuf.bytes.u32(at: 16) : .max }
}
