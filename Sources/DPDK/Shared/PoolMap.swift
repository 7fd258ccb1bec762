// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// Every mbuf of a pool, noted while the pool is whole: what a pointer from another process is judged by, and what the pool is put
/// together from when its owner died with mbufs in its hands.
@safe
public final class PoolMap: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): nothing of the map changes after init; reset() and rebuild() are called while nobody uses the pool.
    let pointer: OpaquePointer
    public let pool: MempoolHandle

    /// - Parameter pool: outlives this map. All its mbufs are known to it, also those in use.
    public init(_ pool: MempoolHandle) throws(DPDKError) {
        var error: Int32 = 0
        guard let map = unsafe cdpdk_pool_map_create(pool.pointer, &error) else {
            throw DPDKError("note the mbufs of a pool", code: error)
        }
        unsafe pointer = map
        self.pool = pool
    }

    deinit { unsafe cdpdk_pool_map_free(pointer) }

    /// Empties the pool, in whatever state its dead owner left it, so that mbufs can be freed into it: stopping a queue does.
    public func reset() { unsafe cdpdk_pool_map_reset(pointer) }

    /// Puts every mbuf of the pool, as new, back into it.
    ///
    /// - Precondition: nobody touches the pool or any of its mbufs: not its owner, no queue, no ring's other end.
    public func rebuild() throws(DPDKError) {
        try DPDKError.check(unsafe cdpdk_pool_map_rebuild(pointer), "rebuild a pool")
    }
}
