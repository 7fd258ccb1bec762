// SPDX-License-Identifier: BSD-3-Clause

/// Whether a settle time has passed on a VI's clock since something happened.
///
/// A reading may be as old as the one before it (the clock of a VI in another process comes by messages), so the first reading after
/// a beginning says nothing, and the time runs from the second one.
struct SettleWatch {
    private enum Stage: UInt8 {
        case stale, fresh, running

        @_noLocks static func == (a: Self, b: Self) -> Bool { a.rawValue == b.rawValue }
    }

    private var stage = Stage.stale
    private var start: UInt64 = 0

    /// The time has not begun to run, and nothing that was read before counts.
    @_noLocks
    mutating func restart() { stage = .stale }

    /// The time begins anew with the next reading: the VI yielded something, which its clock then shows.
    @_noLocks
    mutating func renew() { if stage == .running { stage = .fresh } }

    /// Takes a reading, 0 for none; whether the time is over.
    @_noLocks
    mutating func isOver(_ nanoseconds: UInt64, at clock: UInt64) -> Bool {
        if clock == 0 { return false }
        if stage == .running { return clock &- start >= nanoseconds }
        if stage == .fresh { start = clock }
        stage = stage == .stale ? .fresh : .running
        return false
    }
}
