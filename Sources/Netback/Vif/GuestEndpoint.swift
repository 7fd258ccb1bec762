// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The other end of a vif's slow path as the lane works on it.
enum GuestEndpoint {
    /// The vrings of a guest that is connected by vhost-user.
    case vhost(VhostQueuePair)
    /// The rings shared with an attached guest.
    case rings(GuestRingsHandle)

    /// Copies the burst's first frames to the guest, as many as it has buffers for. The mbufs all stay the caller's.
    @inline(always) @_noLocks
    func enqueue(_ burst: borrowing MbufBurst) -> GuestRingsHandle.Outcome {
        switch self {
        case .vhost(let vrings): GuestRingsHandle.Outcome(count: vrings.enqueue(burst), refused: 0)
        case .rings(let rings): rings.enqueue(burst)
        }
    }

    /// Copies what the guest sent into mbufs of `pool`. The refused part never gets there.
    @inline(always) @_noLocks
    func dequeue(into burst: inout MbufBurst, pool: MempoolHandle) -> GuestRingsHandle.Outcome {
        switch self {
        case .vhost(let vrings):
            GuestRingsHandle.Outcome(count: vrings.dequeue(into: &burst, pool: pool), refused: 0)
        case .rings(let rings): rings.dequeue(into: &burst, pool: pool)
        }
    }
}
