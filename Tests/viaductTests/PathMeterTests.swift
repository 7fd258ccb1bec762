// SPDX-License-Identifier: BSD-3-Clause
import Netfront
import Testing

@testable import viaduct

struct PathMeterTests {
    private static func sample(
        _ time: Double, _ path: SwitchRecord.Path?, fast: UInt64 = 0, slow: UInt64 = 0
    ) -> PathSample {
        PathSample(time: time, path: path, fastPackets: fast, fastBytes: fast * 1000, slowPackets: slow, slowBytes: slow * 100)
    }

    @Test func eachPathIsMeasuredWhileItIsInUse() {
        var meter = PathMeter()
        meter.note(Self.sample(0, .slow))
        meter.note(Self.sample(2, .slow, slow: 2_000_000))
        meter.note(Self.sample(3, nil, fast: 5, slow: 2_500_000))
        meter.note(Self.sample(4, .fast, fast: 1_000_000, slow: 2_600_000))
        meter.note(Self.sample(5, .fast, fast: 2_000_000, slow: 2_600_010))
        #expect(meter.slow == PathMeter.Totals(seconds: 2, packets: 2_000_000, bytes: 200_000_000))
        #expect(meter.fast == PathMeter.Totals(seconds: 1, packets: 1_000_000, bytes: 1_000_000_000))
        #expect(meter.slow.megapacketsPerSecond == 1)
        #expect(meter.fast.gigabitsPerSecond == 8)
    }

    @Test func aPathThatWasNeverInUseHasNoThroughput() {
        let meter = PathMeter()
        #expect(meter.fast.megapacketsPerSecond == 0)
        #expect(meter.fast.gigabitsPerSecond == 0)
    }

    @Test func aTimelineHasAPhaseForEachStretchOfAPath() {
        var timeline = PathTimeline()
        for (time, path) in [
            (0.0, SwitchRecord.Path.slow), (1, .slow), (2, nil), (3, .fast), (4, .fast), (5, nil), (6, .fast), (7, .slow),
        ] as [(Double, SwitchRecord.Path?)] { timeline.note(path, at: time) }
        #expect(timeline.phases.map(\.path) == [.slow, .fast, .fast, .slow])
        #expect(timeline.phases.map(\.seconds) == [1, 1, 0, 0])
    }

    @Test func aPathIsKnownOnlyForTimesWithoutASwitch() {
        var timeline = PathTimeline()
        for (time, path) in [(0.0, SwitchRecord.Path.slow), (2, .slow), (3, nil), (4, .fast), (6, .fast)]
            as [(Double, SwitchRecord.Path?)]
        { timeline.note(path, at: time) }
        #expect(timeline.path(from: 0.5, to: 1.5) == .slow)
        #expect(timeline.path(from: 4, to: 6) == .fast)
        #expect(timeline.path(from: 1.5, to: 2.5) == nil)
        #expect(timeline.path(from: 1.5, to: 4.5) == nil)
    }

    @Test func theDemonstrationGoesOnOffAndOn() {
        var schedule = SwitchSchedule.demonstration(seconds: 6)
        #expect(schedule.changes.map(\.at) == [1, 3, 4])
        #expect(schedule.changes.map(\.wanted) == [true, false, true])
        #expect(schedule.takeDue(at: 0.9) == nil)
        #expect(schedule.takeDue(at: 3.5)?.at == 1)
        #expect(schedule.takeDue(at: 3.5)?.at == 3)
        #expect(schedule.takeDue(at: 3.5) == nil)
    }

    @Test func alternatingChangesBeginWithOn() {
        let schedule = SwitchSchedule.alternating(7, seconds: 16)
        #expect(schedule.changes.map(\.at) == [2, 4, 6, 8, 10, 12, 14])
        #expect(schedule.changes.map(\.wanted) == [true, false, true, false, true, false, true])
    }
}
