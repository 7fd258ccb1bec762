// SPDX-License-Identifier: BSD-3-Clause
import Dataplane

/// A row of ``PathCounter``s that the lane writes.
struct CounterRow: Sendable {
    private let counters: Counters

    init(_ block: CounterBlock) {
        precondition(block.counters.count >= PathCounter.allCases.count, "a row has a cell for each counter")
        counters = block.counters
    }

    @inline(always) @_noLocks
    func add(_ amount: Int = 1, to counter: PathCounter) { counters.add(amount, to: counter.place) }

    @inline(always) @_noLocks
    func set(_ value: Int, at counter: PathCounter) {
        counters.set(UInt64(truncatingIfNeeded: value), at: counter.place)
    }

    subscript(counter: PathCounter) -> UInt64 { counters[counter.place] }

    static func makeBlock() -> CounterBlock { CounterBlock(count: PathCounter.allCases.count) }
}
