// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import TestSupport
import Wire

extension Traffic {
    static let guestMAC = MACAddress(rawValue: 0x5254_0000_0001)
}

/// What one end of the flows counts, each cell written by its lcore alone.
struct TrafficCounters: Sendable {
    private let block: CounterBlock
    private let flows: Int

    init(flows: Int) {
        self.flows = flows
        block = CounterBlock(count: flows * 2 + 4)
    }

    private var cells: Counters { block.counters }

    func sent(_ flow: Int) -> UInt64 { cells[flow] }
    func setSent(_ flow: Int, _ next: UInt64) { cells.set(next, at: flow) }
    /// The number that is expected next: all below it came, but for those that are ``lost``.
    func expected(_ flow: Int) -> UInt64 { cells[flows + flow] }
    func setExpected(_ flow: Int, _ next: UInt64) { cells.set(next, at: flows + flow) }

    var lost: UInt64 { cells[flows * 2] }
    /// Came behind a newer one, or again.
    var late: UInt64 { cells[flows * 2 + 1] }
    /// Not one of ours, or not as it was sent.
    var corrupt: UInt64 { cells[flows * 2 + 2] }
    /// For another address, or of a flow that does not belong here.
    var foreign: UInt64 { cells[flows * 2 + 3] }

    func noteLost(_ count: UInt64) { cells.add(Int(count), to: flows * 2) }
    func noteLate() { cells.add(1, to: flows * 2 + 1) }
    func noteCorrupt() { cells.add(1, to: flows * 2 + 2) }
    func noteForeign() { cells.add(1, to: flows * 2 + 3) }
}
