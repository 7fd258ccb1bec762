// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Wire

/// Whose flow engine a ``SoftNIC`` imitates, with its limits.
public enum Personality: String, Sendable, CaseIterable {
    /// Solarflare SFN7000/8000/X2: steers by destination MAC, with or without a VLAN.
    case sfc
    /// A NIC without rte_flow.
    case none

    var flowEngine: any FlowPersonality {
        switch self {
        case .sfc: SFCPersonality()
        case .none: NoFlowPersonality()
        }
    }
}

/// A driver family's answer to a rule.
protocol FlowPersonality: Sendable {
    /// What the rule steers where; throws the refusal, with a message in a driver's manner.
    func steering(of rule: FlowRule, queuePairs: Int) throws(FlowError) -> Steering
}

/// A rule as the engine's table holds it.
struct Steering: Equatable {
    let key: SteeringKey
    let queue: Int
}

/// errno values that a flow call answers with.
enum FlowCode {
    static let noSuchRule: Int32 = 2
    static let inputOutput: Int32 = 5
    static let tryAgain: Int32 = 11
    static let exists: Int32 = 17
    static let invalid: Int32 = 22
    static let noSpace: Int32 = 28
    static let notImplemented: Int32 = 38
    static let notSupported: Int32 = 95
}
