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
        // Their durations are not: one that came by force, as the state says, took no time.
        #expect(history.toFast.counts.reduce(0, +) == 100 && history.toSlow.counts.reduce(0, +) == 100)
        #expect(history.toFast.nanoseconds == 0 && history.toSlow.nanoseconds == 0)
    }

    @Test func eachDirectionHasItsDurations() {
        var history = AccelerationHistory()
        for (state, now) in [
            (AccelerationState.proving, UInt64(0)), (.connected, 500_000), (.draining, 1_000_000), (.none, 3_000_001),
            (.proving, 4_000_000), (.connected, 10_000_000_000),
        ] { history.note(AccelerationStatus(state: state), now: now, date: date) }
        // A duration that is a limit belongs below it, one beyond all limits into the last bucket.
        #expect(history.toFast.counts.enumerated().filter { $0.element > 0 }.map(\.offset) == [0, SwitchDurations.limits.count])
        #expect(history.toFast.nanoseconds == 500_000 + 9_996_000_000)
        #expect(history.toSlow.counts.firstIndex(of: 1) == 3 && history.toSlow.nanoseconds == 2_000_001)
        #expect(SwitchDurations.limits == SwitchDurations.limits.sorted())
    }
}
