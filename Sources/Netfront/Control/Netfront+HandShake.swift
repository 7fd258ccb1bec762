// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK
import Dataplane
import EventLog
import Foundation
import Logging
import Synchronization
import Wire

/// The conversation with the host. All of this runs with the lock held.
extension Netfront {
    /// Messages and events that one tick handles at most, so that a flooding peer costs a bounded time.
    private static let workPerTick = 64

    /// What happened since the last tick.
    func tick() {
        lock.withLock {
            for _ in 0..<Self.workPerTick {
                guard let word = eventRing.handle.dequeue(), let event = LaneEvent(word: word) else { break }
                handle(event)
            }
            for receipt in link.receive(limit: Self.workPerTick) {
                switch receipt {
                case .message(let message): step(.message(message))
                case .violation(let error):
                    logger.log(NetfrontEvent.linkViolated, ["guest": "\(configuration.name)", "reason": "\(error)"])
                    step(.violation(error))
                }
            }
            if let deadline = machine.nextDeadline, deadline <= now { step(.tick) }
            reportHits()
            outbox.flush(over: link)
        }
    }

    var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

    private func handle(_ event: LaneEvent) {
        switch event {
        case .firstFrameSeen: step(.firstFrameSeen)
        case .fenceArrived(let sequence, let stashed):
            switches.stashed = Int(stashed)
            step(.fenceArrived(sequence: sequence, stashed: stashed))
        case .fenceExpired: step(.fenceExpired)
        case .drained: step(.viDrained)
        case .polled: step(.opened)
        case .closed: if closeVI() { step(.viClosed) }
        case .flowsBegun(let sequence):
            orderTaken()
            step(.flows(.begun(sequence: sequence)))
        case .flowOrderTaken: orderTaken()
        case .flowFenceArrived(let sequence, let stashed): step(.flows(.fenceArrived(sequence: sequence, stashed: stashed)))
        case .flowFenceExpired(let sequence): step(.flows(.fenceExpired(sequence: sequence)))
        case .flowsDrained(let sequence): step(.flows(.drained(sequence: sequence)))
        }
    }

    /// Tells the machine, and carries out what it answers, in order.
    func step(_ event: FrontendEvent) {
        for action in machine.handle(event, now: now) { carryOut(action) }
    }

    private func carryOut(_ action: FrontendAction) {
        switch action {
        case .send(let message):
            if outbox.send(message, over: link) == .refused {
                logger.log(NetfrontEvent.messageRefused, ["guest": "\(configuration.name)", "text": "\(message)"])
            }
        case .openVI(let id, let grant, let nonce, let settle):
            if let reason = openVI(grant, id: id, nonce: nonce, settleNanoseconds: settle) {
                step(.openFailed(reason))
            }
        case .beginStash:
            // The lcore does so since `openVI`, or the VI would not be open.
            break
        case .beginDrain: command(.drain)
        case .closeVI: command(.close)
        case .updateLocalAddresses(_, let addresses): replaceLocalAddresses(addresses)
        case .flows(let action): carryOut(action)
        case .transmitFenceConfirmed(let sequence): command(.transmitFenceConfirmed(sequence: sequence))
        case .stateChanged(let state):
            logger.log(NetfrontEvent.accelerationChanged, ["guest": "\(configuration.name)", "state": "\(state)"])
            switches.note(state, now: now)
        }
    }

    /// The lcore takes all commands of its ring each round, and a hand-shake makes a handful: full means that it does not run.
    private func command(_ command: LaneCommand) {
        if !commandRing.handle.enqueue(command.word) { logger.log(NetfrontEvent.lcoreSilent, ["guest": "\(configuration.name)"]) }
    }

    /// Why the VI can't be opened, or nil when it is.
    private func openVI(
        _ grant: Grant, id: UInt32, nonce: UInt64, settleNanoseconds: UInt64
    ) -> AccelerationReason? {
        guard plugin != nil else { return AccelerationReason(.noPlugin) }
        forgetFlows()
        var c = grant.c(id: id)
        var result: Int32 = 0
        let isQuiet = unsafe withoutHotHooks { binding in
            result = unsafe binding.hooks.pointee.backend_changed(binding.device, &c)
        }
        guard isQuiet else { return AccelerationReason(.openFailed, "a hook does not return") }
        guard result == 0 else { return AccelerationReason(.openFailed, DPDKError("open the VI", code: result).description) }
        command(.nonceHigh(UInt32(truncatingIfNeeded: nonce >> 32)))
        command(.nonceLow(UInt32(truncatingIfNeeded: nonce)))
        command(.settle(microseconds: UInt32(clamping: settleNanoseconds / 1000)))
        // The VI counts as open once the lcore has polled it: frames may be steered there from then on, and a driver that posts
        // buffers as it is polled would have none for them.
        command(.open)
        return nil
    }

    /// Gives a VI back that is still open, in the place of the lcore, which works on the device no more: the host need not wait for it.
    func letGo() {
        step(.guestStopping)
        if machine.isOpening { step(.opened) }
        if !machine.isIdle && closeVI() { step(.viClosed) }
        outbox.flush(over: link)
    }

    /// False when the VI stays open: then nobody is told that it is closed, and the host does not give it to another guest.
    private func closeVI() -> Bool {
        // A plugin that is stuck is not called again.
        if stuckPlugin != nil { return false }
        let isQuiet = unsafe withoutHotHooks { binding in
            _ = unsafe binding.hooks.pointee.backend_changed(binding.device, nil)
        }
        return isQuiet
    }

    private func replaceLocalAddresses(_ addresses: [MACAddress]) {
        let set = UnsafeMutablePointer<LocalAddressSet>.allocate(capacity: 1)
        unsafe set.initialize(to: LocalAddressSet(addresses))
        unsafe device.pointee.localAddresses.store(UInt(bitPattern: set), ordering: .releasing)
        command(.localAddressesChanged)
        let old = unsafe localAddresses
        unsafe localAddresses = unsafe set
        // A lcore that is stuck may still read the old set: leak it.
        guard let old = unsafe old, group.synchronize() else { return }
        unsafe old.deinitialize(count: 1)
        unsafe old.deallocate()
    }
}
