// SPDX-License-Identifier: BSD-3-Clause
import Dispatch
import Foundation
import Logging
import Synchronization

/// Writes a daemon's log, a line an entry, in the order in which entries come. What comes too often is counted instead, and how often is told
/// when the span is over.
public final class LogWriter: Sendable {
    private struct State {
        var gate = FloodGate()
        var awaitsEnd = false
    }

    private let style: LineStyle
    private let output: @Sendable (String) -> Void
    private let clock: @Sendable () -> UInt64
    private let state = Mutex(State())

    /// Writes to standard error.
    public convenience init() {
        self.init(style: .ofStandardError(), clock: { DispatchTime.now().uptimeNanoseconds }) { line in
            FileHandle.standardError.write(Data("\(line)\n".utf8))
        }
    }

    /// - Parameters:
    ///   - clock: nanoseconds, which never go back.
    ///   - output: takes a line without its end; one call at a time.
    init(style: LineStyle, clock: @escaping @Sendable () -> UInt64, output: @escaping @Sendable (String) -> Void) {
        self.style = style
        self.output = output
        self.clock = clock
    }

    func write(_ entry: LogEntry) {
        let awaitsEnd = state.withLock { state in
            let now = clock()
            tellEnded(&state.gate, now: now)
            // Nobody can cause a critical one at will.
            guard entry.level < .critical, !state.gate.admits(entry.kind, now: now) else {
                output(style.line(entry, at: Date()))
                return false
            }
            defer { state.awaitsEnd = true }
            return !state.awaitsEnd
        }
        if awaitsEnd { awaitEnd() }
    }

    /// Spans end also when nothing else is logged any more.
    private func awaitEnd() {
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + .nanoseconds(Int(FloodGate.span))) { [weak self] in
            self?.catchUp()
        }
    }

    /// Tells what was kept back so far, in front of the process's end.
    public func end() { state.withLock { tellEnded(&$0.gate, now: .max) } }

    /// Tells what was kept back in spans that are over.
    func catchUp() {
        let awaitsEnd = state.withLock { state in
            tellEnded(&state.gate, now: clock())
            state.awaitsEnd = state.gate.hasOpenSpans
            return state.awaitsEnd
        }
        if awaitsEnd { awaitEnd() }
    }

    private func tellEnded(_ gate: inout FloodGate, now: UInt64) {
        for (kind, kept) in gate.endSpans(now: now) {
            let event = WriterEvent.suppressed
            var values = ["event": event.rawValue, "suppressed": kind.event, "count": "\(kept)"]
            if !kind.subject.isEmpty { values["subject"] = kind.subject }
            output(style.line(LogEntry(level: event.level, message: event.message, values: values), at: Date()))
        }
    }
}

enum WriterEvent: String, LoggedEvent {
    case suppressed = "log.suppressed"

    var level: Logger.Level { .warning }
    var message: String { "entries were not written" }
}
