// SPDX-License-Identifier: BSD-3-Clause
import Logging

/// What is logged.
struct LogEntry: Sendable, Equatable {
    var level: Logger.Level
    var message: String
    var values: [String: String] = [:]

    /// What counts as the same thing happening again: to each vif by itself, and by level, so that much talk hides no complaint.
    var kind: Kind {
        Kind(event: values["event"] ?? message, subject: values["vif"] ?? values["guest"] ?? values["path"] ?? "", level: level)
    }

    struct Kind: Hashable {
        let event: String
        let subject: String
        let level: Logger.Level
    }
}
