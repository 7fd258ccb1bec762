// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import EventLog
import Foundation
import Logging

extension ControlPlane {
    /// Follows what the port's driver told, as far as that needs no reset; whether a reset is due. With the lock held.
    func followPort() -> Bool {
        for event in portInbox.takeAll() {
            if event == .linkChanged {
                wantsLinkCheck = true
            } else {
                logger.log(NetbackEvent.portEvent, portValues(["said": "\(event)"]))
                portLife.note(event)
            }
        }
        if portLife.reason == nil { return false }
        if nextPortStep == .suspend { suspendPort() }
        if nextPortStep == .resume { resumePort() }
        return nextPortStep == .reset
    }

    private var nextPortStep: PortLife.Step? {
        portLife.step(now: DispatchTime.now().uptimeNanoseconds, isLeft: isPortLeft)
    }

    private func portValues(_ more: Logger.Metadata = [:]) -> Logger.Metadata {
        more.merging(["netback": "\(configuration.name)", "port": "\(uplink.port)"]) { $1 }
    }

    /// Whether no guest uses a VI of the port any more.
    private var isPortLeft: Bool {
        vifs.values.allSatisfy { vif in
            if let attached = vif.attached { return hasLeft(vif, attached) }
            // What was taken away by force counts as left, too: a guest of this process finds the order to close its VI in front of
            // whatever it does next on its lcore.
            return vif.probed == nil || isAtRest(vif)
        }
    }

    /// A guest in a process of its own that does not let go of its VI is killed for that: it has left once it has ended.
    private func hasLeft(_ vif: Vif, _ attached: AttachedGuest) -> Bool {
        switch attached.status.stage {
        case .listening, .greeting: return vif.probed == nil || isAtRest(vif)
        case .starting: return !mustMakeWay(attached) && (vif.probed == nil || isAtRest(vif))
        case .serving:
            if case .quarantined? = directory.status(of: vif.id)?.state { return false }
            return !mustMakeWay(attached) && (vif.probed == nil || isAtRest(vif))
        case .ending, .reclaiming: return false
        }
    }

    private func suspendPort() {
        // First the guests are told, so that they are on their way while the lane finishes its round.
        plugin?.portSuspended()
        guard carryOut(LaneCommand(LaneCommand.Operation.suspendUplink)) else {
            return logger.log(NetbackEvent.portNotSuspended, portValues())
        }
        portLife.suspended()
    }

    private func resumePort() {
        guard carryOut(LaneCommand(LaneCommand.Operation.resumeUplink)) else { return }
        portLife.resumed()
        wantsLinkCheck = true
        plugin?.portResumed()
        logger.log(NetbackEvent.portBack, portValues())
    }

    /// Resets the port if that is still due: on the control plane's thread, without the lock, since it may take seconds.
    func resetPortIfDue() {
        // Whatever changes something may wait for a tick, so this one does not wait for it.
        guard tryOperation() else { return }
        defer { endOperation() }
        guard lock.withLock({ !isStopped && nextPortStep == .reset }) else { return }
        var problem: String?
        do throws(DPDKError) {
            guard let resetPort else { throw DPDKError("reset \(uplink.port)", code: ENOTSUP, detail: "nobody here can") }
            try resetPort { () throws(DPDKError) in
                lock.lock()
                defer { lock.unlock() }
                try endQuarantines()
            }
        } catch {
            problem = error.description
        }
        lock.withLock {
            guard let problem else { return portLife.wasReset() }
            portLife.resetFailed(problem, now: DispatchTime.now().uptimeNanoseconds)
            logger.log(NetbackEvent.portNotReset, portValues(["reason": "\(problem)"]))
        }
    }

    var portStatus: PortStatus {
        lock.withLock {
            PortStatus(
                reason: portLife.reason, resets: portLife.resets, recoveries: portLife.recoveries, failures: portLife.failures)
        }
    }

    /// Why a vif that is wanted can't be accelerated, where that is the port's fault.
    var portReason: AccelerationReason? {
        guard portLife.isSuspended, let reason = portLife.reason else { return nil }
        return AccelerationReason(portLife.isDead ? .portDown : .portReset, reason)
    }
}
