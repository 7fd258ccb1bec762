// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK

/// A plugin's hooks together with its state for one device: what a guest's lcore calls.
///
/// Published to the lcore by one atomic pointer, and freed when no lcore can be inside.
@safe
struct PluginBinding {
    let hooks: UnsafePointer<viaduct_frontend_hooks>
    let device: UnsafeMutableRawPointer

    /// Appends what the VI received to `burst`, at most `limit`; how many.
    @_noLocks
    func poll(into burst: inout MbufBurst, limit: Int) -> Int {
        let room = burst.freeCapacity < limit ? burst.freeCapacity : limit
        guard room > 0 else { return 0 }
        let slots = unsafe burst.unsafeRawSlots + burst.count
        let received = unsafe Int(viaduct_call_poll(hooks, device, slots, UInt16(truncatingIfNeeded: room)))
        // A plugin that claims more than it was lent is broken: not a peer's doing.
        precondition(received <= room, "plugin returned more mbufs than asked for")
        unsafe burst.unsafeCommit(received)
        return received
    }

    @_noLocks
    func transmit(_ burst: borrowing MbufBurst, count: Int, verdicts: UnsafeMutablePointer<UInt8>) {
        unsafe viaduct_call_transmit(hooks, device, burst.unsafeRawSlots, verdicts, UInt16(truncatingIfNeeded: count))
    }

    /// nil where the plugin cannot tell.
    @_noLocks
    func isTransmitDone() -> Bool? {
        let result = unsafe viaduct_call_transmit_done(hooks, device)
        return result < 0 ? nil : result == 1
    }

    @_noLocks
    func clock() -> UInt64 { unsafe viaduct_call_clock(hooks, device) }
}
