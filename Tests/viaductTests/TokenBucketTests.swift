// SPDX-License-Identifier: BSD-3-Clause
import Testing

@testable import viaduct

struct TokenBucketTests {
    private static let hertz: UInt64 = 2_400_000_000

    /// Packets sent in `ticks` when the bucket is asked every `step` ticks.
    private static func sent(rate: UInt64, burst: Int, ticks: UInt64, step: UInt64) -> Int {
        var bucket = TokenBucket(packetsPerSecond: rate, burst: burst, hertz: hertz, now: 1000)
        var total = 0
        for now in stride(from: 1000 + step, through: 1000 + ticks, by: Int(step)) {
            let available = bucket.available(at: now)
            bucket.spend(available)
            total += available
        }
        return total
    }

    @Test(arguments: [1, 7, 1000, 200_000, 14_880_952, 100_000_000] as [UInt64])
    func theRateIsKept(rate: UInt64) {
        // A step that never fills the bucket.
        let total = Self.sent(rate: rate, burst: 512, ticks: 2 * Self.hertz, step: 6_007)
        let wanted = Int(2 * rate)
        #expect(total <= wanted)
        #expect(total >= wanted - max(wanted / 1000, 1))
    }

    @Test func aStallIsFollowedByABurstAtMost() {
        var bucket = TokenBucket(packetsPerSecond: 1_000_000, burst: 64, hertz: Self.hertz, now: 0)
        #expect(bucket.available(at: 10 * Self.hertz) == 64)
        bucket.spend(64)
        #expect(bucket.available(at: 10 * Self.hertz) == 0)
        #expect(bucket.available(at: 10 * Self.hertz + Self.hertz / 1_000_000 + 1) == 1)
    }

    @Test func nothingMayGoAtTheStart() {
        var bucket = TokenBucket(packetsPerSecond: 1_000_000, burst: 64, hertz: Self.hertz, now: 5)
        #expect(bucket.available(at: 5) == 0)
    }

    @Test func aClockThatGoesBackGivesNothing() {
        var bucket = TokenBucket(packetsPerSecond: 1_000_000, burst: 64, hertz: Self.hertz, now: 1_000_000)
        #expect(bucket.available(at: 10) == 0)
    }

    @Test func whatIsNotSpentIsKept() {
        var bucket = TokenBucket(packetsPerSecond: 1_000_000, burst: 64, hertz: Self.hertz, now: 0)
        #expect(bucket.available(at: Self.hertz / 100_000) == 10)
        bucket.spend(4)
        #expect(bucket.available(at: Self.hertz / 100_000) == 6)
    }

    @Test func withoutALimitThereIsAlwaysABurst() {
        var bucket = TokenBucket(packetsPerSecond: nil, burst: 100, hertz: Self.hertz, now: 0)
        for _ in 0..<3 {
            #expect(bucket.available(at: 0) == 100)
            bucket.spend(100)
        }
    }

    @Test func theSlowestRateAndTheLongestTimeDoNotOverflow() {
        var bucket = TokenBucket(packetsPerSecond: 1, burst: 4096, hertz: 5_000_000_000, now: 0)
        #expect(bucket.available(at: .max) == 4096)
        bucket.spend(4096)
        #expect(bucket.available(at: .max) == 0)
    }
}
