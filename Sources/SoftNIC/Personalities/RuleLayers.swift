// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// A rule's pattern in the order in which every driver wants it: ETH, VLAN, IPv4 or IPv6, UDP or TCP, each at most once.
struct RuleLayers {
    struct Ethernet {
        let destination: UInt64?
        let source: UInt64?
        let etherType: UInt16?
        /// Whether the item matches anything at all.
        var isEmpty: Bool { destination == nil && source == nil && etherType == nil }
    }

    enum Network {
        case ipv4(source: UInt32?, destination: UInt32?, number: UInt8?)
        case ipv6(source: FlowIPv6Address?, destination: FlowIPv6Address?, number: UInt8?)

        var isIPv4: Bool { if case .ipv4 = self { true } else { false } }
        var number: UInt8? {
            switch self {
            case .ipv4(_, _, let number), .ipv6(_, _, let number): number
            }
        }
        var hasDestination: Bool {
            switch self {
            case .ipv4(_, let destination, _): destination != nil
            case .ipv6(_, let destination, _): destination != nil
            }
        }
        var hasSource: Bool {
            switch self {
            case .ipv4(let source, _, _): source != nil
            case .ipv6(let source, _, _): source != nil
            }
        }
        var isEmpty: Bool { !hasDestination && !hasSource && number == nil }
    }

    struct Transport {
        let isUDP: Bool
        let sourcePort: UInt16?
        let destinationPort: UInt16?
        var isEmpty: Bool { sourcePort == nil && destinationPort == nil }
    }

    var ethernet: Ethernet?
    /// Whether there is a VLAN item, which may match any identifier.
    var hasVLAN = false
    var vlan: UInt16?
    var network: Network?
    var transport: Transport?

    /// nil for another order, another layer, or one that is matched in part.
    init?(_ pattern: [FlowItem]) {
        var depth = 0
        for item in pattern where !add(item, &depth) { return nil }
    }

    /// Adds a layer that is deeper than those before it; false when it is not, or is none that a rule may have.
    ///
    /// Not to be inlined: swift 6.3.1 -O then takes an item that compares nothing, such as `.ipv4()`, for no item at all.
    @inline(never)
    private mutating func add(_ item: FlowItem, _ depth: inout Int) -> Bool {
        let layer: Int
        switch item {
        case .ethernet(let destination, let source, let etherType):
            layer = 1
            ethernet = Ethernet(destination: destination, source: source, etherType: etherType)
        case .vlan(let identifier):
            layer = 2
            hasVLAN = true
            vlan = identifier
        case .ipv4(let source, let destination, let number):
            layer = 3
            network = .ipv4(source: source, destination: destination, number: number)
        case .ipv6(let source, let destination, let number):
            layer = 3
            network = .ipv6(source: source, destination: destination, number: number)
        case .udp(let source, let destination):
            layer = 4
            transport = Transport(isUDP: true, sourcePort: source, destinationPort: destination)
        case .tcp(let source, let destination):
            layer = 4
            transport = Transport(isUDP: false, sourcePort: source, destinationPort: destination)
        case .unsupported: return false
        }
        defer { depth = layer }
        return layer > depth
    }
}

extension Verdict {
    /// To queues of an RSS action; nil when one of them is out of range, or there is none.
    init?(spreadOver queues: [UInt16], limit: Int) {
        guard !queues.isEmpty, queues.allSatisfy({ $0 < min(limit, 16) }) else { return nil }
        self = .spread(queues.reduce(0) { $0 | 1 << $1 })
    }
}
