// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Testing
import Wire

@testable import Netfront

@Suite struct ControlValueTests {
    @Test func commandsSurviveTheirWord() {
        let commands: [LaneCommand] = [
            .open, .nonceHigh(.max), .nonceLow(0x1234_5678), .settle(microseconds: .max), .drain, .close,
            .localAddressesChanged, .transmitFenceConfirmed(sequence: .max), .transmitFenceConfirmed(sequence: 0),
        ]
        for command in commands { #expect(LaneCommand(word: command.word) == command) }
        #expect(Set(commands.map(\.word)).count == commands.count)
        #expect(LaneCommand(word: 0) == nil && LaneCommand(word: .max) == nil)
    }

    @Test func eventsSurviveTheirWord() {
        let events: [LaneEvent] = [
            .firstFrameSeen, .fenceArrived(sequence: .max, stashed: 0), .fenceArrived(sequence: 7, stashed: 0xFF_FFFF),
            .fenceExpired, .drained, .closed, .polled,
        ]
        for event in events { #expect(LaneEvent(word: event.word) == event) }
        #expect(LaneEvent(word: 0) == nil && LaneEvent(word: .max) == nil)
    }

    @Test func aSetOfLocalAddressesHoldsEachOfThemAndNoOther() {
        for count in [0, 1, 8, 9, 512] {
            let inside = (0..<count).map { MACAddress(rawValue: 0x0200_0000_0000 | UInt64($0) << 8) }
            let set = LocalAddressSet(inside + inside)
            let found = inside.filter { set.contains($0.rawValue) }.count
            let strangers = (0..<4096).filter { set.contains(0x0400_0000_0000 | UInt64($0)) }.count
            #expect(found == count && strangers == 0)
        }
    }

    @Test func noGroupAddressIsLocal() {
        let set = LocalAddressSet([.broadcast, .zero, MACAddress(rawValue: 0x0100_5E00_0001)])
        let found = [set.contains(MACAddress.broadcast.rawValue), set.contains(0), set.contains(0x0100_5E00_0001)]
        #expect(found == [false, false, false])
    }

    @Test func aSwitchLastsFromItsFirstWordToTheNewPathsSoleUse() {
        var log = SwitchLog()
        log.stashed = 12
        let steps: [(AccelerationState, UInt64)] = [(.offered, 1), (.granted, 5), (.proving, 10), (.connected, 30)]
        for (state, time) in steps {
            log.note(state, now: time)
        }
        log.note(.draining, now: 100)
        log.note(.none, now: 150)
        #expect(
            log.records == [
                SwitchRecord(to: .fast, nanoseconds: 20, stashed: 12), SwitchRecord(to: .slow, nanoseconds: 50, stashed: 0),
            ])
    }

    @Test func aSwitchThatDidNotHappenIsNone() {
        var log = SwitchLog()
        for state in [AccelerationState.proving, .draining, .refused(AccelerationReason(.ruleLeaks)), .granted, .none] {
            log.note(state, now: 1)
        }
        #expect(log.records.isEmpty)
    }

    @Test func onlyTheNewestSwitchesAreKept() {
        var log = SwitchLog()
        for round in 0..<UInt64(SwitchLog.capacity) {
            log.note(.proving, now: round * 10)
            log.note(.connected, now: round * 10 + 1)
            log.note(.none, now: round * 10 + 2)
        }
        #expect(log.records.count == SwitchLog.capacity)
        #expect(log.records.last?.to == .slow)
    }
}
