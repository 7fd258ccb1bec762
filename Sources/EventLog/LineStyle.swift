// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Logging

/// How a line of the log looks.
enum LineStyle: Sendable, Equatable {
    /// With the time in front, to the millisecond, in UTC.
    case dated
    /// With a priority in angle brackets, and without the time: the journal has its own (sd-daemon(3)).
    case journal

    /// Of standard error: `JOURNAL_STREAM` names the file that systemd's journal reads from, by device and inode (systemd.exec(5)).
    static func ofStandardError(environment: [String: String] = ProcessInfo.processInfo.environment) -> LineStyle {
        var state = stat()
        guard let named = environment["JOURNAL_STREAM"], unsafe fstat(STDERR_FILENO, &state) == 0 else { return .dated }
        return named == "\(state.st_dev):\(state.st_ino)" ? .journal : .dated
    }

    /// The line, without its end. Nothing in an entry can begin another line, whoever it comes from.
    func line(_ entry: LogEntry, at date: Date) -> String {
        var line: String
        switch self {
        case .dated: line = "\(date.formatted(Self.format)) \(entry.level.rawValue) "
        case .journal: line = "<\(Self.priority(entry.level))>"
        }
        line += Self.escaped(entry.message)
        for (key, value) in entry.values.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(Self.quoted(value))" }
        return line
    }

    private static let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// syslog(3).
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// In quotes where a blank, or nothing at all, would be misread.
    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.unicodeScalars.contains { $0 == " " || $0 == "\"" || $0 == "=" }
        return isPlain ? escaped(text) : "\"\(escaped(text).replacing("\"", with: "\\\""))\""
    }

    /// Control characters, ends of lines among them, as Swift writes them; cut after 1024.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(1024) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                result += scalar.escaped(asASCII: true)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.count > 1024 ? result + "…" : result
    }
}
