// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// What comes back to a remote host: each frame of its own is checked, and no longer under way.
struct ReturnPath: ~Copyable {
    private let wire: QueuePair
    private let mac: MACAddress
    private let counters: Counters
    var checker: ArrivalChecker
    var window: OutstandingWindow
    private var inbox = MbufBurst(capacity: 64)

    /// - Parameters:
    ///   - mac: the host's own; frames to others count as foreign.
    ///   - counters: those of ``WirePeerCounter``.
    init(wire: QueuePair, mac: MACAddress, checker: consuming ArrivalChecker, windowCapacity: Int, counters: Counters) {
        self.wire = wire
        self.mac = mac
        self.counters = counters
        self.checker = checker
        window = OutstandingWindow(capacity: windowCapacity, hertz: TSC.hertz, now: TSC.now())
    }

    /// One burst; how many frames.
    @_noLocks
    mutating func receive() -> Int {
        let count = wire.receive(into: &inbox)
        if count == 0 { return 0 }
        var index = 0
        var returned = 0
        while index < count {
            let bytes = inbox[index].bytes
            if bytes.count >= 14, bytes.mac(at: 0) == mac, let sentAt = checker.check(bytes) {
                window.returned(sentAt: sentAt)
                returned += 1
            }
            index += 1
        }
        inbox.free()
        counters.add(returned, to: WirePeerCounter.returned.index)
        counters.add(count - returned, to: WirePeerCounter.foreign.index)
        return count
    }

    @_noLocks
    mutating func publishWindow() {
        counters.set(UInt64(truncatingIfNeeded: window.outstanding), at: WirePeerCounter.outstanding.index)
        counters.set(window.expired, at: WirePeerCounter.expired.index)
    }
}
