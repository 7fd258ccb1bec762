// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import EventLog
import Foundation
import Logging

extension ControlPlane {
    func setPolicy(_ policy: VifPolicy, vif id: UInt32) throws(NetbackError) {
        try operate { () throws(NetbackError) in
            guard let vif = lock.withLock({ vifs[id] }) else { throw .unknownVif(id) }
            try policy.validate(vif: vif.configuration.name, mtu: vif.configuration.mtu)
            let block = try GuardBlock.make(policy, mac: vif.configuration.mac)
            let wasRefused = lock.withLock {
                defer { vif.policy = policy }
                return vif.policy.objection != nil
            }
            // A plugin that is stuck keeps no policy from being enforced.
            var problem: NetbackError?
            if policy.objection != nil {
                do throws(NetbackError) { try leaveFastPath(vif) } catch { problem = error }
            }
            try locked { () throws(NetbackError) in
                try enforce(block, on: vif)
                if wasRefused && vif.mayBeAccelerated { tellWish(of: vif) }
            }
            logger.log(NetbackEvent.policyChanged, ["vif": "\(vif.configuration.name)"])
            if let problem { throw problem }
        }
    }

    /// Brings a vif back to netback, as planned, or by force when that takes too long.
    private func leaveFastPath(_ vif: Vif) throws(NetbackError) {
        try withdrawAcceleration([vif])
        try locked { () throws(NetbackError) in
            if isAtRest(vif) { return }
            try removeFromPlugin(vif)
            guard carryOut(LaneCommand(LaneCommand.Operation.reset, slot: vif.slot)) else { throw .laneStuck }
            drainEvents()
        }
    }

    /// Hands a guard to the lane, and frees the one that was in force once the lane has let go of it.
    private func enforce(_ block: GuardBlock?, on vif: Vif) throws(NetbackError) {
        let command = LaneCommand(LaneCommand.Operation.setPolicy, slot: vif.slot, large: block?.reference.word ?? 0)
        guard carryOut(command) else {
            // The lane may use either of them.
            Leaked.keep(vif.guardBlock as Any, block as Any)
            throw .laneStuck
        }
        vif.guardBlock = block
    }
}
