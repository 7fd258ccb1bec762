// SPDX-License-Identifier: BSD-3-Clause
import DPDK

extension VifLane {
    /// Whether the lane serves a VI in software for this vif; lets go of it when it is no longer needed.
    @_noLocks
    mutating func servesVI() -> Bool {
        guard soft.isAttached else { return false }
        if soft.isSteering { return true }
        switch holdState {
        case .holding, .releasing: return true
        case .none:
            soft.detach()
            return false
        }
    }

    /// Takes a frame from the uplink for the guest's own address, on its way to the VI.
    @_noLocks
    mutating func offerToVI(_ mbuf: Mbuf, spent: inout MbufBurst) {
        count(.offered)
        if limitsToGuest(mbuf) { return drop(mbuf, .egressLimited, &spent) }
        if soft.outbox.freeCapacity == 0 { flushVI(&spent) }
        soft.outbox.append(mbuf)
    }

    /// Hands over what waits for the VI. What its ring has no room for is dropped, as by a NIC.
    @_noLocks
    mutating func flushVI(_ spent: inout MbufBurst) {
        if soft.outbox.isEmpty { return }
        count(.viDelivered, soft.deliver())
        count(.viFull, soft.outbox.free())
    }

    /// Frames go by the slow path again from now on.
    @_noLocks
    mutating func unsteer(_ spent: inout MbufBurst) {
        flushVI(&spent)
        soft.end()
        _ = servesVI()
    }
}
