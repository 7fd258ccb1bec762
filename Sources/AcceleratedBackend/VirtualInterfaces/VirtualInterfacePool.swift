// SPDX-License-Identifier: BSD-3-Clause
import Acceleration

/// How many VIs are in which state.
public struct VirtualInterfaceCounts: Sendable, Equatable {
    public var free = 0
    public var granted = 0
    /// Not taken back: somebody may still touch them.
    public var quarantined = 0

    public init(free: Int = 0, granted: Int = 0, quarantined: Int = 0) {
        self.free = free
        self.granted = granted
        self.quarantined = quarantined
    }
}

/// The VIs of a port, each free, granted to one vif, or in quarantine.
struct VirtualInterfacePool: Sendable {
    enum Use: Sendable, Equatable {
        case free
        case granted(vif: UInt32)
        case quarantined(AccelerationReason)
    }

    let interfaces: [VirtualInterface]
    private(set) var uses: [Use]
    /// Where the next search begins: a VI that was just taken back rests longest.
    private var next = 0

    init(_ interfaces: [VirtualInterface]) {
        self.interfaces = interfaces
        uses = Array(repeating: .free, count: interfaces.count)
    }

    var counts: VirtualInterfaceCounts {
        var counts = VirtualInterfaceCounts()
        for use in uses {
            switch use {
            case .free: counts.free += 1
            case .granted: counts.granted += 1
            case .quarantined: counts.quarantined += 1
            }
        }
        return counts
    }

    func has(_ method: any SteeringMethod) -> Bool { interfaces.contains(where: method.accepts) }

    /// A free VI that the form can use.
    func free(for method: any SteeringMethod) -> Int? {
        interfaces.indices.first { uses[$0] == .free && method.accepts(interfaces[$0]) }
    }

    /// A free VI that the form can use, the vif's own if it has one, granted to `vif` from now on; nil when there is none. A guest in
    /// another memory domain gets one that is exported.
    mutating func allocate(
        vif: UInt32, name: String = "", isRemote: Bool = false, for method: any SteeringMethod
    ) -> Int? {
        for step in interfaces.indices {
            let index = (next + step) % interfaces.count
            guard uses[index] == .free, method.accepts(interfaces[index]),
                interfaces[index].owner.map({ $0 == name }) ?? true, (interfaces[index].export != nil) == isRemote
            else { continue }
            uses[index] = .granted(vif: vif)
            next = index + 1
            return index
        }
        return nil
    }

    mutating func reclaim(_ index: Int) {
        guard case .granted = uses[index] else { return }
        uses[index] = .free
    }

    mutating func quarantine(_ index: Int, _ reason: AccelerationReason) {
        guard case .granted = uses[index] else { return }
        uses[index] = .quarantined(reason)
    }

    /// The one that kept this vif's own VI in quarantine is dead, and netback takes back what it held.
    mutating func ownerDied(_ name: String) {
        for index in interfaces.indices where interfaces[index].owner == name {
            if case .quarantined(let reason) = uses[index], reason.code != .ruleRefused { uses[index] = .free }
        }
    }

    /// The port's queues were stopped, so nobody uses them. Software VIs are not the port's, and stay in quarantine, as do those
    /// that something still steers to.
    mutating func portRestarted(except steered: Set<Int>) {
        for index in interfaces.indices where !interfaces[index].isSoftware && !steered.contains(index) {
            if case .quarantined = uses[index] { uses[index] = .free }
        }
    }
}
