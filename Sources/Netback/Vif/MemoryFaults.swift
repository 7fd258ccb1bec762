// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Synchronization

/// How often a guest's connection was ended since its memory was not what it said, and what was wrong the last time. Any thread.
final class MemoryFaults: Sendable {
    private let number = Atomic<Int>(0)
    private let newest = Atomic<UInt8>(0)

    func note(_ fault: VhostMemoryFault) {
        newest.store(fault.rawValue, ordering: .relaxed)
        number.wrappingAdd(1, ordering: .releasing)
    }

    var count: Int { number.load(ordering: .acquiring) }
    var last: VhostMemoryFault? { VhostMemoryFault(rawValue: newest.load(ordering: .relaxed)) }
}

extension ControlPlane {
    /// Ends the connections of guests whose memory poll loops found missing. With the lock held.
    func endLostGuests() {
        for vif in vifs.values where vif.socket != nil {
            let device = vif.guestNow.device
            guard device >= 0, let fault = VhostMemoryFault.take(of: device) else { continue }
            vif.guestRefused(device, fault)
            VhostMemoryFault.hangUp(device)
        }
    }
}
