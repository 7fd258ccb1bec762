// SPDX-License-Identifier: BSD-3-Clause
import DPDK

extension VifLane {
    /// From now on frames from the uplink for the vif's address are kept. A release that is under way is over by it.
    @_noLocks
    mutating func beginHold() {
        releaseEnded()
        holdState = .holding
        aheadOfHold = outbox.count
        count(.holds)
    }

    /// Hands out what is held, and says so when it is out: at once when there is nothing, or nobody to hand it to.
    @_noLocks
    mutating func endHold() {
        owesRelease = true
        if case .none = holdState { return releaseEnded() }
        if case .holding = holdState { behindRelease = 0 }
        holdState = .releasing
        if heldCount == 0 || !isConnected {
            count(.guestAbsent, releasing.free() + hold.free())
            holdState = .none
            releaseEnded()
        }
    }

    /// Takes a frame that is held, or comes behind what is.
    ///
    /// A guest may take less than comes: then there would always be something behind, and the release, and with it the change of path, would
    /// never end. So no more than a hold's worth comes in behind it.
    @_noLocks
    mutating func keep(_ mbuf: Mbuf, _ spent: inout MbufBurst) {
        if case .releasing = holdState {
            guard behindRelease < hold.capacity else { return drop(mbuf, .vringFull, &spent) }
            behindRelease += 1
        }
        if !hold.append(mbuf) { drop(mbuf, .holdOverflow, &spent) }
    }

    /// Nobody waits for this vif any more: fences are forgotten, what is held goes out.
    @_noLocks
    mutating func reset() {
        nonce = 0
        queuedSequence = nil
        fence.end()
        transmitFence.end()
        soft.detach()
        flowHold.reset()
        endHold()
        owesRelease = false
        didRelease = false
    }
}
