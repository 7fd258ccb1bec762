// SPDX-License-Identifier: BSD-3-Clause
import DPDK

extension VifLane {
    /// Why the vif's policy drops a frame that the guest sent; nil when it passes. One branch where there is no policy.
    @inline(always) @_noLocks
    mutating func refusal(of mbuf: Mbuf) -> PathCounter? {
        guard let policy else { return nil }
        return policy.state.refusal(of: mbuf)
    }

    /// Whether the vif's policy drops a frame on its way to the guest.
    @inline(always) @_noLocks
    mutating func limitsToGuest(_ mbuf: Mbuf) -> Bool {
        guard let policy else { return false }
        return policy.state.limitsToGuest(mbuf)
    }
}
