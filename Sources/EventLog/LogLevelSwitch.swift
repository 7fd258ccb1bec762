// SPDX-License-Identifier: BSD-3-Clause
public import Logging
import Synchronization

/// The level of all loggers made by it, which can change while they are in use.
public final class LogLevelSwitch: Sendable {
    private let current: Mutex<Logger.Level>

    public init(_ level: Logger.Level) { current = Mutex(level) }

    public var level: Logger.Level {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// Writes to `writer`.
    public func logger(label: String, to writer: LogWriter) -> Logger {
        Logger(label: label) { _ in Handler(levels: self, writer: writer) }
    }

    /// Copies of a logger go on asking the switch.
    private struct Handler: LogHandler {
        let levels: LogLevelSwitch
        let writer: LogWriter
        var metadata: Logger.Metadata = [:]

        var logLevel: Logger.Level {
            get { levels.level }
            set { levels.level = newValue }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            writer.write(
                LogEntry(
                    level: event.level, message: "\(event.message)",
                    values: metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }))
        }
    }
}
