// SPDX-License-Identifier: BSD-3-Clause
import TestSupport
import Testing

@testable import DPDK

@Suite struct DPDKLogTests {
    /// Has DPDK log an error.
    private func complain() { #expect(throws: DPDKError.self) { _ = try PortID(rawValue: 31).information } }

    private func keepingLines(_ body: () throws -> Void) throws {
        try EALFixture.exclusively {
            try DPDKLog.capture(keepsLines: true)
            defer { try? DPDKLog.capture() }
            _ = DPDKLog.takeLines()
            try body()
            _ = DPDKLog.takeLines()
        }
    }

    @Test func linesComeOnceInOrderWithTheirLevel() throws {
        try keepingLines {
            complain()
            let (lines, lost) = DPDKLog.takeLines()
            #expect(lines.contains { $0.level == 4 && $0.text.contains("port_id=31") } && lost == 0, "\(lines)")
            #expect(lines.allSatisfy { !$0.text.contains("\n") })
            let again = DPDKLog.takeLines()
            #expect(again.lines == [] && again.lost == 0)
        }
    }

    /// Nobody reads: memory does not grow, and how much was lost is told.
    @Test func aFloodIsBoundedAndCounted() throws {
        try keepingLines {
            complain()
            let each = DPDKLog.takeLines().lines.count
            for _ in 0..<400 { complain() }
            let (lines, lost) = DPDKLog.takeLines()
            #expect(each > 0 && lines.count == 256 && Int(lost) == 400 * each - 256)
        }
    }

    @Test func nothingIsKeptForNobody() throws {
        try keepingLines {
            try DPDKLog.capture()
            complain()
            let (lines, lost) = DPDKLog.takeLines()
            #expect(lines == [] && lost == 0)
        }
    }
}
