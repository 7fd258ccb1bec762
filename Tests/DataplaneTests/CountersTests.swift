// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import Testing

@Suite struct CountersTests {
    @Test func eachCounterIsItsOwn() {
        let block = CounterBlock(count: 9)
        let counters = block.counters
        counters.add(3, to: 0)
        counters.add(4, to: 8)
        counters.add(5, to: 8)
        counters.set(7, at: 4)
        #expect((0..<9).map { counters[$0] } == [3, 0, 0, 0, 7, 0, 0, 0, 9])
    }

    @Test func aCounterWrapsRatherThanTraps() {
        let block = CounterBlock(count: 1)
        block.counters.set(.max, at: 0)
        block.counters.add(2, to: 0)
        #expect(block.counters[0] == 1)
    }

    @Test func aCounterThatIsNotThereIsAMistakeOfOurs() async {
        await #expect(processExitsWith: .failure) { CounterBlock(count: 1).counters.add(1, to: 1) }
    }
}
