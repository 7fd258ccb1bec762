// SPDX-License-Identifier: BSD-3-Clause
import Testing

@testable import viaduct

struct OutstandingWindowTests {
    /// A tick is a microsecond.
    private static let hertz: UInt64 = 1_000_000

    @Test func framesOnTheirWayTakeRoom() {
        var window = OutstandingWindow(capacity: 10, hertz: Self.hertz, now: 0)
        window.sent(7, at: 1)
        #expect(window.room(at: 1) == 3)
        window.sent(3, at: 1)
        #expect(window.room(at: 2) == 0)
        window.returned(sentAt: 1)
        #expect(window.room(at: 2) == 1)
        #expect(window.outstanding == 9)
    }

    @Test func aFrameIsLostWhenALaterOneIsBackAndHalfASecondIsOver() {
        var window = OutstandingWindow(capacity: 10, hertz: Self.hertz, now: 0)
        window.sent(6, at: 1)
        window.sent(4, at: 100_000)
        window.returned(sentAt: 100_000)
        #expect(window.room(at: 500_000) == 1)
        #expect(window.room(at: 563_000) == 7)
        #expect(window.expired == 6)
    }

    @Test func aPathThatStandsStillKeepsTheWindowFull() {
        var window = OutstandingWindow(capacity: 10, hertz: Self.hertz, now: 0)
        window.sent(5, at: 1)
        window.sent(5, at: 100_000)
        #expect(window.room(at: 4_900_000) == 0)
        // It moves again: the frames come back in order, and none is lost.
        for _ in 0..<5 { window.returned(sentAt: 1) }
        #expect(window.room(at: 4_950_000) == 5)
        for _ in 0..<5 { window.returned(sentAt: 100_000) }
        #expect(window.room(at: 4_950_000) == 10)
        #expect(window.expired == 0)
    }

    @Test func withoutAnyReturnFramesAreLostAfterFiveSeconds() {
        var window = OutstandingWindow(capacity: 10, hertz: Self.hertz, now: 0)
        window.sent(10, at: 1)
        #expect(window.room(at: 5_000_000) == 0)
        #expect(window.room(at: 5_063_000) == 10)
        #expect(window.expired == 10)
    }

    @Test func anOwnerThatExpectsLossesWaitsLess() {
        var window = OutstandingWindow(capacity: 10, hertz: Self.hertz, now: 0, longPatience: 12)
        window.sent(10, at: 1)
        #expect(window.room(at: 750_000) == 0)
        #expect(window.room(at: 813_000) == 10)
        #expect(window.expired == 10)
    }

    @Test func aFrameThatLeftIsNotCountedAgainWhenItComes() {
        var window = OutstandingWindow(capacity: 10, hertz: Self.hertz, now: 0)
        window.sent(2, at: 1)
        _ = window.room(at: 6_000_000)
        window.sent(1, at: 6_000_000)
        window.returned(sentAt: 1)
        #expect(window.outstanding == 1)
    }

    @Test func moreReturnsThanWereSentChangeNothing() {
        var window = OutstandingWindow(capacity: 10, hertz: Self.hertz, now: 0)
        window.sent(1, at: 5)
        for _ in 0..<3 { window.returned(sentAt: 5) }
        window.returned(sentAt: .max)
        window.returned(sentAt: 400_000)
        #expect(window.outstanding == 0)
        #expect(window.room(at: 5) == 10)
    }

    @Test func aLongSilenceEmptiesTheWindow() {
        var window = OutstandingWindow(capacity: 10, hertz: Self.hertz, now: 0)
        window.sent(4, at: 5)
        window.sent(4, at: 300_000)
        #expect(window.room(at: 1 << 60) == 10)
        #expect(window.outstanding == 0)
        #expect(window.expired == 8)
    }
}
