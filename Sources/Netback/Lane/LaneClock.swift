// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The time-stamp counter, and whole seconds since the lane was made, read once a round.
struct LaneClock: Sendable {
    private let start: UInt64
    private let hertz = max(TSC.hertz, 1)
    private(set) var ticks: UInt64
    private(set) var seconds: UInt32 = 0

    init() {
        start = TSC.now()
        ticks = start
    }

    @_noLocks
    mutating func read() {
        ticks = TSC.now()
        seconds = UInt32(truncatingIfNeeded: (ticks &- start) / hertz)
    }
}
