// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Which driver family's NIC a ``SoftNIC`` imitates, with its limits and its lies. See <doc:SoftNIC> for a table of them.
public enum Personality: String, Sendable, CaseIterable {
    /// Intel 82599 (X520): pools, 128 IPv4 n-tuples, RSS that ignores its pattern.
    case ixgbe82599 = "ixgbe-82599"
    /// Intel X550: as the 82599, and MAC with VLAN by flow director.
    case ixgbeX550 = "ixgbe-x550"
    /// Intel X710: pools of four queues, flow director with one input set for each packet type.
    case i40e
    /// Intel 82576: pools that its driver fills by VLAN only, eight IPv4 n-tuples.
    case igb
    /// Solarflare SFN7000/8000/X2: steers by destination MAC, with or without a VLAN, or by addresses and ports.
    case sfc
    /// Mellanox ConnectX-4 Lx: steers by any of the fields, counts.
    case mlx5
    /// Broadcom NetXtreme-C/E without TruFlow: pools, MAC and n-tuple rules, never queue 0.
    case bnxt
    /// A NIC without rte_flow.
    case none

    /// What `PortInformation` says of such a NIC: the driver's name, and the PCI device id.
    public var driver: String { flowEngine.traits.driver }
    public var deviceID: UInt16? { flowEngine.traits.deviceID }

    var flowEngine: any FlowPersonality {
        switch self {
        case .ixgbe82599: IxgbePersonality(isX550: false)
        case .ixgbeX550: IxgbePersonality(isX550: true)
        case .i40e: I40ePersonality()
        case .igb: IgbPersonality()
        case .sfc: SFCPersonality()
        case .mlx5: Mlx5Personality()
        case .bnxt: BnxtPersonality()
        case .none: NoFlowPersonality()
        }
    }
}

/// A driver family: its numbers, and its answers to rules.
protocol FlowPersonality: Sendable {
    var traits: PersonalityTraits { get }

    /// What the rule would steer where, or the refusal in the driver's words. Asked by rte_flow_validate and again at
    /// creation; `state` may change even then, where the driver's does.
    func steering(of rule: FlowRule, _ call: FlowCall, _ state: inout FlowState) throws(FlowError) -> Steering

    /// What the driver finds out at creation only. `count` rules are in the same table already.
    func admit(_ steering: Steering, count: Int, _ state: inout FlowState) throws(FlowError)

    /// What happens to a rule whose match another one has already.
    func refusal(ofDuplicate steering: Steering, of existing: Steering) -> Duplicate

    /// The answer when the flow table holds all it can.
    var fullError: FlowError { get }

    /// The rule is gone.
    func forget(_ steering: Steering, remaining: Int, _ state: inout FlowState)
}

/// A rule that matches what another one matches.
struct Duplicate {
    let error: FlowError
    /// The driver refuses the new rule, and lets the old one do what the new one wanted.
    var redirects = false
}

extension FlowPersonality {
    var fullError: FlowError { FlowError(code: FlowCode.noSpace, message: "no room for another filter") }
    func forget(_ steering: Steering, remaining: Int, _ state: inout FlowState) {}
}

/// The circumstances of a flow call.
struct FlowCall {
    /// Whether it is rte_flow_create.
    let creates: Bool
    /// Queues that the port was configured with.
    let queues: Int
}

/// What a port's driver remembers between flow calls, beside the rules.
struct FlowState {
    /// ixgbe: the flow director's mode, which stays for ever.
    var directorMode: DirectorMode?
    /// ixgbe: the one mask of all rules of the flow director.
    var directorMask: MatchShape?
    /// i40e: the one input set of each packet type that has rules, and how many.
    var inputSets: [UInt32: (set: MatchShape, rules: Int)] = [:]
    /// ixgbe, igb, i40e: the whole port's RSS belongs to a rule.
    var hasSpread = false

    enum DirectorMode { case perfect, addressAndVLAN }
}

/// A table of the NIC in which a rule takes a place.
enum FilterTable: Hashable, Sendable {
    case ntuple, etherType, director, filters, spread
}

/// A rule as the NIC would hold it.
struct Steering: Equatable {
    var match: Match
    var verdict: Verdict
    var table = FilterTable.filters
    /// The match has no say: the verdict's queues are for every IP frame that no rule and no pool takes.
    var isWholePort = false
    /// Accepted, and never in effect.
    var isInert = false
    /// Its frames and bytes may be asked for.
    var isCounted = false
}

/// errno values that drivers answer with.
enum FlowCode {
    static let notPermitted: Int32 = 1
    static let noSuchRule: Int32 = 2
    static let inputOutput: Int32 = 5
    static let tryAgain: Int32 = 11
    static let busy: Int32 = 16
    static let exists: Int32 = 17
    static let invalid: Int32 = 22
    static let noSpace: Int32 = 28
    static let notImplemented: Int32 = 38
    static let notSupported: Int32 = 95
    static let noBuffers: Int32 = 105
}

extension FlowError {
    static func invalid(_ message: String) -> FlowError { FlowError(code: FlowCode.invalid, message: message) }
    static func unsupported(_ message: String) -> FlowError { FlowError(code: FlowCode.notSupported, message: message) }
    /// What the Intel drivers say of every failure at creation, whatever they found.
    static func notCreated(_ code: Int32) -> FlowError { FlowError(code: code, message: "Failed to create flow.") }
}
