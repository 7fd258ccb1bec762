// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import TestSupport
import Wire

/// Several guests, each with flows of its own.
extension Traffic {
    static let flowsOfGuest = 2

    static func guest(_ number: Int) -> MACAddress { MACAddress(rawValue: 0x5254_0000_0001 + UInt64(number)) }
    static func flows(ofGuest number: Int) -> Range<Int> { number * flowsOfGuest..<(number + 1) * flowsOfGuest }
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
