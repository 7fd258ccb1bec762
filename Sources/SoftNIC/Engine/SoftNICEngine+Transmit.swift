// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane

extension SoftNICEngine {
    /// Serves the transmit queues in a random order, a random number of frames each, until the wire takes no more; how
    /// many frames were sent or dropped.
    @_noLocks
    mutating func serveTransmitQueues(_ now: UInt64, _ isLinkDown: Bool) -> Int {
        var work = flushOutbox(isLinkDown)
        guard outbox.burst.isEmpty else { return work }
        shuffleOrder()
        var turn = 0
        while turn < queueCount {
            let index = unsafe Int(order[turn])
            let queue = unsafe queues + index
            turn += 1
            let posted = unsafe queue.pointee.transmittable(limit: Outbox.capacity)
            if posted == 0 { continue }
            let most = UInt64(truncatingIfNeeded: Outbox.capacity - 1)
            let share = 1 + Int(truncatingIfNeeded: arbitration.next(through: most))
            let count = posted < share ? posted : share
            if isLinkDown {
                unsafe queue.pointee.take(count, into: &borrowed, now: now, longest: delays.completionNanoseconds)
                borrowed.removeAll()
                unsafe queue.pointee.finish(count, as: .unsentLinkDown)
                work += count
                continue
            }
            // Before the frames are taken, so that none is left without a copy.
            guard wirePool.allocate(count, into: &copies) else {
                counters.add(1, to: EngineCounter.wireNoMbuf.index)
                break
            }
            unsafe queue.pointee.take(count, into: &borrowed, now: now, longest: delays.completionNanoseconds)
            work += copyBorrowed(of: index)
            work += flushOutbox(false)
            guard outbox.burst.isEmpty else { break }
        }
        return work
    }

    /// Fills the empty outbox with copies of the borrowed frames; how many frames were dropped at once.
    @_noLocks
    private mutating func copyBorrowed(of index: Int) -> Int {
        outbox.queue = index
        var dropped = 0
        var slot = 0
        while slot < borrowed.count {
            let copy = copies[copies.count - 1]
            if copy.copyFrame(from: borrowed[slot]) {
                copies.truncate(to: copies.count - 1)
                outbox.append(copy)
            } else if !outbox.noteDrop() {
                dropped += 1
            }
            slot += 1
        }
        borrowed.removeAll()
        copies.free()
        let queue = unsafe queues + index
        if dropped > 0 { unsafe queue.pointee.finish(dropped, as: .oversized) }
        return dropped
    }

    /// Sends what waits in the outbox, or drops it when the link is down; how many frames are done.
    @_noLocks
    private mutating func flushOutbox(_ isLinkDown: Bool) -> Int {
        guard !outbox.burst.isEmpty else { return 0 }
        let queue = unsafe queues + outbox.queue
        if isLinkDown {
            let (freed, dropped) = outbox.discard()
            unsafe queue.pointee.finish(freed, as: .unsentLinkDown)
            if dropped > 0 { unsafe queue.pointee.finish(dropped, as: .oversized) }
            return freed + dropped
        }
        let (sent, dropped) = outbox.flush(to: wire)
        if sent > 0 {
            counters.add(sent, to: EngineCounter.wireTransmitted.index)
            unsafe queue.pointee.finish(sent, as: .sent)
        }
        if dropped > 0 { unsafe queue.pointee.finish(dropped, as: .oversized) }
        return sent + dropped
    }

    /// Fisher and Yates' shuffle.
    @_noLocks
    private mutating func shuffleOrder() {
        let order = unsafe order
        var last = queueCount - 1
        while last > 0 {
            let other = Int(truncatingIfNeeded: arbitration.next(through: UInt64(truncatingIfNeeded: last)))
            let kept = unsafe order[last]
            unsafe order[last] = order[other]
            unsafe order[other] = kept
            last -= 1
        }
    }
}
