// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Synchronization

extension SoftNICEngine {
    /// Notices that the port was stopped, reset or started: rules are gone, and with them what waited to become one.
    @_noLocks
    mutating func followPort(_ now: UInt64) {
        let current = unsafe state.pointee.epoch.load(ordering: .acquiring)
        if current != epoch {
            epoch = current
            table.removeAll()
            spreadQueues = 0
            counters.set(0, at: EngineCounter.rulesInEffect.index)
        }
        var index = 0
        while index < queueCount {
            let queue = unsafe queues + index
            if unsafe queue.pointee.followControlPlane(now: now), outbox.queue == index { discardOutbox() }
            unsafe queue.pointee.acknowledge()
            index += 1
        }
    }

    /// Takes flow commands from the control plane, and executes those that are due; how many.
    @_noLocks
    mutating func executeCommands(_ now: UInt64) -> Int {
        var work = 0
        while work < Self.commandBudget, !pending.isFull, commands.count >= FlowCommand.wordCount {
            let delay = ruleDelay.next(through: UInt64(delays.ruleNanoseconds))
            guard pending.append(from: commands, due: now &+ delay) else { break }
            work += 1
        }
        var executed = 0
        while executed < Self.commandBudget, let command = unsafe pending.removeFirst(dueBy: now) {
            unsafe execute(command)
            executed += 1
        }
        if executed > 0 { counters.set(UInt64(truncatingIfNeeded: table.count), at: EngineCounter.rulesInEffect.index) }
        return work + executed
    }

    @_noLocks
    private mutating func execute(_ command: UnsafePointer<FlowCommand>) {
        let operation = unsafe command.pointee.operation
        if operation == FlowCommand.Operation.setAddress {
            if unsafe command.pointee.verdict.queues == 0 {
                unsafe addresses.remove(command.pointee.match)
            } else {
                // The control plane counts the addresses, as it counts the rules: they fit.
                unsafe _ = addresses.insert(command.pointee.match, verdict: command.pointee.verdict, rule: 0)
            }
        } else if operation == FlowCommand.Operation.setPools {
            unsafe groupQueues = command.pointee.verdict.queues
            unsafe ownQueues = UInt16(truncatingIfNeeded: command.pointee.rule)
            unsafe ownAddress = command.pointee.match.words.link
        } else if unsafe command.pointee.epoch == epoch & 0xFF_FFFF {
            if operation == FlowCommand.Operation.insertRule {
                unsafe _ = table.insert(
                    command.pointee.match, verdict: command.pointee.verdict, rule: Int(command.pointee.rule))
            } else if operation == FlowCommand.Operation.removeRule {
                unsafe table.remove(command.pointee.match)
            } else if operation == FlowCommand.Operation.spreadAll {
                unsafe spreadQueues = command.pointee.verdict.queues
            }
        }
    }
}
