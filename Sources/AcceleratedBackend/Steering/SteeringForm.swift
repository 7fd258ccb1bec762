// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// One way to tell a port "these frames go to that VI". Letters are those of the documentation's table.
public enum SteeringForm: String, Sendable, Hashable, CaseIterable {
    /// Destination MAC, and the vif's VLAN if it has one, to a queue, by one rte_flow rule.
    case destinationMAC = "A"
    /// VMDq: the MAC is added to the pool that the VI's queue belongs to.
    case addressPool = "B"
    /// A set of rte_flow rules of destination MAC and kind of IPv4 packet, all of them or none.
    case ipv4RuleSet = "C"
    /// Destination MAC and VLAN to a queue, by the flow director.
    case macAndVLAN = "D"
    /// A rte_flow rule for each of the heaviest flows, on demand.
    case perFlow = "E"
    /// In software: netback's lane hands the frames over. Only for guests in netback's process.
    case software = "F"

    var letter: Character { rawValue.first ?? "?" }

    /// How it is done.
    var method: any SteeringMethod {
        switch self {
        case .destinationMAC: DestinationMACForm()
        case .addressPool: AddressPoolForm()
        case .ipv4RuleSet: IPv4RuleSetForm()
        case .macAndVLAN: MACAndVLANForm()
        case .perFlow: FlowForm()
        case .software: SoftwareForm()
        }
    }

    /// Whether its VI is a queue pair of the port.
    var usesQueuePairs: Bool { self != .software }
    /// Which of a guest's frames it can't steer, for status.
    public var coverage: String { method.coverage }

    /// The forms that will be asked of a port, the best first.
    ///
    /// - Parameters:
    ///   - driver: as `PortInformation` has it.
    ///   - device: the PCI device id, which tells families apart that share a driver.
    public static func expected(driver: String, device: UInt16?) -> [SteeringForm] {
        DriverFacts.forms(driver: driver, device: device)
    }
}
