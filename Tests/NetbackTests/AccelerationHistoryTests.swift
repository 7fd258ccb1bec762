// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Foundation
import Testing

@testable import Netback

/// Which changes of a vif's path are kept.
@Suite struct AccelerationHistoryTests {
    private let date = Date(timeIntervalSince1970: 0)

    @Test func aChangeLastsFromItsFirstStepToItsLast() {
        var history = AccelerationHistory()
        for (state, now) in [
            (AccelerationState.offered, UInt64(10)), (.granted, 20), (.proving, 100), (.proving, 150), (.connected, 400),
            (.connected, 500), (.draining, 1000), (.none, 1700), (.none, 1800),
        ] {
            history.note(AccelerationStatus(state: state, form: state == .connected ? "A" : nil), now: now, date: date)
        }
        #expect(history.changes.map(\.isFast) == [true, false])
        #expect(history.changes.map(\.nanoseconds) == [300, 700])
        #expect(history.changes.map(\.form) == ["A", nil])
    }

    @Test func aWayBackByForceHasItsReason() {
        var history = AccelerationHistory()
        let reason = AccelerationReason(.portReset, "reset")
        history.note(AccelerationStatus(state: .connected), now: 5, date: date)
        history.note(AccelerationStatus(state: .refused(reason), reason: reason), now: 9, date: date)
        #expect(history.changes.last?.reason == reason)
        #expect(history.changes.last?.nanoseconds == 0)
    }

    @Test func whatWasNeverFastIsNoChange() {
        var history = AccelerationHistory()
        for state in [AccelerationState.offered, .granted, .proving, .draining, .none] {
            history.note(AccelerationStatus(state: state), now: 1, date: date)
        }
        #expect(history.changes.isEmpty)
    }

    @Test func theOldestAreForgotten() {
        var history = AccelerationHistory()
        for turn in 0..<100 {
            history.note(AccelerationStatus(state: .connected), now: UInt64(turn) * 10, date: date)
            history.note(AccelerationStatus(), now: UInt64(turn) * 10 + 5, date: date)
        }
        #expect(history.changes.count == 64)
        #expect(history.changes.last?.isFast == false)
    }
}
