// SPDX-License-Identifier: BSD-3-Clause

/// Source and destination of a packet, in one of the two versions of IP.
@frozen
public enum IPAddressPair: Sendable {
    case v4(source: IPv4Address, destination: IPv4Address)
    case v6(source: IPv6Address, destination: IPv6Address)
}

extension IPAddressPair: Hashable {
    @inlinable @_noLocks
    public static func == (left: IPAddressPair, right: IPAddressPair) -> Bool {
        switch (left, right) {
        case (.v4(let source, let destination), .v4(let otherSource, let otherDestination)):
            source == otherSource && destination == otherDestination
        case (.v6(let source, let destination), .v6(let otherSource, let otherDestination)):
            source == otherSource && destination == otherDestination
        default:
            false
        }
    }

    @inlinable @_noLocks
    public static func != (left: IPAddressPair, right: IPAddressPair) -> Bool {
        !(left == right)
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .v4(let source, let destination):
            hasher.combine(0 as UInt8)
            hasher.combine(source)
            hasher.combine(destination)
        case .v6(let source, let destination):
            hasher.combine(1 as UInt8)
            hasher.combine(source)
            hasher.combine(destination)
        }
    }
}
