// SPDX-License-Identifier: BSD-3-Clause

/// An IPv4 address.
@frozen
public struct IPv4Address: Sendable {
    /// The address as a number, the first octet being the most significant.
    public let rawValue: UInt32

    @inlinable @_noLocks
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// 0.0.0.0, "this host" (RFC 1122 3.2.1.3).
    @inlinable
    public static var unspecified: IPv4Address {
        @_noLocks get { IPv4Address(rawValue: 0) }
    }

    /// 255.255.255.255
    @inlinable
    public static var limitedBroadcast: IPv4Address {
        @_noLocks get { IPv4Address(rawValue: 0xFFFF_FFFF) }
    }

    /// True for 224.0.0.0/4.
    @inlinable
    public var isMulticast: Bool {
        @_noLocks get { rawValue >> 28 == 0xE }
    }

    /// True when a single host on a wire may have this address: not 0.0.0.0/8, loopback, multicast or class E.
    @inlinable
    public var isValidUnicast: Bool {
        @_noLocks get {
            let network = rawValue >> 24
            return network != 0 && network != 127 && network < 224
        }
    }
}

extension IPv4Address: Hashable {
    @inlinable @_noLocks
    public static func == (left: IPv4Address, right: IPv4Address) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable @_noLocks
    public static func != (left: IPv4Address, right: IPv4Address) -> Bool {
        !(left == right)
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(rawValue)
    }
}

extension IPv4Address: CustomStringConvertible {
    /// Reads dotted decimal: four numbers of 0...255 without leading zeros, which some readers take for octal.
    public init?(_ string: some StringProtocol) {
        let parts = string.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            var number: UInt32 = 0
            for character in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { return nil }
                number = number * 10 + UInt32(character - UInt8(ascii: "0"))
            }
            guard number <= 255 else { return nil }
            value = value << 8 | number
        }
        self.init(rawValue: value)
    }

    /// Dotted decimal.
    public var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 0xFF).\(rawValue >> 8 & 0xFF).\(rawValue & 0xFF)"
    }
}
