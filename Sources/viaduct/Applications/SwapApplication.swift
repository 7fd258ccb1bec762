// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Netfront
import Wire

/// Sends every unicast frame back to where it came from, with source and destination MAC exchanged, and checks the sequence
/// numbers of those that have one.
struct SwapApplication: GuestApplication, ~Copyable {
    static let name = "macswap"
    static let poll: Poller.Function = unsafe viaduct_poll_macswap

    private var checker: ArrivalChecker
    private let counters: Counters
    private var burst = MbufBurst(capacity: 64)
    private var discarded = MbufBurst(capacity: 64)

    init(checker: consuming ArrivalChecker, counters: Counters) {
        self.checker = checker
        self.counters = counters
    }

    /// The sender's final word, by flow; what the checker found.
    mutating func finish(sent: [UInt64]) -> TrafficFindings { checker.finish(sent: sent) }

    @_noLocks
    mutating func poll(_ guest: GuestDeviceHandle) -> Int {
        let first = burst.count
        let received = guest.receive(into: &burst)
        if received > 0 { turnAround(from: first) }
        if burst.isEmpty { return received }
        let sent = guest.transmit(&burst)
        counters.add(sent, to: ApplicationCounter.sent.index)
        counters.set(UInt64(truncatingIfNeeded: burst.count), at: ApplicationCounter.unsent.index)
        return received + sent
    }

    @_noLocks
    private mutating func turnAround(from first: Int) {
        let count = burst.count
        var kept = first
        var index = first
        while index < count {
            let mbuf = burst[index]
            if swap(mbuf) {
                burst.place(mbuf, at: kept)
                kept += 1
            } else {
                discarded.append(mbuf)
            }
            index += 1
        }
        burst.truncate(to: kept)
        counters.add(count - first, to: ApplicationCounter.received.index)
        counters.add(discarded.free(), to: ApplicationCounter.ignored.index)
        checker.publish(to: counters)
    }

    /// False for what has no single sender to go back to.
    @_noLocks
    private mutating func swap(_ mbuf: Mbuf) -> Bool {
        let bytes = mbuf.mutableBytes
        guard bytes.count >= 14 else { return false }
        let destination = bytes.mac(at: 0)
        let source = bytes.mac(at: 6)
        guard destination.isValidUnicast, source.isValidUnicast else { return false }
        _ = checker.check(bytes.view)
        bytes.set(mac: source, at: 0)
        bytes.set(mac: destination, at: 6)
        return true
    }
}

@c @_noLocks
func viaduct_poll_macswap(_ context: UnsafeMutableRawPointer) -> UInt32 {
    let slot = unsafe context.assumingMemoryBound(to: ApplicationSlot<SwapApplication>.self)
    let guest = unsafe slot.pointee.guest
    return unsafe UInt32(truncatingIfNeeded: slot.pointee.application.poll(guest))
}
