// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Testing

/// A vif on the way from the slow path to its VI, as far as a test wants it.
enum Rung: Int, CaseIterable {
    case wanted, offered, granted, opened, proving, fenceSent, connected

    /// Leads vif 1 there and no further.
    func lead(_ rig: BackendRig) {
        rig.want(true, 1)
        if self == .wanted { return }
        rig.tick()
        if self == .offered { return }
        rig.say(.accept(version: 1), 1)
        guard case .grant(let id, _, _, _) = rig.host.sent[1]?.last else {
            Issue.record("no grant")
            return
        }
        rig.host.sent[1] = []
        if self == .granted { return }
        rig.say(.opened(id: id), 1)
        if self == .opened { return }
        rig.receive(for: 1)
        rig.tick()
        if self == .proving { return }
        rig.host.events = []
        rig.happen(.fenceSent(sequence: 1), 1)
        if self == .fenceSent { return }
        rig.say(.fenceReached(id: id, sequence: 1, stashed: 0), 1)
        rig.say(.proven(id: id), 1)
    }

    var hasVI: Bool { rawValue >= Rung.granted.rawValue }
    var hasRule: Bool { rawValue >= Rung.proving.rawValue }

    /// The first grant's number.
    static let grant: UInt32 = 1
}
