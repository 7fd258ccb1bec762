// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Logging
import Testing

@testable import AcceleratedBackend
@testable import Control
@testable import EventLog
@testable import Netback
@testable import Netfront
@testable import viaduct

/// Who watches a log goes by the names of events: those documented are those that there are.
@Suite struct LogEventsTests {
    private struct Row: Hashable, CustomStringConvertible {
        let name, level, message: String
        var description: String { "\(name) \(level): \(message)" }
    }

    private func rows<Event: LoggedEvent>(_: Event.Type) -> [Row] {
        Event.allCases.map { Row(name: $0.rawValue, level: $0.level.rawValue, message: $0.message) }
    }

    @Test func allEventsAreDocumentedAndNoOthers() throws {
        let events =
            rows(DaemonEvent.self) + rows(ControlEvent.self) + rows(NetbackEvent.self) + rows(BackendLogEvent.self)
            + rows(NetfrontEvent.self) + rows(WriterEvent.self)
        #expect(Set(events.map(\.name)).count == events.count)
        for row in events { #expect(row.name.wholeMatch(of: /[a-z]+\.[a-z]+(-[a-z]+)*/) != nil, "\(row)") }
        let page = "Sources/EventLog/EventLog.docc/Events.md"
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let handle = try #require(FileHandle(forReadingAtPath: root.appendingPathComponent(page).path))
        let text = String(decoding: try #require(try handle.readToEnd()), as: UTF8.self)
        let documented = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return Row(name: cells[0].trimmingCharacters(in: ["`"]), level: cells[1], message: cells[2])
        }
        #expect(documented.count == events.count)
        for row in Set(documented).symmetricDifference(events) { Issue.record("documented, or there, alone: \(row)") }
    }
}
