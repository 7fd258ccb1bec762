// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// One layer of a rule's pattern. A nil field is not matched; a given one is matched in full.
public enum FlowItem: Sendable, Equatable {
    /// Destination and source MAC (48 bits, the first octet most significant), EtherType.
    case ethernet(destination: UInt64? = nil, source: UInt64? = nil, etherType: UInt16? = nil)
    /// VLAN identifier, 12 bits.
    case vlan(identifier: UInt16?)
    case ipv4(source: UInt32? = nil, destination: UInt32? = nil, protocol: UInt8? = nil)
    /// The protocol is that of the header's own next-header field.
    case ipv6(source: FlowIPv6Address? = nil, destination: FlowIPv6Address? = nil, protocol: UInt8? = nil)
    case udp(source: UInt16? = nil, destination: UInt16? = nil)
    case tcp(source: UInt16? = nil, destination: UInt16? = nil)
    /// An item of another kind, or one matched in part or as a range: only a software NIC's engine sees it.
    case unsupported
}

/// The 16 octets of an IPv6 address, the first most significant.
public struct FlowIPv6Address: Sendable, Hashable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

public enum FlowAction: Sendable, Equatable {
    case queue(UInt16)
    case drop
    /// Counts frames and bytes for ``Flow/query()``.
    case count
    /// Spreads over the queues (at most 16) by a hash of IP, UDP and TCP headers. Never with a pattern on ixgbe and igb, which
    /// ignore it and turn the whole port.
    case rss([UInt16])
    /// Only a software NIC's engine sees it.
    case unsupported
}

/// An rte_flow rule (DPDK Programmer's Guide, "Generic flow API").
public struct FlowRule: Sendable, Equatable {
    public var group: UInt32
    public var priority: UInt32
    public var isIngress: Bool
    public var isEgress: Bool
    public var isTransfer: Bool
    public var pattern: [FlowItem]
    public var actions: [FlowAction]

    /// An ingress rule.
    public init(pattern: [FlowItem], actions: [FlowAction], group: UInt32 = 0, priority: UInt32 = 0) {
        self.group = group
        self.priority = priority
        isIngress = true
        isEgress = false
        isTransfer = false
        self.pattern = pattern
        self.actions = actions
    }

    /// Most items, and most actions, that a rule may have.
    public static let maximumLayers = Int(CDPDK_FLOW_LAYERS)
}

/// Why a port refused a rule.
public struct FlowError: Error, Sendable, Equatable, CustomStringConvertible {
    /// errno, positive.
    public let code: Int32
    /// The driver's own words.
    public let message: String

    public init(code: Int32, message: String) {
        self.code = code < 0 ? 0 - code : code
        self.message = message
    }

    public var description: String { unsafe "\(message) (\(String(cString: cdpdk_strerror(code))))" }
}

/// What a rule with a COUNT action has counted.
public struct FlowCounts: Sendable, Equatable {
    public let frames: UInt64
    public let bytes: UInt64

    public init(frames: UInt64, bytes: UInt64) {
        self.frames = frames
        self.bytes = bytes
    }
}

/// A rule that a port holds; destroyed by ``destroy()``. Rules die with a port's stop, so this value does not destroy its rule
/// by itself.
@safe
public struct Flow: ~Copyable, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): every flow call takes the shim's one lock.
    private let pointer: OpaquePointer
    public let port: PortID
    private var isInstalled = true

    /// Asks whether the port would take `rule` now. Never believe it alone: drivers say yes here and no at creation, and on
    /// some the question has side effects.
    public static func validate(_ rule: FlowRule, on port: PortID) throws(FlowError) {
        var c = try rule.c()
        var error = cdpdk_flow_error()
        let code = unsafe cdpdk_flow_validate(port.rawValue, &c, &error)
        if code != 0 { throw FlowError(code: code, error) }
    }

    /// Creates `rule`. That it exists does not prove that it steers.
    public init(creating rule: FlowRule, on port: PortID) throws(FlowError) {
        var c = try rule.c()
        var error = cdpdk_flow_error()
        var code: Int32 = 0
        guard let flow = unsafe cdpdk_flow_create(port.rawValue, &c, &code, &error) else {
            throw FlowError(code: code, error)
        }
        unsafe pointer = flow
        self.port = port
    }

    /// What the rule's COUNT action has counted since the rule was created. Drivers without it refuse.
    public func query() throws(FlowError) -> FlowCounts {
        var error = cdpdk_flow_error()
        var (frames, bytes) = (UInt64(0), UInt64(0))
        let code = unsafe cdpdk_flow_query(port.rawValue, pointer, &frames, &bytes, &error)
        if code != 0 { throw FlowError(code: code, error) }
        return FlowCounts(frames: frames, bytes: bytes)
    }

    /// Takes the rule out of the port.
    public consuming func destroy() throws(FlowError) {
        try remove()
    }

    /// Takes the rule out of the port, or leaves it there, to be tried again.
    public mutating func remove() throws(FlowError) {
        precondition(isInstalled, "the rule was removed before")
        var error = cdpdk_flow_error()
        let code = unsafe cdpdk_flow_destroy(port.rawValue, pointer, &error)
        if code != 0 { throw FlowError(code: code, error) }
        isInstalled = false
    }
}
