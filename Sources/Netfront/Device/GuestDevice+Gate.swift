// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane

/// The gate between the VI and the application. While it is shut, what the VI yields goes to the stash: older frames are still on
/// their way by the slow path, and the fence comes behind them.
extension GuestDevice {
    /// Puts what is in `received` into the stash; what does not fit is dropped and counted, since a stall would only move the
    /// loss to the NIC, uncounted.
    @_noLocks
    mutating func keepBack() {
        if stash.isEmpty && !received.isEmpty { fenceDeadline = TSC.now() &+ fenceLimitTicks }
        var kept = 0
        while kept < received.count && stash.append(received[kept]) { kept += 1 }
        received.removeFirst(kept)
        count(.dropStashOverflow, received.free())
        let depth = UInt64(stash.count)
        counters.set(depth, at: NetfrontCounter.stashDepth.index)
        if depth > counters[NetfrontCounter.stashPeak.index] { counters.set(depth, at: NetfrontCounter.stashPeak.index) }
    }

    /// The wait for the fence is over, with `report` to be told once the stash is out.
    @_noLocks
    mutating func openGate(_ report: GateReport) {
        gate = .opening
        gateReport = report
        stashedAtFence = UInt32(truncatingIfNeeded: stash.count)
    }

    /// Delivers the stash, as much of it as the caller's burst takes.
    @_noLocks
    mutating func letStashOut(into burst: inout MbufBurst) {
        count(.deliveredFast, stash.move(to: &burst))
        counters.set(UInt64(stash.count), at: NetfrontCounter.stashDepth.index)
        guard stash.isEmpty else { return }
        gate = .open
        switch gateReport {
        case .nothing: break
        case .fence:
            mayTransmitFast = !isDraining
            tell(.fenceArrived(sequence: fenceSequence, stashed: stashedAtFence))
        case .expired: tell(.fenceExpired)
        case .closed: tell(.closed)
        }
        gateReport = .nothing
    }

    /// The time limit runs only while frames wait in the stash and the slow path yields nothing. It is the same while draining: a
    /// slow path that yields nothing just now may still have older frames on their way, and the fence is behind them.
    @_noLocks
    mutating func checkFenceLimit(slowMayHoldMore: Bool) {
        guard !stash.isEmpty else { return }
        let now = TSC.now()
        if slowMayHoldMore {
            fenceDeadline = now &+ fenceLimitTicks
        } else if now > fenceDeadline {
            count(.possibleReorderings)
            openGate(.expired)
        }
    }

    /// Draining ends when the VI was empty for the settle time on its own clock and all it was given to send is on the wire: one
    /// empty poll proves nothing.
    @_noLocks
    mutating func checkDrained(_ binding: PluginBinding, mayHoldMore: Bool) {
        if mayHoldMore { settled.renew() }
        let isSettled = settled.isOver(settleNanoseconds, at: binding.clock())
        guard isSettled, !mayHoldMore, peers.leaving == 0, peers.fast == 0 else { return }
        isDraining = false
        isPollingVI = false
        // Nothing was kept back, so there is nothing that a fence would be waited for.
        if gate == .shut { gate = .open }
        tell(.drained)
    }
}
