// SPDX-License-Identifier: BSD-3-Clause

/// How long changes of a vif's path to one side took, since the vif was made: a histogram.
public struct SwitchDurations: Sendable, Equatable {
    /// Nanoseconds; the longest duration of each bucket but the last, which has no limit. A planned change takes milliseconds, one
    /// that waits for a guest that is slow or stopped up to seconds.
    public static let limits: [UInt64] = [
        500_000, 1_000_000, 2_000_000, 3_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_000, 200_000_000,
        500_000_000, 1_000_000_000, 2_000_000_000, 5_000_000_000,
    ]

    /// Changes of each bucket by itself: one more than there are limits.
    public private(set) var counts = [UInt64](repeating: 0, count: SwitchDurations.limits.count + 1)
    /// Of all changes together.
    public private(set) var nanoseconds: UInt64 = 0

    public init() {}

    public mutating func add(_ duration: UInt64) {
        counts[Self.limits.firstIndex { duration <= $0 } ?? Self.limits.count] += 1
        nanoseconds &+= duration
    }
}
