// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Logging
import Synchronization
import Testing

@testable import EventLog

/// A log whose time the test tells.
private final class Log: Sendable {
    let lines = Mutex<[String]>([])
    let now = Mutex<UInt64>(0)

    func writer(_ style: LineStyle = .journal) -> LogWriter {
        LogWriter(style: style, clock: { self.now.withLock { $0 } }) { line in self.lines.withLock { $0.append(line) } }
    }

    func advance(_ nanoseconds: UInt64) { now.withLock { $0 += nanoseconds } }
    var taken: [String] { lines.withLock { $0 } }
}

private enum Happening: String, LoggedEvent {
    case came = "guest.came"
    var level: Logger.Level { .notice }
    var message: String { "a guest came" }
}

@Suite struct EventLogTests {
    private func entry(_ event: String, vif: String, _ level: Logger.Level = .info) -> LogEntry {
        LogEntry(level: level, message: "it happened", values: ["event": event, "vif": vif])
    }

    @Test func anEventHasItsNameLevelAndWords() {
        let log = Log()
        let levels = LogLevelSwitch(.info)
        var logger = levels.logger(label: "x", to: log.writer())
        logger[metadataKey: "pid"] = "7"
        logger.log(Happening.came, ["vif": "vm0", "words": "a \"b\""])
        #expect(log.taken == ["<5>a guest came event=guest.came pid=7 vif=vm0 words=\"a \\\"b\\\"\""])
        levels.level = .warning
        logger.log(Happening.came)
        #expect(log.taken.count == 1)
    }

    @Test func aLineHasTheTimeWhereNobodyElseHasIt() {
        let line = LineStyle.dated.line(
            LogEntry(level: .error, message: "no", values: ["b": "", "a": "x=y"]), at: Date(timeIntervalSince1970: 1.5))
        #expect(line == "1970-01-01T00:00:01.500Z error no a=\"x=y\" b=\"\"")
    }

    @Test(arguments: zip([Logger.Level.trace, .debug, .info, .notice, .warning, .error, .critical], [7, 7, 6, 5, 4, 3, 2]))
    func theJournalIsToldThePriority(level: Logger.Level, priority: Int) {
        #expect(LineStyle.journal.line(LogEntry(level: level, message: "m"), at: Date()) == "<\(priority)>m")
    }

    @Test func onlyTheJournalsOwnStreamIsTheJournal() {
        #expect(LineStyle.ofStandardError(environment: [:]) == .dated)
        #expect(LineStyle.ofStandardError(environment: ["JOURNAL_STREAM": "1:2"]) == .dated)
        var state = stat()
        #expect(unsafe fstat(STDERR_FILENO, &state) == 0)
        #expect(LineStyle.ofStandardError(environment: ["JOURNAL_STREAM": "\(state.st_dev):\(state.st_ino)"]) == .journal)
    }

    @Test func nothingInAnEntryBeginsAnotherLine() {
        let evil = "x\n<0>forged\r\u{1B}[2J\u{2028}\u{202E}\u{0}y"
        for style in [LineStyle.journal, .dated] {
            let line = style.line(LogEntry(level: .info, message: evil, values: ["k": evil]), at: Date())
            #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x2028 || $0.value == 0x202E }, "\(line)")
            #expect(line.contains("\\n<0>forged"))
        }
        let long = LineStyle.journal.line(LogEntry(level: .info, message: String(repeating: "é", count: 100_000)), at: Date())
        #expect(long.unicodeScalars.count < 1100)
    }

    @Test func aFloodIsCutAndCountedAndHoldsUpNobodyElse() {
        let log = Log()
        let writer = log.writer()
        for _ in 0..<1000 { writer.write(entry("a", vif: "v0")) }
        writer.write(entry("a", vif: "v1"))
        writer.write(entry("b", vif: "v0"))
        #expect(log.taken.filter { $0.contains("event=a vif=v0") }.count == FloodGate.limit)
        #expect(log.taken.filter { $0.contains("vif=v1") }.count == 1 && log.taken.filter { $0.contains("event=b") }.count == 1)
        log.advance(FloodGate.span)
        writer.write(entry("a", vif: "v0"))
        #expect(
            Array(log.taken.suffix(2)) == [
                "<4>entries were not written count=980 event=log.suppressed subject=v0 suppressed=a",
                "<6>it happened event=a vif=v0",
            ])
    }

    @Test func whatWasKeptIsToldWhenNothingElseIsLogged() {
        let log = Log()
        let writer = log.writer()
        for _ in 0..<30 { writer.write(entry("a", vif: "v0")) }
        writer.catchUp()
        #expect(log.taken.count == FloodGate.limit, "the span is not over")
        log.advance(FloodGate.span)
        writer.catchUp()
        #expect(log.taken.last == "<4>entries were not written count=10 event=log.suppressed subject=v0 suppressed=a")
        writer.catchUp()
        #expect(log.taken.count == FloodGate.limit + 1)
    }

    @Test func whatWasKeptIsToldAtTheEnd() {
        let log = Log()
        let writer = log.writer()
        for _ in 0..<30 { writer.write(entry("a", vif: "v0")) }
        writer.end()
        #expect(log.taken.last == "<4>entries were not written count=10 event=log.suppressed subject=v0 suppressed=a")
        writer.end()
        #expect(log.taken.count == FloodGate.limit + 1)
    }

    /// Spans end each at its own time.
    @Test func aSpanThatBeganLaterEndsLater() {
        let log = Log()
        let writer = log.writer()
        for _ in 0..<30 { writer.write(entry("a", vif: "v0")) }
        log.advance(FloodGate.span / 2)
        for _ in 0..<25 { writer.write(entry("b", vif: "v0")) }
        log.advance(FloodGate.span / 2)
        writer.catchUp()
        #expect(log.taken.last?.contains("count=10 event=log.suppressed subject=v0 suppressed=a") == true)
        log.advance(FloodGate.span / 2)
        writer.catchUp()
        #expect(log.taken.last?.contains("count=5 event=log.suppressed subject=v0 suppressed=b") == true)
    }

    @Test func criticalEntriesAlwaysPass() {
        let log = Log()
        let writer = log.writer()
        for _ in 0..<100 { writer.write(entry("a", vif: "v0", .critical)) }
        #expect(log.taken.count == 100)
    }

    /// Each from another vif: memory is bounded, and so is what is written.
    @Test func manyKindsShareOneAccount() {
        let log = Log()
        let writer = log.writer()
        let kinds = FloodGate.maximumKinds + 500
        for number in 0..<kinds { writer.write(entry("a", vif: "v\(number)")) }
        #expect(log.taken.count == FloodGate.maximumKinds + FloodGate.limit)
        log.advance(FloodGate.span)
        writer.catchUp()
        #expect(log.taken.last == "<4>entries were not written count=480 event=log.suppressed suppressed=other")
    }
}
