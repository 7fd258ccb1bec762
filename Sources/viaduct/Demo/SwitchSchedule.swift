// SPDX-License-Identifier: BSD-3-Clause

/// When acceleration is switched during a run.
struct SwitchSchedule: Sendable, Equatable {
    struct Change: Sendable, Equatable {
        /// Seconds after the start.
        let at: Double
        let wanted: Bool
    }

    private(set) var changes: [Change]

    /// On, off and on again, at 1/6, 3/6 and 4/6 of the run.
    static func demonstration(seconds: Double) -> Self {
        Self(changes: [
            Change(at: seconds * 1 / 6, wanted: true), Change(at: seconds * 3 / 6, wanted: false),
            Change(at: seconds * 4 / 6, wanted: true),
        ])
    }

    /// `count` changes, on first, with equal times between them and at both ends.
    static func alternating(_ count: Int, seconds: Double) -> Self {
        Self(changes: (1...count).map { Change(at: seconds * Double($0) / Double(count + 1), wanted: !$0.isMultiple(of: 2)) })
    }

    static let none = Self(changes: [])

    /// Takes the next change off when its time has come.
    mutating func takeDue(at seconds: Double) -> Change? {
        guard let next = changes.first, next.at <= seconds else { return nil }
        changes.removeFirst()
        return next
    }
}
