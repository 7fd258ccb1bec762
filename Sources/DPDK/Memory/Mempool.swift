// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// A pool of mbufs that this value owns; freed with it, so keep it until no port, ring or queue holds one of its mbufs.
@safe
public struct Mempool: ~Copyable, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): rte_mempool is safe to use from any lcore; the pointer never changes.
    public let handle: MempoolHandle
    public let name: String

    /// - Parameters:
    ///   - name: unique in the process, at most 25 bytes.
    ///   - count: mbufs; optimum one less than a power of two.
    ///   - dataRoom: bytes a buffer, with the headroom (128) included.
    ///   - cacheSize: mbufs that each lcore keeps for itself; at most 512 and `count`/1.5.
    public init(
        name: String, count: Int, dataRoom: Int = 2176, cacheSize: Int = 256, numaNode: Int = -1
    ) throws(DPDKError) {
        guard name.utf8.count <= 25, count > 0, count <= 1 << 24, dataRoom > 128, dataRoom <= 0xFFFF, cacheSize >= 0 else {
            throw DPDKError("create mempool \(name)", code: 22)
        }
        var error: Int32 = 0
        let cache = min(cacheSize, 512, count * 2 / 3)
        guard
            let pool = unsafe cdpdk_mempool_create(
                name, UInt32(count), UInt32(cache), UInt16(dataRoom), Int32(numaNode), &error)
        else { throw DPDKError("create mempool \(name) of \(count) mbufs", code: error) }
        unsafe handle = MempoolHandle(pool)
        self.name = name
    }

    deinit { unsafe cdpdk_mempool_free(handle.pointer) }
}

/// A borrowed mempool: valid while its ``Mempool`` lives.
@safe @frozen
public struct MempoolHandle: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): as Mempool.
    @usableFromInline let pointer: OpaquePointer
    @inlinable @_noLocks @unsafe init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    /// A pool by its name, as a grant carries it.
    public init?(named name: String) {
        guard let found = unsafe cdpdk_mempool_lookup(name) else { return nil }
        unsafe pointer = found
    }

    public var name: String { unsafe String(cString: cdpdk_mempool_name(pointer)) }
    /// Mbufs that are not in the pool: in use, or on their way.
    public var inUse: Int { unsafe Int(cdpdk_mempool_in_use(pointer)) }
    public var size: Int { unsafe Int(cdpdk_mempool_size(pointer)) }

    /// Adds `count` fresh mbufs to `burst`, or none when the pool has not that many.
    @inlinable @_noLocks
    public func allocate(_ count: Int, into burst: inout MbufBurst) -> Bool {
        guard count > 0, count <= burst.freeCapacity else { return count == 0 }
        guard unsafe cdpdk_mbuf_alloc_bulk(pointer, burst.unsafeFreeSlots, UInt32(truncatingIfNeeded: count)) == 0 else {
            return false
        }
        unsafe burst.unsafeCommit(count)
        return true
    }
}
