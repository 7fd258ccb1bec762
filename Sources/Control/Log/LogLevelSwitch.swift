// SPDX-License-Identifier: BSD-3-Clause
import DPDK
public import Logging

/// The level of all loggers made by it, which can change while they are in use.
public final class LogLevelSwitch: Sendable {
    private let current: Lock<Logger.Level>

    public init(_ level: Logger.Level) { current = Lock(level) }

    public var level: Logger.Level {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// Writes to standard error, a line each.
    public func logger(label: String) -> Logger {
        Logger(label: label) { Handler(levels: self, inner: StreamLogHandler.standardError(label: $0)) }
    }

    /// Copies of a logger go on asking the switch.
    private struct Handler: LogHandler {
        let levels: LogLevelSwitch
        var inner: StreamLogHandler

        init(levels: LogLevelSwitch, inner: StreamLogHandler) {
            self.levels = levels
            self.inner = inner
            // The switch alone decides.
            self.inner.logLevel = .trace
        }

        var logLevel: Logger.Level {
            get { levels.level }
            set { levels.level = newValue }
        }

        var metadata: Logger.Metadata {
            get { inner.metadata }
            set { inner.metadata = newValue }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { inner[metadataKey: key] }
            set { inner[metadataKey: key] = newValue }
        }

        func log(event: LogEvent) { inner.log(event: event) }
    }
}
