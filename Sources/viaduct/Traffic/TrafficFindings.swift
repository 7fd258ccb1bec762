// SPDX-License-Identifier: BSD-3-Clause

/// What a receiver found out about the frames that were meant for it.
struct TrafficFindings: Sendable, Equatable {
    var received: UInt64 = 0
    var lost: UInt64 = 0
    /// Those that came too late to be told from duplicates included.
    var reordered: UInt64 = 0
    var duplicated: UInt64 = 0

    /// Nothing received.
    init() {}

    init(_ checker: borrowing SequenceChecker) {
        received = checker.received
        lost = checker.lost
        reordered = checker.reordered + checker.stale
        duplicated = checker.duplicated
    }

    static func + (a: Self, b: Self) -> Self {
        var sum = a
        sum.received += b.received
        sum.lost += b.lost
        sum.reordered += b.reordered
        sum.duplicated += b.duplicated
        return sum
    }
}
