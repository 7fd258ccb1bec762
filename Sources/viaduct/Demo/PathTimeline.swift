// SPDX-License-Identifier: BSD-3-Clause
import Netfront

/// When which path was in use, and no switch under way; in seconds since a run began.
struct PathTimeline: Sendable, Equatable {
    struct Phase: Sendable, Equatable {
        let path: SwitchRecord.Path
        let from: Double
        var to: Double
        var seconds: Double { to - from }
    }

    private(set) var phases: [Phase] = []
    private var isOpen = false

    /// What a reading found: the path that was in use, or nil while a switch was under way.
    mutating func note(_ path: SwitchRecord.Path?, at time: Double) {
        guard let path else {
            isOpen = false
            return
        }
        if isOpen, let last = phases.last, last.path == path {
            phases[phases.count - 1].to = time
        } else {
            phases.append(Phase(path: path, from: time, to: time))
            isOpen = true
        }
    }

    /// The path that was in use during the whole of that time; nil when there was a switch in it.
    func path(from: Double, to: Double) -> SwitchRecord.Path? {
        phases.first { $0.from <= from && to <= $0.to }?.path
    }
}
