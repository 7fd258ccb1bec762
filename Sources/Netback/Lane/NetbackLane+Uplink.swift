// SPDX-License-Identifier: BSD-3-Clause
import CViaductAccel
import DPDK

extension NetbackLane {
    /// Receives a burst from the default queue, shows it to the plugin, switches it; how many frames.
    @_noLocks
    mutating func pollUplink() -> Int {
        // What its queue held is lost, and it counts as empty.
        let count = isUplinkSuspended ? 0 : uplink.receive(into: &received)
        drainGuestFences(received: count)
        guard count > 0 else { return 0 }
        totals.add(count, to: .wireReceived)
        if let hooks = unsafe hookTable {
            unsafe viaduct_call_received_from_wire(hooks, received.unsafeRawSlots, UInt16(truncatingIfNeeded: count))
        }
        var index = 0
        while index < count {
            switchFromUplink(received[index])
            index += 1
        }
        received.removeAll()
        return count
    }

    /// Posts what waits for the wire, in order; what does not fit stays.
    @_noLocks
    mutating func flushUplink() {
        if isUplinkSuspended { return discardUplink() }
        let count = uplinkOutbox.count
        if count > 0 {
            if count > announced, let hooks = unsafe hookTable {
                unsafe viaduct_call_transmitted_to_wire(
                    hooks, uplinkOutbox.unsafeRawSlots + announced, UInt16(truncatingIfNeeded: count - announced))
            }
            let sent = uplink.transmit(&uplinkOutbox)
            announced = count - sent
            posted &+= UInt64(sent)
            totals.add(sent, to: .wireTransmitted)
        }
        totals.set(uplinkOutbox.count, at: .uplinkQueued)
    }

    /// Drops what waits for the wire: guests must not wait for each other behind it.
    @_noLocks
    private mutating func discardUplink() {
        let count = uplinkOutbox.free()
        totals.add(count, to: .uplinkDown)
        // What is gone is done with, also for a fence behind it.
        posted &+= UInt64(count)
        announced = 0
        totals.set(0, at: .uplinkQueued)
    }

    @unsafe
    private var hookTable: UnsafePointer<viaduct_backend_hooks>? {
        @inline(always) @_noLocks get { unsafe UnsafePointer(bitPattern: UInt(hooks)) }
    }
}
