// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing

/// A meter that is fed with a time of the test's own: nothing here depends on a clock.
@Suite struct MeterTests {
    private static let start: UInt64 = 1 << 40

    /// Units of `cost` that pass when one is tried `tries` times a second for that long, evenly.
    private func passed(_ meter: borrowing Meter, cost: Int, tries: UInt64, seconds: UInt64, from: UInt64 = start) -> Int {
        var sum = 0
        for turn in 0..<tries * seconds {
            let time = from + TSC.hertz / tries * turn
            if meter.handle.passes(cost, now: time) { sum += cost }
        }
        return sum
    }

    @Test func theBurstPassesAtOnceAndNothingMore() throws {
        try EALFixture.exclusively {
            let meter = try Meter(rate: 1000, burst: 15_000, now: Self.start)
            let passes = (0..<20).map { _ in meter.handle.passes(1500, now: Self.start) }
            #expect(passes == Array(repeating: true, count: 10) + Array(repeating: false, count: 10))
        }
    }

    /// In any number of seconds the rate passes, and the burst once.
    @Test(arguments: [1000, 125_000, 1_250_000_000] as [UInt64])
    func theRatePassesOverTime(rate: UInt64) throws {
        try EALFixture.exclusively {
            let meter = try Meter(rate: rate, burst: 3000, now: Self.start)
            let cost = rate < 10_000 ? 10 : 1000
            // Twice as much is tried as may pass.
            let tries = 2 * rate / UInt64(cost)
            let seconds: UInt64 = rate > 1_000_000 ? 1 : 10
            let sum = passed(meter, cost: cost, tries: tries, seconds: seconds)
            let wanted = Double(rate * seconds)
            #expect(Double(sum) >= wanted * 0.99 && Double(sum) <= wanted * 1.01 + 3000, "\(sum) of \(wanted)")
        }
    }

    @Test func whatIsRefusedTakesNothing() throws {
        try EALFixture.exclusively {
            let meter = try Meter(rate: 1, burst: 2000, now: Self.start)
            let tooMuch = (0..<100).map { _ in meter.handle.passes(2001, now: Self.start) }
            #expect(!tooMuch.contains(true))
            #expect(meter.handle.passes(2000, now: Self.start))
        }
    }

    @Test func anIdleBucketIsFullAndNoFuller() throws {
        try EALFixture.exclusively {
            // As long as the documented limits allow, and far longer than a burst takes.
            let meter = try Meter(rate: Meter.maximumRate, burst: Meter.maximumBurst, now: Self.start)
            let later = Self.start + TSC.hertz * 3600 * 24 * 365
            #expect(meter.handle.passes(Int(Meter.maximumBurst), now: later))
            #expect(!meter.handle.passes(1000, now: later))
        }
    }

    @Test func aClockThatIsBehindGivesNothingAway() throws {
        try EALFixture.exclusively {
            let meter = try Meter(rate: 1000, burst: 1500, now: Self.start)
            #expect(meter.handle.passes(1500, now: Self.start - 1000))
            #expect(!meter.handle.passes(1500, now: Self.start - TSC.hertz * 100))
            #expect(meter.handle.passes(1500, now: Self.start + TSC.hertz * 2))
        }
    }

    @Test func whatNoMeterTakesIsRefused() throws {
        try EALFixture.exclusively {
            for (rate, burst) in [(0, 1500), (Meter.maximumRate + 1, 1500), (1000, 0), (1000, Meter.maximumBurst + 1)] {
                #expect(throws: DPDKError.self) { _ = try Meter(rate: rate, burst: burst, now: 0) }
            }
        }
    }
}
