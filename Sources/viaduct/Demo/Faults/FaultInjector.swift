// SPDX-License-Identifier: BSD-3-Clause
import SoftNIC

/// Makes a host's NIC fail, and mends it.
///
/// - Thread: the command's own.
final class FaultInjector {
    private let host: EmbeddedHost
    private let nic: SoftNIC
    /// How often each fault was fired.
    private(set) var fired: [DemoFault: Int] = [:]
    private var active: Set<DemoFault> = []

    init(_ host: EmbeddedHost, nic: SoftNIC) {
        self.host = host
        self.nic = nic
        // One of a few frames: with all of them no hand-shake would ever end.
        nic.faultOdds = 50
    }

    /// False when a fault can't begin now, because the port is down already; then its end means nothing.
    func carryOut(_ step: FaultPlan.Step) -> Bool {
        guard step.begins else {
            if active.contains(step.fault) { end(step) }
            return true
        }
        return begin(step)
    }

    private func begin(_ step: FaultPlan.Step) -> Bool {
        if let flag = step.fault.flag { nic.faults.insert(flag) }
        var isFired = true
        switch step.fault {
        case .stuckReceive: nic.stuckReceiveQueues = [queue(step.choice)]
        case .stuckTransmit: nic.stuckTransmitQueues = [queue(step.choice)]
        case .reset: isFired = nic.requestReset()
        case .resetRefused:
            // Unless it waits for one already, which is refused just as well.
            nic.requestReset()
        case .recovery: isFired = nic.beginRecovery()
        default: break
        }
        guard isFired else { return false }
        fired[step.fault, default: 0] += 1
        active.insert(step.fault)
        if step.fault.needsRule { turn(step.choice) }
        return true
    }

    private func end(_ step: FaultPlan.Step) {
        active.remove(step.fault)
        if let flag = step.fault.flag { nic.faults.remove(flag) }
        switch step.fault {
        case .stuckReceive: nic.stuckReceiveQueues = []
        case .stuckTransmit: nic.stuckTransmitQueues = []
        case .recovery: nic.endRecovery(succeeds: true)
        default: break
        }
        // The form that was refused is tried again.
        if step.fault.needsRule { turn(step.choice) }
    }

    /// Mends what is still broken.
    func endAll() {
        for fault in DemoFault.allCases where active.contains(fault) {
            end(FaultPlan.Step(at: 0, fault: fault, begins: false, choice: 0))
        }
    }

    private func queue(_ choice: Int) -> Int { host.queues[choice % host.queues.count] }

    /// Takes a guest off its path, and puts it back.
    private func turn(_ choice: Int) {
        let guest = host.guests[choice % host.guests.count]
        host.setAcceleration(false, of: guest)
        host.setAcceleration(true, of: guest)
    }
}

extension DemoFault {
    /// As the NIC knows it, where that is a state of its own.
    fileprivate var flag: SoftNICFaults? {
        switch self {
        case .tableFull: .tableFull
        case .creationRefused: .creationRefused
        case .rulesIgnored: .rulesIgnored
        case .linkDown: .linkDown
        case .transmitErrors: .transmitErrors
        case .framesCut: .framesCut
        case .resetRefused: .resetRefused
        case .stuckReceive, .stuckTransmit, .reset, .recovery: nil
        }
    }
}
