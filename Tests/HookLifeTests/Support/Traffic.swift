// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// Numbered frames of a few flows, each between a guest and a station of its own on the wire, and what came of them.
enum Traffic {
    static let flowsOfGuest = 2
    static let etherType: UInt16 = 0x88B6

    static func guest(_ number: Int) -> MACAddress { MACAddress(rawValue: 0x5254_0000_0001 + UInt64(number)) }
    /// The station on the wire that a flow belongs to.
    static func station(_ flow: Int) -> MACAddress { MACAddress(rawValue: 0x0200_0000_A000 | UInt64(flow)) }
    static func flows(ofGuest number: Int) -> Range<Int> { number * flowsOfGuest..<(number + 1) * flowsOfGuest }

    /// Bytes of a frame: from the shortest to the longest, in no order.
    private static func length(flow: Int, sequence: UInt64) -> Int {
        60 + Int(truncatingIfNeeded: (sequence &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(flow)) >> 40) % 1454
    }

    private static func seal(flow: Int, sequence: UInt64) -> UInt64 {
        (sequence &+ UInt64(flow) << 56) &* 0xD6E8_FEB8_6659_FD93
    }

    /// Writes the frame into an empty mbuf.
    static func write(_ mbuf: Mbuf, flow: Int, sequence: UInt64, from source: MACAddress, to destination: MACAddress) {
        let length = length(flow: flow, sequence: sequence)
        precondition(mbuf.setLength(length), "a buffer holds an Ethernet frame")
        let bytes = mbuf.mutableBytes
        bytes.set(mac: destination, at: 0)
        bytes.set(mac: source, at: 6)
        bytes.set(u16: etherType, at: 12)
        bytes.set(u16: UInt16(flow), at: 14)
        bytes.set(u64: sequence, at: 16)
        bytes.set(u64: seal(flow: flow, sequence: sequence), at: length - 8)
    }

    /// Flow and number of a frame of ours; nil when it is none, or not whole.
    static func read(_ mbuf: Mbuf) -> (flow: Int, sequence: UInt64)? {
        let bytes = mbuf.bytes
        guard bytes.count >= 60, bytes.u16(at: 12) == etherType else { return nil }
        let flow = Int(bytes.u16(at: 14))
        let sequence = bytes.u64(at: 16)
        guard bytes.count == length(flow: flow, sequence: sequence),
            bytes.u64(at: bytes.count - 8) == seal(flow: flow, sequence: sequence)
        else { return nil }
        return (flow, sequence)
    }
}

/// What one end of the flows counts, each cell written by its lcore alone.
struct TrafficCounters: Sendable {
    private let block: CounterBlock
    private let flows: Int

    init(flows: Int) {
        self.flows = flows
        block = CounterBlock(count: flows * 4 + 1)
    }

    private var cells: Counters { block.counters }

    func sent(_ flow: Int) -> UInt64 { cells[flow] }
    func setSent(_ flow: Int, _ next: UInt64) { cells.set(next, at: flow) }
    /// The number that is expected next: all below it came, but for those that are ``lost(_:)``.
    func expected(_ flow: Int) -> UInt64 { cells[flows + flow] }
    func setExpected(_ flow: Int, _ next: UInt64) { cells.set(next, at: flows + flow) }
    func lost(_ flow: Int) -> UInt64 { cells[flows * 2 + flow] }
    /// Came behind a newer one, or again.
    func late(_ flow: Int) -> UInt64 { cells[flows * 3 + flow] }
    /// Not one of ours, not as it was sent, or not for here.
    var foreign: UInt64 { cells[flows * 4] }

    func noteLost(_ flow: Int, _ count: UInt64) { cells.add(Int(count), to: flows * 2 + flow) }
    func noteLate(_ flow: Int) { cells.add(1, to: flows * 3 + flow) }
    func noteForeign() { cells.add(1, to: flows * 4) }
}
