// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Netfront

/// Sends sequence-numbered flows to one destination at a bounded rate; drops and counts what it receives.
struct SourceApplication: GuestApplication, ~Copyable {
    static let name = "source"
    static let poll: Poller.Function = unsafe viaduct_poll_source

    private(set) var source: TrafficSource
    private let counters: Counters
    private var outbox = MbufBurst(capacity: 64)
    private var inbox = MbufBurst(capacity: 64)

    init(_ source: consuming TrafficSource, counters: Counters) {
        self.source = source
        self.counters = counters
    }

    @_noLocks
    mutating func poll(_ guest: GuestDeviceHandle) -> Int {
        let received = guest.receive(into: &inbox)
        if received > 0 {
            inbox.free()
            counters.add(received, to: ApplicationCounter.received.index)
        }
        if outbox.isEmpty { _ = source.fill(&outbox, limit: outbox.capacity, pool: guest.pool, now: TSC.now()) }
        if outbox.isEmpty { return received }
        let sent = guest.transmit(&outbox)
        counters.add(sent, to: ApplicationCounter.sent.index)
        counters.set(UInt64(truncatingIfNeeded: outbox.count), at: ApplicationCounter.unsent.index)
        return received + sent
    }
}

@c @_noLocks
func viaduct_poll_source(_ context: UnsafeMutableRawPointer) -> UInt32 {
    let slot = unsafe context.assumingMemoryBound(to: ApplicationSlot<SourceApplication>.self)
    let guest = unsafe slot.pointee.guest
    return unsafe UInt32(truncatingIfNeeded: slot.pointee.application.poll(guest))
}
