// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Netfront

/// Joins the guest's device to a TAP device, so that a kernel is the guest.
struct TapApplication: GuestApplication, ~Copyable {
    static let name = "tap"
    static let poll: Poller.Function = unsafe viaduct_poll_tap

    private let tap: QueuePair
    private let counters: Counters
    private var fromGuest = MbufBurst(capacity: 64)
    private var toGuest = MbufBurst(capacity: 64)

    init(tap: QueuePair, counters: Counters) {
        self.tap = tap
        self.counters = counters
    }

    @_noLocks
    mutating func poll(_ guest: GuestDeviceHandle) -> Int {
        var work = guest.receive(into: &fromGuest)
        if work > 0 {
            counters.add(work, to: ApplicationCounter.received.index)
            tap.transmit(&fromGuest)
            // A TAP device takes whatever it is given, unless it is down: then frames end here, as at any interface.
            counters.add(fromGuest.free(), to: ApplicationCounter.ignored.index)
        }
        work += tap.receive(into: &toGuest)
        if toGuest.isEmpty { return work }
        let sent = guest.transmit(&toGuest)
        counters.add(sent, to: ApplicationCounter.sent.index)
        counters.set(UInt64(truncatingIfNeeded: toGuest.count), at: ApplicationCounter.unsent.index)
        return work + sent
    }
}

@c @_noLocks
func viaduct_poll_tap(_ context: UnsafeMutableRawPointer) -> UInt32 {
    let slot = unsafe context.assumingMemoryBound(to: ApplicationSlot<TapApplication>.self)
    let guest = unsafe slot.pointee.guest
    return unsafe UInt32(truncatingIfNeeded: slot.pointee.application.poll(guest))
}
