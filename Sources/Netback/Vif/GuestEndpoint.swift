// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The other end of a vif's slow path as the lane works on it.
enum GuestEndpoint {
    /// The vrings of a guest that is connected by vhost-user.
    case vhost(VhostQueuePair)
    /// The rings shared with an attached guest.
    case rings(GuestRingsHandle)

    /// Copies the burst's frames from place `first` on to the guest, as many as it has buffers for. The mbufs all stay the caller's.
    @inline(always) @_noLocks
    func enqueue(_ burst: borrowing MbufBurst, from first: Int = 0) -> GuestRingsHandle.Outcome {
        switch self {
        case .vhost(let vrings): GuestRingsHandle.Outcome(count: vrings.enqueue(burst, from: first), refused: 0)
        case .rings(let rings): rings.enqueue(burst, from: first)
        }
    }

    /// Copies what the guest sent into mbufs of `pool`. The refused part never gets there.
    @inline(always) @_noLocks
    func dequeue(into burst: inout MbufBurst, pool: MempoolHandle, limit: Int) -> GuestRingsHandle.Outcome {
        switch self {
        case .vhost(let vrings):
            GuestRingsHandle.Outcome(count: vrings.dequeue(into: &burst, pool: pool, limit: limit), refused: 0)
        case .rings(let rings): rings.dequeue(into: &burst, pool: pool, limit: limit)
        }
    }
}
