// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Wire

extension GuestDevice {
    /// Appends what arrived to `burst`: first from the slow path, at most half while a VI is polled, then from the VI. An odd place is
    /// the slow path's every second time, so that a burst with room for one frame serves both in turn.
    @_noLocks
    mutating func receive(into burst: inout MbufBurst) -> Int {
        takeCommands()
        let before = burst.count
        var slowBudget = burst.freeCapacity
        if isPollingVI || gate != .open {
            if slowBudget & 1 != 0 { isOddPlaceSlow.toggle() }
            slowBudget = (slowBudget + (isOddPlaceSlow ? 1 : 0)) / 2
        }
        let fromSlow = receiveSlow(into: &burst, limit: slowBudget)
        // A path that was not asked may hold frames.
        receiveFast(into: &burst, slowMayHoldMore: fromSlow > 0 || slowBudget == 0)
        advanceTransmit()
        return burst.count - before
    }

    /// Takes frames from the slow path, without its fences; how many came, fences included.
    @_noLocks
    private mutating func receiveSlow(into burst: inout MbufBurst, limit: Int) -> Int {
        // Straight into the caller's burst; fences, which are rare, are taken out again.
        let first = burst.count
        let came = slow.receive(into: &burst, limit: limit)
        if came == 0 { return 0 }
        var kept = first
        var bytes = 0
        var index = first
        while index < first + came {
            let mbuf = burst[index]
            if let fence = FenceFrame(mbuf.bytes) {
                takeFence(fence, mbuf)
            } else {
                bytes += mbuf.packetLength
                burst.place(mbuf, at: kept)
                kept += 1
            }
            index += 1
        }
        burst.truncate(to: kept)
        count(.receivedSlowPackets, kept - first)
        count(.receivedSlowBytes, bytes)
        count(.deliveredSlow, kept - first)
        return came
    }

    @_noLocks
    private mutating func takeFence(_ fence: FenceFrame, _ mbuf: Mbuf) {
        received.append(mbuf)
        received.free()
        // Nobody steers, and sends a fence, before the VI was reported as polled.
        guard fenceNonce != 0, fence.nonce == fenceNonce, isPollingVI, hasPolled else {
            count(.dropUnexpectedFence)
            return
        }
        guard gate == .shut else {
            if !takeFlowFence(fence.sequence) { count(.dropUnexpectedFence) }
            return
        }
        fenceSequence = fence.sequence
        openGate(.fence)
    }

    /// Polls the VI, and what it yields is delivered or kept back as the gate says.
    @_noLocks
    private mutating func receiveFast(into burst: inout MbufBurst, slowMayHoldMore: Bool) {
        if gate == .opening { letStashOut(into: &burst) }
        guard isPollingVI, let binding else { return }
        switch gate {
        case .open:
            if flows.stage == .opening { letFlowsOut(into: &burst) }
            let limit = Self.smaller(burst.freeCapacity, received.capacity)
            let yielded = poll(binding, limit: limit)
            if flows.table.count > 0 { sortFlows(slowMayHoldMore: slowMayHoldMore) }
            if flows.drain != .none { checkFlowsDrained(binding, yielded: yielded, limit: limit) }
            count(.deliveredFast, received.count)
            received.move(to: &burst)
            // Without room nothing was asked for, and nothing is known.
            if isDraining && limit > 0 { checkDrained(binding, mayHoldMore: yielded > 0) }
        case .shut where !hasPolled:
            discardStale(binding)
        case .shut:
            let yielded = poll(binding, limit: received.capacity)
            keepBack()
            if isDraining && stash.isEmpty { checkDrained(binding, mayHoldMore: yielded > 0) }
            if gate == .shut { checkFenceLimit(slowMayHoldMore: slowMayHoldMore) }
        case .opening:
            // The stash goes first; the VI's queue holds the rest meanwhile.
            break
        }
    }

    /// Frees what the VI still holds of an earlier life: nobody steers to it before it was reported as polled. What came then is older
    /// than what the slow path has delivered since, and proves nothing. Reports the VI once it is seen empty, or when it
    /// does not become so.
    @_noLocks
    private mutating func discardStale(_ binding: PluginBinding) {
        let yielded = binding.poll(into: &received, limit: received.capacity)
        var bytes = 0
        var index = 0
        while index < yielded {
            bytes += received[index].packetLength
            index += 1
        }
        received.free()
        count(.receivedFastPackets, yielded)
        count(.receivedFastBytes, bytes)
        count(.dropStale, yielded)
        staleFrames += yielded
        guard yielded == 0 || staleFrames >= Self.mostStaleFrames else { return }
        hasPolled = true
        tell(.polled)
    }

    /// Fills `received` with the VI's frames for this guest; how many frames the VI yielded.
    @_noLocks
    private mutating func poll(_ binding: PluginBinding, limit: Int) -> Int {
        let yielded = binding.poll(into: &received, limit: limit)
        if yielded == 0 { return 0 }
        var kept = 0
        var bytes = 0
        var index = 0
        while index < yielded {
            let mbuf = received[index]
            index += 1
            bytes += mbuf.packetLength
            if accepts(mbuf) {
                // The place of a dropped one is taken by the next: swap, so that the dropped ones gather at the end.
                let dropped = received[kept]
                received.place(mbuf, at: kept)
                received.place(dropped, at: index - 1)
                kept += 1
            }
        }
        count(.receivedFastPackets, yielded)
        count(.receivedFastBytes, bytes)
        if kept < yielded { dropTail(from: kept) }
        return yielded
    }

    /// Whether a frame from the VI is this guest's own; learns its source.
    @_noLocks
    private mutating func accepts(_ mbuf: Mbuf) -> Bool {
        let bytes = mbuf.bytes
        guard bytes.count >= 14 else {
            count(.dropRunt)
            return false
        }
        let destination = bytes.mac(at: 0)
        guard destination.rawValue == mac else {
            // A group-addressed frame was replicated to the VI; its original comes by the slow path. A frame for another MAC was
            // steered wrongly: it is nobody's business here, and its source is not learned.
            count(destination.isGroup ? .dropReplica : .dropForeign)
            return false
        }
        // As netback does on the slow path.
        if bytes.isInVLAN {
            count(.dropTagged)
            return false
        }
        learn(bytes.mac(at: 6))
        if !hasSeenFrame {
            hasSeenFrame = true
            tell(.firstFrameSeen)
        }
        return true
    }

    @_noLocks
    private mutating func learn(_ source: MACAddress) {
        // A frame that claims to be from this guest teaches nothing.
        guard source.isValidUnicast, source.rawValue != mac else { return }
        if isLocal(source.rawValue) {
            count(.peersLocal)
            return
        }
        switch peers.learn(source.rawValue, now: coarseTime) {
        case .known: break
        case .added: count(.peersLearned)
        case .refused: count(.peersRefused)
        }
    }

    @_noLocks
    private mutating func dropTail(from kept: Int) {
        while received.count > kept {
            let last = received.count - 1
            outgoing.append(received[last])
            received.truncate(to: last)
        }
        outgoing.free()
    }
}
