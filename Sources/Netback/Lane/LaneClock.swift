// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Whole seconds since the lane was made, read once a round.
struct LaneClock: Sendable {
    private let start = TSC.now()
    private let hertz = max(TSC.hertz, 1)
    private(set) var seconds: UInt32 = 0

    @_noLocks
    mutating func read() { seconds = UInt32(truncatingIfNeeded: (TSC.now() &- start) / hertz) }
}
