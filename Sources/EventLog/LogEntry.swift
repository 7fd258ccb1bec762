// SPDX-License-Identifier: BSD-3-Clause
public import Logging

/// What is logged.
public struct LogEntry: Sendable, Equatable {
    public var level: Logger.Level
    public var message: String
    public var values: [String: String]

    public init(level: Logger.Level, message: String, values: [String: String] = [:]) {
        self.level = level
        self.message = message
        self.values = values
    }

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
