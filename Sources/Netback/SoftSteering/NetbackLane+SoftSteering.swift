// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Wire

extension NetbackLane {
    /// Takes a burst that the guest sent by its VI, straight to the uplink; how many frames.
    ///
    /// The uplink's outbox has room for a full burst. What goes this way is not switched: a VI leads to the wire, whatever it is
    /// made of. Its policy is that of the vif.
    @_noLocks
    mutating func pollVI(_ vif: VifReference) -> Int {
        let count = vif.lane.soft.receive(into: &fromGuest)
        guard count > 0 else { return 0 }
        if case .some = vif.lane.policy {
            appendGuarded(vif)
        } else if vif.lane.vlan == 0 {
            fromGuest.move(to: &uplinkOutbox)
            appended &+= UInt64(count)
        } else {
            appendTagged(vif.lane.vlan)
        }
        vif.lane.count(.viReceived, count)
        // Behind the append, refused frames included: whoever sees the count may send more by the slow path, to the same outbox.
        vif.lane.soft.settle(count)
        return count
    }

    /// Moves what a guest sent to the uplink's outbox, into the vif's VLAN.
    @_noLocks
    private mutating func appendTagged(_ vlan: UInt16) {
        var index = 0
        while index < fromGuest.count {
            deliver(fromGuest[index], vlan: vlan, to: .uplink, destination: .broadcast, isFromUplink: false)
            index += 1
        }
        fromGuest.removeAll()
    }

    /// Carries out a command about a vif's VI in software; false when it is another command.
    @_noLocks
    mutating func carryOutSteering(_ command: LaneCommand, _ vif: VifReference) -> Bool {
        switch command.operation {
        case LaneCommand.Operation.prepareToGuest:
            vif.lane.soft.prepare(toGuest: command.large)
        case LaneCommand.Operation.prepareFromGuest:
            vif.lane.soft.prepare(fromGuest: command.large)
        case LaneCommand.Operation.steer:
            let isSteering = vif.lane.soft.begin(settled: command.large)
            precondition(isSteering, "the host checks the rings of a VI")
            events.sendObliged(LaneEvent(LaneEvent.Kind.steered, vif: vif.lane.port.vif))
        case LaneCommand.Operation.unsteer:
            vif.lane.unsteer(&spent)
            events.sendObliged(LaneEvent(LaneEvent.Kind.unsteered, vif: vif.lane.port.vif))
        default:
            return false
        }
        return true
    }
}
