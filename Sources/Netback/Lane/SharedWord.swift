// SPDX-License-Identifier: BSD-3-Clause
import Synchronization

/// One word that a thread of the control plane or of librte_vhost publishes to the lane, or the lane to them.
///
/// A handle: whoever allocates it frees it, after the last user is gone.
@safe
struct SharedWord: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): an atomic cell; its life is the owner's business.
    private let cell: UnsafeMutablePointer<Atomic<UInt64>>

    static func allocate() -> SharedWord {
        let cell = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: 1)
        unsafe cell.initialize(to: Atomic(0))
        return unsafe SharedWord(cell: cell)
    }

    func deallocate() {
        unsafe cell.deinitialize(count: 1)
        unsafe cell.deallocate()
    }

    @inline(always) @_noLocks
    func load() -> UInt64 { unsafe cell.pointee.load(ordering: .acquiring) }

    @inline(always) @_noLocks
    func store(_ value: UInt64) { unsafe cell.pointee.store(value, ordering: .releasing) }
}
