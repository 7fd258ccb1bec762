// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// What a form of steering does for a vif.
protocol SteeringMethod: Sendable {
    /// What the port needs to be told so that frames for `target` go to its VI.
    func installation(for target: SteeringTarget) throws(SteeringObjection) -> Installation
    /// Which frames of a guest go by the VI, and which don't, in words.
    var coverage: String { get }
    /// Whether only unfragmented IPv4 is steered: other frames by the default queue are then no leak.
    var coversOnlyPlainIPv4: Bool { get }
    /// Whether asking the port once at the start, and taking the answer back, leaves the port as it was.
    var canBeProbed: Bool { get }
    /// Whether it can use that VI.
    func accepts(_ interface: VirtualInterface) -> Bool
}

extension SteeringMethod {
    var coversOnlyPlainIPv4: Bool { false }
    var canBeProbed: Bool { true }
    func accepts(_ interface: VirtualInterface) -> Bool { !interface.isSoftware }
}

/// Whose frames are to be steered where.
struct SteeringTarget: Sendable, Equatable {
    let mac: UInt64
    let vlan: UInt16?
    let queue: UInt16
    /// The VMDq pool that the queue is in.
    let pool: Int?
}

/// Why a form can't serve one vif, whatever the port says.
struct SteeringObjection: Error, Sendable, Equatable {
    let words: String
}

/// What a port is told. All of it or nothing.
enum Installation: Sendable, Equatable {
    case rules([FlowRule])
    /// A pool's address.
    case address(UInt64, pool: Int)
    /// Nothing: netback steers.
    case none
}
