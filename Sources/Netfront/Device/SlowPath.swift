// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// A guest's way to netback as its lcore works on it.
enum SlowPath {
    /// A port's queue pair: virtio_user.
    case port(QueuePair)
    /// The rings that an attached guest shares with netback.
    case rings(SharedSlowPath)

    /// Appends up to `limit` frames to `burst`, as many as it has room for; how many.
    @inline(__always) @_noLocks
    func receive(into burst: inout MbufBurst, limit: Int) -> Int {
        switch self {
        case .port(let queuePair): queuePair.receive(into: &burst, limit: limit)
        case .rings(let rings): rings.receive(into: &burst, limit: limit)
        }
    }

    /// Sends the burst's first frames, as many as there is room for; how many. The rest stay in the burst.
    @inline(__always) @_noLocks
    func transmit(_ burst: inout MbufBurst) -> Int {
        switch self {
        case .port(let queuePair): queuePair.transmit(&burst)
        case .rings(let rings): rings.transmit(&burst)
        }
    }
}
