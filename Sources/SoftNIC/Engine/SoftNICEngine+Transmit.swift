// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane

extension SoftNICEngine {
    /// Serves the transmit queues in a random order, a random number of frames each, until the wire takes no more; how
    /// many frames were sent or dropped.
    @_noLocks
    mutating func serveTransmitQueues(_ now: UInt64, _ isLinkDown: Bool, stuck: UInt32) -> Int {
        var work = flushOutbox(isLinkDown)
        guard outbox.burst.isEmpty else { return work }
        shuffleOrder()
        var turn = 0
        while turn < queueCount {
            let index = unsafe Int(order[turn])
            let queue = unsafe queues + index
            turn += 1
            if stuck & 1 << UInt32(index) != 0 { continue }
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
        let queue = unsafe queues + index
        let failureOdds = faults & SoftNICFaults.transmitErrorsBit != 0 ? faultOdds() : 0
        var dropped = 0
        var slot = 0
        while slot < borrowed.count {
            let copy = copies[copies.count - 1]
            if failureOdds > 0, unsafe queue.pointee.failsToSend(failureOdds) {
                if !outbox.noteDrop(Outbox.failed) { dropped += Outbox.failed }
            } else if copy.copyFrame(from: borrowed[slot]) {
                copies.truncate(to: copies.count - 1)
                outbox.append(copy)
            } else if !outbox.noteDrop(Outbox.oversized) {
                dropped += Outbox.oversized
            }
            slot += 1
        }
        borrowed.removeAll()
        copies.free()
        return finishDrops(dropped, of: index)
    }

    /// Frames of the queue are done without having been sent; how many.
    @_noLocks
    private mutating func finishDrops(_ drops: Int, of index: Int) -> Int {
        guard drops > 0 else { return 0 }
        let queue = unsafe queues + index
        let (oversized, failed) = (drops & 0xFFFF, drops >> 16)
        if oversized > 0 { unsafe queue.pointee.finish(oversized, as: .oversized) }
        if failed > 0 { unsafe queue.pointee.finish(failed, as: .transmitErrors) }
        return oversized + failed
    }

    /// Sends what waits in the outbox, or drops it when the link is down; how many frames are done.
    @_noLocks
    private mutating func flushOutbox(_ isLinkDown: Bool) -> Int {
        guard !outbox.burst.isEmpty else { return 0 }
        let index = outbox.queue
        let queue = unsafe queues + index
        if isLinkDown {
            let (freed, dropped) = outbox.discard()
            unsafe queue.pointee.finish(freed, as: .unsentLinkDown)
            return freed + finishDrops(dropped, of: index)
        }
        let (sent, bytes, dropped) = outbox.flush(to: wire)
        if sent > 0 {
            counters.add(sent, to: EngineCounter.wireTransmitted.index)
            unsafe queue.pointee.finish(sent, as: .sent)
            unsafe queue.pointee.count(.sentBytes, bytes)
        }
        return sent + finishDrops(dropped, of: index)
    }

    /// Drops what waits in the outbox, because its queue was reset.
    @_noLocks
    mutating func discardOutbox() {
        guard !outbox.burst.isEmpty else { return }
        let index = outbox.queue
        let (freed, dropped) = outbox.discard()
        let queue = unsafe queues + index
        unsafe queue.pointee.finish(freed, as: .unsentReset)
        _ = finishDrops(dropped, of: index)
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
