// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

@testable import viaduct

/// The ledger by which replayed frames, which carry no numbers, are told apart.
struct ReplayTests {
    private static func frame(source: UInt8 = 1, port: UInt8 = 1, payload: [UInt8]) -> FrameBytes {
        let udp: [UInt8] = [0, port, 0, 9, 0, UInt8(8 + payload.count), 0, 0] + payload
        let ip: [UInt8] = [0x45, 0, 0, UInt8(20 + udp.count), 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, source, 10, 0, 0, 99]
        return FrameBytes([2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, source, 8, 0] + ip + udp)
    }

    private static func digest(_ frame: FrameBytes) -> FrameDigest { frame.read { FrameDigest($0) } }

    private static func exchangeMACs(_ frame: FrameBytes) {
        let destination = frame.view.mac(at: 0)
        frame.view.set(mac: frame.view.mac(at: 6), at: 0)
        frame.view.set(mac: destination, at: 6)
    }

    @Test func exchangedMACsLeaveTheDigest() {
        let frame = Self.frame(payload: [1, 2, 3])
        let before = Self.digest(frame)
        Self.exchangeMACs(frame)
        #expect(Self.digest(frame) == before)
    }

    @Test func everyByteBehindTheMACsCounts() {
        let frame = Self.frame(payload: Array(0..<21))
        let before = Self.digest(frame).value
        for index in 12..<frame.count {
            let byte = frame.view[index]
            frame.view.set(u8: byte ^ 0x10, at: index)
            #expect(Self.digest(frame).value != before, "byte \(index)")
            frame.view.set(u8: byte, at: index)
        }
    }

    @Test func flowsAreTold() {
        let flows = Set((1...100).map { Self.digest(Self.frame(port: UInt8($0), payload: [0])).flow })
        #expect(flows.count > 60)
        #expect(flows.allSatisfy { (0..<DigestLedger.flowCount).contains($0) })
        let one = Self.digest(Self.frame(payload: [1]))
        let other = Self.digest(Self.frame(payload: [2]))
        #expect(one.flow == other.flow && one.value != other.value)
    }

    /// What the checker says when frames with these contents were sent, and arrived in that order of places.
    private static func findings(sent: [UInt8], arrivals: [Int]) -> TrafficFindings {
        let memory = DigestLedgerMemory()
        let ledger = DigestLedger(memory)
        var checker = ArrivalChecker(ledger)
        let frames = sent.map { frame(payload: [$0]) }
        for frame in frames { ledger.note(digest(frame), sentAt: 5) }
        for place in arrivals { #expect(frames[place].read({ checker.check($0) }) == 5) }
        return checker.finish(sent: (0..<DigestLedger.flowCount).map { ledger.count(ofFlow: $0) })
    }

    @Test func theOrderSentIsInOrder() {
        let found = Self.findings(sent: [1, 2, 3], arrivals: [0, 1, 2])
        #expect(found.received == 3 && found.lost == 0 && found.reordered == 0 && found.duplicated == 0)
    }

    @Test func equalFramesAreDifferentOnes() {
        let found = Self.findings(sent: [1, 1, 2, 1], arrivals: [0, 1, 2, 3])
        #expect(found.received == 4 && found.lost == 0 && found.reordered == 0 && found.duplicated == 0)
    }

    @Test func aMissingFrameIsLost() {
        let found = Self.findings(sent: [1, 2, 3, 4], arrivals: [0, 2])
        #expect(found.received == 2 && found.lost == 2 && found.reordered == 0)
    }

    @Test func anExchangeIsReordering() {
        let found = Self.findings(sent: [1, 2, 3], arrivals: [0, 2, 1])
        #expect(found.lost == 0 && found.reordered == 1 && found.duplicated == 0)
    }

    @Test func theSameFrameAgainIsADuplicate() {
        let found = Self.findings(sent: [1, 2, 3], arrivals: [0, 1, 1, 2])
        #expect(found.lost == 0 && found.reordered == 0 && found.duplicated == 1)
    }

    @Test func aFrameThatWasNotSentIsNotChecked() {
        let memory = DigestLedgerMemory()
        var checker = ArrivalChecker(DigestLedger(memory))
        #expect(Self.frame(payload: [1]).read({ checker.check($0) }) == nil)
        #expect(checker.finish(sent: []) == TrafficFindings())
    }

    @Test func theLedgerRemembersAWindow() {
        let memory = DigestLedgerMemory()
        let ledger = DigestLedger(memory)
        let first = Self.digest(Self.frame(payload: [0, 0]))
        ledger.note(first, sentAt: 1)
        for index in 1..<DigestLedger.window {
            ledger.note(
                Self.digest(Self.frame(payload: [UInt8(index >> 8), UInt8(index & 0xFF)])), sentAt: UInt64(index))
        }
        #expect(ledger.find(first, expected: 0)?.number == 0)
        ledger.note(Self.digest(Self.frame(payload: [9, 9, 9])), sentAt: 2)
        #expect(ledger.find(first, expected: 0) == nil)
        #expect(ledger.count(ofFlow: first.flow) == UInt64(DigestLedger.window) + 1)
    }
}
