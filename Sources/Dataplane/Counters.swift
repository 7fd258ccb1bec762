// SPDX-License-Identifier: BSD-3-Clause
public import Synchronization

/// A row of counters with one writer (an lcore) and any number of readers.
///
/// The writer neither locks nor uses a read-modify-write instruction; readers see each counter whole and never going back,
/// but not all of them at one instant. Memory is the owner's: see ``CounterBlock``.
@safe @frozen
public struct Counters: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): atomic cells; a single writer is the owner's promise.
    @usableFromInline let cells: UnsafeMutablePointer<Atomic<UInt64>>
    public let count: Int

    @unsafe init(_ cells: UnsafeMutablePointer<Atomic<UInt64>>, count: Int) {
        unsafe self.cells = cells
        self.count = count
    }

    /// Adds `amount` (not negative) to counter `index`.
    @inlinable @inline(always) @_noLocks
    public func add(_ amount: Int, to index: Int) {
        precondition(index >= 0 && index < count, "no such counter")
        let cell = unsafe cells + index
        // A counter wraps after 2^64.
        unsafe cell.pointee.store(
            cell.pointee.load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    /// Sets counter `index`, for values that are not sums: a depth, a time.
    @inlinable @inline(always) @_noLocks
    public func set(_ value: UInt64, at index: Int) {
        precondition(index >= 0 && index < count, "no such counter")
        unsafe cells[index].store(value, ordering: .relaxed)
    }

    @inlinable public subscript(index: Int) -> UInt64 {
        @inline(always) @_noLocks get {
            precondition(index >= 0 && index < count, "no such counter")
            return unsafe cells[index].load(ordering: .relaxed)
        }
    }
}

/// Owns the memory of a row of ``Counters``, on cache lines of its own.
@safe
public final class CounterBlock: Sendable {
    public let counters: Counters

    /// `count` counters at zero.
    public init(count: Int) {
        precondition(count > 0, "a block has counters")
        let memory = UnsafeMutableRawPointer.allocate(byteCount: (count * 8 + 63) / 64 * 64, alignment: 64)
        let cells = unsafe memory.bindMemory(to: Atomic<UInt64>.self, capacity: count)
        for index in 0..<count { unsafe (cells + index).initialize(to: Atomic(0)) }
        unsafe counters = Counters(cells, count: count)
    }

    deinit {
        unsafe counters.cells.deinitialize(count: counters.count)
        unsafe UnsafeMutableRawPointer(counters.cells).deallocate()
    }
}
