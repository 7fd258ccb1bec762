// SPDX-License-Identifier: BSD-3-Clause
import Foundation
public import Logging

/// Keeps what the host and the guest log, with the time, for the account of a failed run.
public final class LogBook: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the lines are guarded by the lock.
    private let lock = NSLock()
    private var lines: [String] = []

    public init() {}

    public func note(_ line: String) {
        let milliseconds = Double(DispatchTime.now().uptimeNanoseconds) / 1e6
        lock.withLock { lines.append("\(milliseconds) ms \(line)") }
    }

    public func newest(_ count: Int) -> [String] { lock.withLock { Array(lines.suffix(count)) } }

    /// Notes everything.
    public var logger: Logger {
        var logger = Logger(label: "test", factory: { _ in Handler(book: self) })
        logger.logLevel = .debug
        return logger
    }

    private struct Handler: LogHandler {
        let book: LogBook
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            book.note("\(event.source): \(event.message) \(event.metadata ?? [:])")
        }
    }
}
