// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Netfront
import Wire

/// Takes every packet, counts it, and checks its sequence number.
struct SinkApplication: GuestApplication, ~Copyable {
    static let name = "sink"
    static let poll: Poller.Function = unsafe viaduct_poll_sink

    private var checker: ArrivalChecker
    private let counters: Counters
    private var burst = MbufBurst(capacity: 64)

    /// - Parameter flowCount: flows to check; 0 for none.
    init(flowCount: Int, counters: Counters) {
        checker = ArrivalChecker(flowCount: flowCount)
        self.counters = counters
    }

    @_noLocks
    mutating func poll(_ guest: GuestDeviceHandle) -> Int {
        let received = guest.receive(into: &burst)
        if received == 0 { return 0 }
        var index = 0
        var checked = 0
        while index < received {
            if checker.check(burst[index].bytes) != nil { checked += 1 }
            index += 1
        }
        burst.free()
        counters.add(received, to: ApplicationCounter.received.index)
        counters.add(received - checked, to: ApplicationCounter.ignored.index)
        checker.publish(to: counters)
        return received
    }
}

@c @_noLocks
func viaduct_poll_sink(_ context: UnsafeMutableRawPointer) -> UInt32 {
    let slot = unsafe context.assumingMemoryBound(to: ApplicationSlot<SinkApplication>.self)
    let guest = unsafe slot.pointee.guest
    return unsafe UInt32(truncatingIfNeeded: slot.pointee.application.poll(guest))
}
