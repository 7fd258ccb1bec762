// SPDX-License-Identifier: BSD-3-Clause
import DPDK

extension NetbackLane {
    /// Takes a few commands, and none while the control plane is behind with reading events; how many.
    @_noLocks
    mutating func takeCommands() -> Int {
        var count = 0
        while count < Self.commandsPerRound, commands.count >= LaneCommand.wordCount, events.hasRoomForCommand {
            guard let first = commands.dequeue(), let second = commands.dequeue() else { break }
            carryOut(LaneCommand(first, second))
            count += 1
        }
        if count > 0 {
            taken += UInt64(count)
            commandsTaken.store(taken)
        }
        return count
    }

    @_noLocks
    private mutating func carryOut(_ command: LaneCommand) {
        if command.operation == LaneCommand.Operation.attach { return attach(command) }
        if command.operation == LaneCommand.Operation.snapshot { return snapshot.begin(command.large, &localAddressesChanged) }
        if command.operation == LaneCommand.Operation.copyTable { return copyTable(command) }
        if command.operation == LaneCommand.Operation.suspendUplink {
            isUplinkSuspended = true
            return
        }
        if command.operation == LaneCommand.Operation.resumeUplink {
            isUplinkSuspended = false
            return
        }
        guard let vif = vifs.at(slot: command.slot) else { return }
        // A guest that connected just before the command must be known to it.
        vif.lane.refreshGuest()
        sendEvents(of: vif)
        switch command.operation {
        case LaneCommand.Operation.detach:
            detach(slot: command.slot)
            return
        case LaneCommand.Operation.hold:
            vif.lane.beginHold()
            // The end of a release comes first.
            sendEvents(of: vif)
            events.sendObliged(LaneEvent(LaneEvent.Kind.held, vif: vif.lane.port.vif))
        case LaneCommand.Operation.release:
            // Each release has its answer, also one that comes while another is under way.
            if vif.lane.owesRelease {
                events.sendObliged(LaneEvent(LaneEvent.Kind.released, vif: vif.lane.port.vif))
            } else {
                vif.lane.endHold()
            }
        case LaneCommand.Operation.fence:
            if vif.lane.isConnected {
                vif.lane.fence.begin(sequence: command.small, settle: command.large, clock: uplink.port.clock)
            }
        case LaneCommand.Operation.setNonce:
            // A fence that still waits is one of the old nonce's: it must not come with the new one.
            if vif.lane.nonce != command.large { vif.lane.fence.end() }
            vif.lane.nonce = command.large
        case LaneCommand.Operation.reset:
            vif.lane.reset()
        case LaneCommand.Operation.setPolicy:
            unsafe vif.lane.policy = GuardReference(word: command.large)
        case LaneCommand.Operation.holdFlows, LaneCommand.Operation.releaseFlows:
            carryOutFlows(command, vif)
        default:
            _ = carryOutSteering(command, vif)
        }
        sendEvents(of: vif)
    }

    @_noLocks
    private mutating func attach(_ command: LaneCommand) {
        guard let vif = unsafe VifReference(word: command.large) else { return }
        vifs.attach(vif, slot: command.slot)
        members.add(vif.lane.vlan)
        table.setStatic(vif.lane.key, port: vif.lane.port)
        localAddressesChanged = true
    }

    /// Frees everything of the vif. What it learned is ignored from now on, and swept away soon.
    @_noLocks
    private mutating func detach(slot: Int) {
        guard let vif = vifs.at(slot: slot) else { return }
        vif.lane.freeAll(.vifRemoved)
        vif.lane.publishDepths()
        let key = vif.lane.key
        let port = vif.lane.port
        vifs.detach(slot: slot)
        members.remove(vif.lane.vlan)
        if let place = table.place(of: key), table.entry(at: place).isStatic, table.entry(at: place).port == port {
            table.remove(at: place)
            inheritAddress(key)
        }
        localAddressesChanged = true
        sweepLeft = table.count
    }

    /// Another vif with the same address takes its place in the table.
    @_noLocks
    private mutating func inheritAddress(_ key: UInt64) {
        var place = 0
        while place < vifs.count {
            let vif = vifs[place]
            if vif.lane.key == key {
                return table.setStatic(key, port: vif.lane.port)
            }
            place += 1
        }
    }
}
