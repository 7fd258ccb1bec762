// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane

/// The order between the paths, flow by flow.
extension GuestDevice {
    /// Which frames of the batch's flows the VI yields from now on is kept back.
    @_noLocks
    mutating func beginFlows(_ order: FlowBatchOrder) {
        flows.begin(order)
        tell(.flowsBegun(sequence: order.sequence))
    }

    @_noLocks
    mutating func flowRulesChanged(_ order: FlowBatchOrder) {
        flows.forget(order)
        if order.drains {
            flows.drain = .settling
            flows.drainSequence = order.sequence
            flows.settled.restart()
        }
        tell(.flowOrderTaken)
    }

    /// Takes the batch's fence; false when it is another.
    @_noLocks
    mutating func takeFlowFence(_ sequence: UInt32) -> Bool {
        guard flows.stage == .shut, sequence == flows.sequence, gate == .open else { return false }
        openFlows(expired: false)
        return true
    }

    @_noLocks
    private mutating func openFlows(expired: Bool) {
        flows.stage = .opening
        flows.didExpire = expired
        stashedAtFence = UInt32(truncatingIfNeeded: stash.count)
    }

    /// Delivers the stash, as much of it as the caller's burst takes.
    @_noLocks
    mutating func letFlowsOut(into burst: inout MbufBurst) {
        count(.deliveredFast, stash.move(to: &burst))
        counters.set(UInt64(stash.count), at: NetfrontCounter.stashDepth.index)
        guard stash.isEmpty else { return }
        flows.open()
        if flows.didExpire {
            tell(.flowFenceExpired(sequence: flows.sequence))
        } else {
            tell(.flowFenceArrived(sequence: flows.sequence, stashed: stashedAtFence))
        }
    }

    /// What is to be done with what the VI just yielded, while there are flows.
    @_noLocks
    mutating func sortFlows(slowMayHoldMore: Bool) {
        if !received.isEmpty { noteHits() }
        if flows.stage != .none {
            keepFlowsBack()
            checkFlowFenceLimit(slowMayHoldMore: slowMayHoldMore)
        }
    }

    /// Moves frames of the flows under way from `received` to the stash; what does not fit is dropped and counted.
    @_noLocks
    private mutating func keepFlowsBack() {
        let total = received.count
        let wasEmpty = stash.isEmpty
        var kept = 0
        var index = 0
        while index < total {
            let mbuf = received[index]
            index += 1
            if !isGated(mbuf) {
                received.place(mbuf, at: kept)
                kept += 1
            } else if !stash.append(mbuf) {
                outgoing.append(mbuf)
            }
        }
        received.truncate(to: kept)
        if kept == total { return }
        count(.dropStashOverflow, outgoing.free())
        if wasEmpty { fenceDeadline = TSC.now() &+ fenceLimitTicks }
        let depth = UInt64(stash.count)
        counters.set(depth, at: NetfrontCounter.stashDepth.index)
        if depth > counters[NetfrontCounter.stashPeak.index] { counters.set(depth, at: NetfrontCounter.stashPeak.index) }
    }

    @_noLocks
    private mutating func isGated(_ mbuf: Mbuf) -> Bool {
        guard let selector = FlowSelector(mbuf.bytes), let place = flows.table.place(of: selector) else { return false }
        return flows.table.isGated(place)
    }

    /// As `checkFenceLimit`, for the batch's fence.
    @_noLocks
    private mutating func checkFlowFenceLimit(slowMayHoldMore: Bool) {
        guard flows.stage == .shut, !stash.isEmpty else { return }
        let now = TSC.now()
        if slowMayHoldMore {
            fenceDeadline = now &+ fenceLimitTicks
        } else if now > fenceDeadline {
            count(.possibleReorderings)
            openFlows(expired: true)
        }
    }

    /// Counts frames of each flow: all of a short burst, one in eight of a long one.
    @_noLocks
    private mutating func noteHits() {
        let total = received.count
        let isShort = total < 8
        var index = isShort ? 0 : flows.untilSample
        while index < total {
            if let selector = FlowSelector(received[index].bytes), let place = flows.table.place(of: selector) {
                flows.table.hits.add(isShort ? 1 : 8, at: place)
            }
            index += isShort ? 1 : flows.nextGap()
        }
        if !isShort { flows.untilSample = index - total }
    }

    /// The removed flows are out once the settle time is over on the VI's clock and the VI was then seen empty, or has yielded
    /// more than it can have held.
    @_noLocks
    mutating func checkFlowsDrained(_ binding: PluginBinding, yielded: Int, limit: Int) {
        if flows.drain == .settling {
            guard flows.settled.isOver(settleNanoseconds, at: binding.clock()) else { return }
            flows.drain = .polling
            flows.drainYielded = 0
            // This poll may have been before the time was over.
            return
        }
        if limit == 0 { return }
        flows.drainYielded += yielded
        guard yielded == 0 || flows.drainYielded >= FlowGate.fullRing else { return }
        flows.drain = .none
        tell(.flowsDrained(sequence: flows.drainSequence))
    }

    /// The VI is closed, whatever is under way. What waits for a fence that will not come is dropped: it may be newer than what
    /// the slow path has still.
    @_noLocks
    mutating func forgetFlows() {
        if flows.stage == .shut {
            count(.dropUnfenced, stash.free())
            counters.set(0, at: NetfrontCounter.stashDepth.index)
        }
        flows.removeAll()
    }
}
