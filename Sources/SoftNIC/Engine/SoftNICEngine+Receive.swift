// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane

extension SoftNICEngine {
    /// Takes flow commands from the control plane, and executes those that are due; how many.
    @_noLocks
    mutating func executeCommands(_ now: UInt64) -> Int {
        var work = 0
        while work < Self.commandBudget, !pending.isFull, commands.count >= 2,
            let first = commands.dequeue(), let second = commands.dequeue()
        {
            let delay = ruleDelay.next(through: UInt64(delays.ruleNanoseconds))
            pending.append(FlowCommand(words: first, second), due: now &+ delay)
            work += 1
        }
        var executed = 0
        while executed < Self.commandBudget, let command = pending.removeFirst(dueBy: now) {
            if let queue = command.queue {
                // The control plane counts the rules: they fit.
                _ = table.insert(command.key, queue: queue)
            } else {
                table.remove(command.key)
            }
            executed += 1
        }
        if executed > 0 { counters.set(UInt64(truncatingIfNeeded: table.count), at: EngineCounter.rulesInEffect.index) }
        return work + executed
    }

    /// Takes a burst from the wire into the queues' FIFOs; how many.
    @_noLocks
    mutating func receiveFromWire(_ now: UInt64, _ isLinkDown: Bool) -> Int {
        let received = wire.receive(into: &incoming)
        guard received > 0 else { return 0 }
        counters.add(received, to: EngineCounter.wireReceived.index)
        if isLinkDown {
            counters.add(received, to: EngineCounter.receivedLinkDown.index)
            return incoming.free()
        }
        var index = 0
        while index < received {
            let frame = incoming[index]
            let queue = unsafe queues + table.queue(for: frame.bytes)
            if unsafe !queue.pointee.accept(frame, now: now, longest: delays.deliveryNanoseconds) {
                refused.append(frame)
            }
            index += 1
        }
        incoming.removeAll()
        refused.free()
        return received
    }
}
