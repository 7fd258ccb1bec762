// SPDX-License-Identifier: BSD-3-Clause
import Synchronization

/// How often each hook was called: the one thing that this plugin's hot hooks do.
///
/// Hot hooks run on lcores, which neither lock nor allocate nor log. What they have to tell they leave in atomic cells, for a
/// control-plane thread to read. `@safe` around a raw pointer, because `@_noLocks` code may not touch a class.
@safe
struct DummyCalls: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): atomic cells; `DummyJournal` owns the memory.
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>

    /// Cells at zero.
    static func make() -> DummyCalls {
        let cells = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: DummyHook.allCases.count)
        for hook in DummyHook.allCases { unsafe (cells + hook.rawValue).initialize(to: Atomic(0)) }
        return unsafe DummyCalls(cells: cells)
    }

    @unsafe private init(cells: UnsafeMutablePointer<Atomic<UInt64>>) { unsafe self.cells = cells }

    func free() {
        unsafe cells.deinitialize(count: DummyHook.allCases.count)
        unsafe cells.deallocate()
    }

    /// Hot. Several lcores may count at once, so this is a read-modify-write; a plugin that is used would count per lcore.
    @_noLocks
    func count(_ hook: DummyHook) {
        // SAFETY: one byte counts the cases of an enum without payloads, in their order. Its `rawValue` would be a call that
        // the compiler cannot see through here.
        let cell = unsafe Int(unsafeBitCast(hook, to: UInt8.self))
        unsafe _ = cells[cell].wrappingAdd(1, ordering: .relaxed)
    }

    subscript(hook: DummyHook) -> UInt64 { unsafe cells[hook.rawValue].load(ordering: .relaxed) }
}
