// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// Zeroed memory on one NUMA node, for what does not come from DPDK's heaps: poll-loop state, counters.
@safe
public struct NUMAMemory: ~Copyable, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): an address; who may touch what behind it is the business of what is put there.
    @unsafe public let base: UnsafeMutableRawPointer
    public let byteCount: Int

    /// At least `byteCount` bytes, 64-byte aligned.
    ///
    /// - Parameter node: any node when negative.
    public init(byteCount: Int, node: Int) throws(DPDKError) {
        guard byteCount > 0, let memory = unsafe cdpdk_numa_alloc(byteCount, Int32(node)) else {
            throw DPDKError("allocate \(byteCount) bytes on NUMA node \(node)", code: 12)
        }
        unsafe base = memory
        self.byteCount = byteCount
    }

    deinit { unsafe cdpdk_numa_free(base, byteCount) }

    /// NUMA nodes of the machine; 1 where the kernel has no NUMA.
    public static var nodeCount: Int { Int(cdpdk_numa_node_count()) }
}
