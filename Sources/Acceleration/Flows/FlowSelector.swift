// SPDX-License-Identifier: BSD-3-Clause
public import Wire

/// Which frames of a vif a flow's rule names: IP destination, protocol, destination port. The destination MAC is always the
/// vif's own, so it is not part of the value.
@frozen
public struct FlowSelector: Sendable {
    /// The destination address: of IPv4 the 32 bits of ``low``, of IPv6 all 128.
    public let high: UInt64
    public let low: UInt64
    /// Bit 31: IPv6; bits 16 to 23: the protocol; bits 0 to 15: the destination port.
    @usableFromInline let word: UInt32

    @inlinable @_noLocks
    init(high: UInt64, low: UInt64, word: UInt32) {
        self.high = high
        self.low = low
        self.word = word
    }

    /// `transport` is UDP or TCP.
    @_noLocks
    public init(_ address: IPv4Address, _ transport: IPProtocol, port: UInt16) {
        self.init(high: 0, low: UInt64(address.rawValue), word: UInt32(transport.rawValue) << 16 | UInt32(port))
    }

    /// `transport` is UDP or TCP.
    @_noLocks
    public init(_ address: IPv6Address, _ transport: IPProtocol, port: UInt16) {
        self.init(
            high: address.high, low: address.low, word: 1 << 31 | UInt32(transport.rawValue) << 16 | UInt32(port))
    }

    public var isIPv6: Bool { @_noLocks get { word >> 31 == 1 } }
    public var transport: IPProtocol { @_noLocks get { IPProtocol(rawValue: UInt8(truncatingIfNeeded: word >> 16)) } }
    public var port: UInt16 { @_noLocks get { UInt16(truncatingIfNeeded: word) } }

    /// Of an untagged frame, whatever its destination MAC: the flow that a rule may take it for.
    ///
    /// Some NICs look behind IPv4 options and IPv6 extension headers, and at the ports of a first fragment; none finds any in a
    /// later one. So this is what counts where frames of a flow are kept back: too many is in order, too few is not.
    @_noLocks
    public init?(_ frame: ByteView) {
        guard frame.count >= 34 else { return nil }
        let type = frame.u16(at: 12)
        if type == EtherType.ipv4.rawValue {
            let header = Int(frame[14] & 0xF) * 4
            guard frame[14] >> 4 == 4, header >= 20, frame.u16(at: 20) & 0x1FFF == 0, frame.count >= 14 + header + 4 else {
                return nil
            }
            let transport = IPProtocol(rawValue: frame[23])
            guard transport == .udp || transport == .tcp else { return nil }
            self.init(frame.ipv4(at: 30), transport, port: frame.u16(at: 14 + header + 2))
        } else if type == EtherType.ipv6.rawValue {
            guard let packet = frame.dropFirst(14), let ip = IPv6Header(packet), ip.hasTransportHeader,
                ip.upperLayer == .udp || ip.upperLayer == .tcp, ip.payload.count >= 4
            else { return nil }
            self.init(ip.destination, ip.upperLayer, port: ip.payload.u16(at: 2))
        } else {
            return nil
        }
    }

    /// Of an untagged frame that may make its flow worth a rule: one that every NIC with such rules recognises. That is a
    /// well-formed UDP or TCP packet to one host that is no fragment, without IPv4 options or IPv6 extension headers.
    @_noLocks
    public init?(plain frame: ByteView) {
        guard let selector = FlowSelector(frame), let packet = frame.dropFirst(14) else { return nil }
        let payload: ByteView
        if selector.isIPv6 {
            guard let ip = IPv6Header(packet), ip.nextHeader == ip.upperLayer, !ip.destination.isMulticast,
                !ip.destination.isUnspecified
            else { return nil }
            payload = ip.payload
        } else {
            guard let ip = IPv4Header(packet), ip.headerLength == 20, !ip.isFragment else { return nil }
            // Neither 0.0.0.0/8 nor anything from 224.0.0.0 on is one host's address.
            let first = ip.destination.rawValue >> 24
            guard first > 0, first < 224 else { return nil }
            payload = ip.payload
        }
        if selector.transport == .udp {
            guard case .some = UDPHeader(payload) else { return nil }
        } else {
            guard case .some = TCPHeader(payload) else { return nil }
        }
        self = selector
    }

    /// A 64-bit digest for tables on an lcore, never 0 or all ones. A peer chooses the flows, so `seed` is random and kept to
    /// oneself.
    @_noLocks
    public func digest(seed: UInt64) -> UInt64 {
        let value = Self.mixed(Self.mixed(Self.mixed(seed, UInt64(word)), low), high)
        return value == 0 || value == .max ? 1 : value
    }

    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014); its multiplications are meant to wrap.
    @_noLocks
    private static func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
        var value = (state ^ word) &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

extension FlowSelector: Hashable {
    @inlinable @_noLocks
    public static func == (left: FlowSelector, right: FlowSelector) -> Bool {
        left.low == right.low && left.word == right.word && left.high == right.high
    }

    @inlinable @_noLocks
    public static func != (left: FlowSelector, right: FlowSelector) -> Bool { !(left == right) }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(high)
        hasher.combine(low)
        hasher.combine(word)
    }
}

extension FlowSelector: CustomStringConvertible {
    public var description: String {
        let name = transport == .udp ? "udp" : "tcp"
        return isIPv6
            ? "\(name) [\(IPv6Address(high: high, low: low))]:\(port)"
            : "\(name) \(IPv4Address(rawValue: UInt32(truncatingIfNeeded: low))):\(port)"
    }
}

extension FlowSelector: Comparable {
    /// Some order, so that a run can be repeated.
    public static func < (left: FlowSelector, right: FlowSelector) -> Bool {
        (left.word, left.high, left.low) < (right.word, right.high, right.low)
    }
}

/// A flow that a vif's rules may steer, with the number by which both sides speak of it: not 0, and not used again for the
/// same grant.
public struct FlowEntry: Hashable, Sendable {
    public let id: UInt32
    public let selector: FlowSelector

    public init(id: UInt32, _ selector: FlowSelector) {
        self.id = id
        self.selector = selector
    }
}

/// How many frames of a flow a VI yielded since the last report.
public struct FlowHits: Hashable, Sendable {
    public let flow: UInt32
    public let frames: UInt32

    public init(flow: UInt32, frames: UInt32) {
        self.flow = flow
        self.frames = frames
    }
}
