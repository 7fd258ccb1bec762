// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Keeps mbufs out of their pool.
struct MbufHoard: ~Copyable {
    private let pool: MempoolHandle
    private var burst = MbufBurst(capacity: 4096)

    init(_ pool: MempoolHandle) { self.pool = pool }

    /// Takes every mbuf that is not in use or in a lcore's cache.
    mutating func takeAll() { while burst.freeCapacity > 0, pool.allocate(1, into: &burst) {} }

    mutating func giveBack() { burst.free() }
}
