// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import Testing

@testable import viaduct

struct SequenceCheckerTests {
    private struct Counts: Equatable {
        var received: UInt64 = 0
        var lost: UInt64 = 0
        var reordered: UInt64 = 0
        var duplicated: UInt64 = 0
        var stale: UInt64 = 0
        var unknown: UInt64 = 0
    }

    private static func counts(_ checker: borrowing SequenceChecker) -> Counts {
        Counts(
            received: checker.received, lost: checker.lost, reordered: checker.reordered, duplicated: checker.duplicated,
            stale: checker.stale, unknown: checker.unknown)
    }

    private static func check(_ numbers: [UInt64], flow: UInt32 = 0, flowCount: Int = 1) -> Counts {
        var checker = SequenceChecker(flowCount: flowCount)
        for number in numbers { checker.check(SequenceHeader(flow: flow, sequence: number, sentAt: 0)) }
        return counts(checker)
    }

    private static let window = UInt64(SequenceChecker.window)

    @Test func consecutiveNumbersAreInOrder() {
        #expect(Self.check(Array(0..<10_000)) == Counts(received: 10_000))
    }

    @Test func aSkippedNumberIsLost() {
        #expect(Self.check([0, 1, 4]) == Counts(received: 3, lost: 2))
    }

    @Test func numbersBeforeTheFirstThatComesAreLost() {
        #expect(Self.check([3]) == Counts(received: 1, lost: 3))
    }

    @Test func aLateNumberIsReorderedAndLostNoMore() {
        #expect(Self.check([0, 2, 3, 1]) == Counts(received: 4, reordered: 1))
    }

    @Test func theSameNumberAgainIsDuplicated() {
        #expect(Self.check([0, 1, 1, 0, 2]) == Counts(received: 5, duplicated: 2))
    }

    @Test func aLateNumberThatComesTwiceIsReorderedOnceAndDuplicatedOnce() {
        #expect(Self.check([0, 2, 1, 1]) == Counts(received: 4, reordered: 1, duplicated: 1))
    }

    /// RFC 4737: a packet is reordered when its number is below the next expected one, so a reversed run has but one in order.
    @Test func aReversedRunIsReorderedButForItsFirst() {
        #expect(Self.check([4, 3, 2, 1, 0]) == Counts(received: 5, reordered: 4))
    }

    @Test func theOldestNumberInTheWindowIsStillTold() {
        #expect(Self.check([0, Self.window, 1]).reordered == 1)
        #expect(Self.check(Array(0...Self.window) + [1]).duplicated == 1)
    }

    @Test func aNumberBehindTheWindowIsStale() {
        let late = Self.check([0, 2 + Self.window, 1])
        #expect(late == Counts(received: 3, lost: 1 + Self.window, stale: 1))
        #expect(Self.check(Array(0...Self.window) + [0]) == Counts(received: Self.window + 2, stale: 1))
    }

    @Test(arguments: [window - 1, window, window + 1, 3 * window + 7])
    func aGapLeavesNoNumberOfItMarkedAsCome(gap: UInt64) {
        // Everything before the gap came, so that a slot that is not cleared would make a late number a duplicate.
        let last = 2 * Self.window + gap
        let late = last - 5
        let counts = Self.check(Array(0..<(2 * Self.window)) + [last, late])
        #expect(counts == Counts(received: 2 * Self.window + 2, lost: gap - 1, reordered: 1))
    }

    @Test func flowsDoNotMeetEachOther() {
        var checker = SequenceChecker(flowCount: 3)
        for number in 0..<100 as Range<UInt64> {
            for flow in 0..<3 as Range<UInt32> where !(flow == 1 && number == 50) {
                checker.check(SequenceHeader(flow: flow, sequence: number, sentAt: 0))
            }
        }
        #expect(Self.counts(checker) == Counts(received: 299, lost: 1))
        #expect(checker.expected(inFlow: 2) == 100)
    }

    @Test func whatASenderCannotHaveSentIsUnknown() {
        #expect(Self.check([0], flow: 1) == Counts(unknown: 1))
        #expect(Self.check([0], flow: .max) == Counts(unknown: 1))
        #expect(Self.check([.max]) == Counts(unknown: 1))
        #expect(Self.check([SequenceHeader.sequenceLimit]) == Counts(unknown: 1))
        #expect(Self.check([SequenceHeader.sequenceLimit - 1]).lost == SequenceHeader.sequenceLimit - 1)
    }

    @Test func withoutFlowsEverythingIsUnknown() {
        #expect(Self.check([0, 1], flowCount: 0) == Counts(unknown: 2))
    }

    @Test func theEndOfAFlowIsLostWhenTheSenderSentMore() {
        var checker = SequenceChecker(flowCount: 1)
        for number in [0, 1, 2] as [UInt64] { checker.check(SequenceHeader(flow: 0, sequence: number, sentAt: 0)) }
        checker.finish(flow: 0, sent: 5)
        #expect(Self.counts(checker) == Counts(received: 3, lost: 2))
        checker.check(SequenceHeader(flow: 0, sequence: 4, sentAt: 0))
        #expect(Self.counts(checker) == Counts(received: 4, lost: 1, reordered: 1))
        checker.finish(flow: 0, sent: 5)
        #expect(checker.lost == 1)
    }

    /// Against the definitions, said in the simplest way: sets and a maximum.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func randomArrivalsAreCountedAsDefined(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var numbers: [UInt64] = []
        for number in 0..<2000 as Range<UInt64> {
            if random.next() % 20 == 0 { continue }
            numbers.append(number)
            if random.next() % 20 == 0 { numbers.append(number) }
        }
        // Late by less than the window.
        for _ in 0..<200 {
            let from = Int(random.next() % UInt64(numbers.count))
            let to = min(from + Int(random.next() % 100), numbers.count - 1)
            numbers.insert(numbers.remove(at: from), at: to)
        }
        var expected = Counts()
        var come: Set<UInt64> = []
        var next: UInt64 = 0
        for number in numbers {
            expected.received += 1
            if !come.insert(number).inserted {
                expected.duplicated += 1
            } else if number < next {
                expected.reordered += 1
            }
            next = max(next, number + 1)
        }
        expected.lost = next - UInt64(come.count)
        #expect(Self.check(numbers) == expected)
    }
}
