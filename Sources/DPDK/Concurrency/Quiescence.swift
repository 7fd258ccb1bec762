// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// Quiescent-state based reclamation over `rte_rcu_qsbr`: pollers say when they hold no reference, the control plane waits
/// until all of them have said so since it swapped something (DPDK Programmer's Guide, "RCU Library").
@safe
public final class Quiescence: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): rte_rcu_qsbr is made for concurrent use.
    let pointer: OpaquePointer
    public let readerCapacity: Int

    public init(readers: Int) throws(DPDKError) {
        guard readers > 0, let qsbr = unsafe cdpdk_qsbr_create(UInt32(readers)) else {
            throw DPDKError("create quiescence domain", code: 12)
        }
        unsafe pointer = qsbr
        readerCapacity = readers
    }

    deinit { unsafe cdpdk_qsbr_free(pointer) }

    /// The handle of reader `index`, for its lcore alone.
    public func reader(_ index: Int) -> QuiescenceReader {
        precondition(index >= 0 && index < readerCapacity, "no such reader")
        return unsafe QuiescenceReader(pointer: pointer, index: UInt32(index))
    }

    /// Waits until every online reader has passed a quiescent state that began after this call did.
    ///
    /// - Returns: false when one did not within `timeoutMilliseconds`: it is stuck, and nothing may be freed.
    public func synchronize(timeoutMilliseconds: Int) -> Bool {
        unsafe cdpdk_qsbr_synchronize(pointer, UInt32(timeoutMilliseconds)) == 0
    }
}

/// One reader's side of a ``Quiescence``.
@safe @frozen
public struct QuiescenceReader: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): used by one lcore; the domain outlives it.
    @usableFromInline let pointer: OpaquePointer
    @usableFromInline let index: UInt32

    @unsafe init(pointer: OpaquePointer, index: UInt32) {
        unsafe self.pointer = pointer
        self.index = index
    }

    public func online() { _ = unsafe cdpdk_qsbr_online(pointer, index) }
    public func offline() { _ = unsafe cdpdk_qsbr_offline(pointer, index) }
    /// Says that this lcore holds no reference to anything that the control plane may swap.
    @inlinable @inline(always) @_noLocks public func quiescent() { unsafe cdpdk_qsbr_quiescent(pointer, index) }
}
