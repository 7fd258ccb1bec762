// SPDX-License-Identifier: BSD-3-Clause

/// The protocol of an IP payload: IPv4's Protocol and IPv6's Next Header field (IANA protocol numbers).
@frozen
public struct IPProtocol: RawRepresentable, Sendable {
    public let rawValue: UInt8

    @inlinable @_noLocks
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    @inlinable public static var icmp: IPProtocol { @_noLocks get { IPProtocol(rawValue: 1) } }
    @inlinable public static var tcp: IPProtocol { @_noLocks get { IPProtocol(rawValue: 6) } }
    @inlinable public static var udp: IPProtocol { @_noLocks get { IPProtocol(rawValue: 17) } }
    @inlinable public static var icmpv6: IPProtocol { @_noLocks get { IPProtocol(rawValue: 58) } }

    // IPv6 extension headers (RFC 8200 4).
    @inlinable public static var hopByHop: IPProtocol { @_noLocks get { IPProtocol(rawValue: 0) } }
    @inlinable public static var routing: IPProtocol { @_noLocks get { IPProtocol(rawValue: 43) } }
    @inlinable public static var fragment: IPProtocol { @_noLocks get { IPProtocol(rawValue: 44) } }
    @inlinable public static var authentication: IPProtocol { @_noLocks get { IPProtocol(rawValue: 51) } }
    @inlinable public static var noNextHeader: IPProtocol { @_noLocks get { IPProtocol(rawValue: 59) } }
    @inlinable public static var destinationOptions: IPProtocol { @_noLocks get { IPProtocol(rawValue: 60) } }
}

extension IPProtocol: Hashable {
    @inlinable @_noLocks
    public static func == (left: IPProtocol, right: IPProtocol) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable @_noLocks
    public static func != (left: IPProtocol, right: IPProtocol) -> Bool {
        !(left == right)
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(rawValue)
    }
}
