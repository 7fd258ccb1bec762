// SPDX-License-Identifier: BSD-3-Clause

/// An address of IPv4 or of IPv6.
@frozen
public struct IPAddress: Hashable, Sendable {
    public let isIPv6: Bool
    /// Of IPv4 the 32 bits of ``low``, of IPv6 all 128.
    public let high: UInt64
    public let low: UInt64

    @inlinable @_noLocks
    public init(_ address: IPv4Address) {
        isIPv6 = false
        high = 0
        low = UInt64(address.rawValue)
    }

    @inlinable @_noLocks
    public init(_ address: IPv6Address) {
        isIPv6 = true
        high = address.high
        low = address.low
    }

    /// From its text: dotted decimal, or RFC 4291 section 2.2.
    public init?(_ text: some StringProtocol) {
        if let address = IPv4Address(text) {
            self.init(address)
        } else if let address = IPv6Address(text) {
            self.init(address)
        } else {
            return nil
        }
    }
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        isIPv6 ? "\(IPv6Address(high: high, low: low))" : "\(IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)))"
    }
}
