// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// What comes back to a remote host: each frame of its own is checked, and no longer under way.
struct ReturnPath: ~Copyable {
    private let wire: QueuePair
    private let mac: MACAddress
    /// Of the tag that frames come with; 0 when they come without.
    private let vlan: UInt16
    private let counters: Counters
    var checker: ArrivalChecker
    var window: OutstandingWindow
    private var inbox = MbufBurst(capacity: 64)

    /// - Parameters:
    ///   - mac: the host's own; frames to others count as foreign.
    ///   - counters: those of ``WirePeerCounter``.
    init(
        wire: QueuePair, mac: MACAddress, vlan: UInt16, checker: consuming ArrivalChecker, window: consuming OutstandingWindow,
        counters: Counters
    ) {
        self.wire = wire
        self.mac = mac
        self.vlan = vlan
        self.counters = counters
        self.checker = checker
        self.window = window
    }

    /// One burst; how many frames.
    @_noLocks
    mutating func receive() -> Int {
        let count = wire.receive(into: &inbox)
        if count == 0 { return 0 }
        var index = 0
        var returned = 0
        while index < count {
            let isUntagged = vlan == 0 || inbox[index].takeOut(ofVLAN: vlan)
            let bytes = inbox[index].bytes
            if isUntagged, bytes.count >= 14, bytes.mac(at: 0) == mac, let sentAt = checker.check(bytes) {
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

    /// Puts the tag into what is to be sent.
    @_noLocks
    mutating func tag(_ burst: borrowing MbufBurst) {
        if vlan == 0 { return }
        var index = 0
        while index < burst.count {
            let isTagged = burst[index].insertTag(control: vlan)
            assert(isTagged, "a frame of this host's own has headroom")
            index += 1
        }
    }

    @_noLocks
    mutating func publishWindow() {
        counters.set(UInt64(truncatingIfNeeded: window.outstanding), at: WirePeerCounter.outstanding.index)
        counters.set(window.expired, at: WirePeerCounter.expired.index)
    }
}
