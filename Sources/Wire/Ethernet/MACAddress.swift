// SPDX-License-Identifier: BSD-3-Clause

/// A 48-bit IEEE 802 MAC address.
@frozen
public struct MACAddress: Sendable {
    /// The address as a number below 2^48, the first octet on the wire being the most significant.
    public let rawValue: UInt64

    /// Takes the low 48 bits of `rawValue`; the others are ignored.
    @inlinable @_noLocks
    public init(rawValue: UInt64) {
        self.rawValue = rawValue & 0xFFFF_FFFF_FFFF
    }

    /// ff:ff:ff:ff:ff:ff
    @inlinable
    public static var broadcast: MACAddress {
        @_noLocks get { MACAddress(rawValue: 0xFFFF_FFFF_FFFF) }
    }

    /// 00:00:00:00:00:00, which no station may have.
    @inlinable
    public static var zero: MACAddress {
        @_noLocks get { MACAddress(rawValue: 0) }
    }

    /// True for multicast and broadcast: the I/G bit, the lowest of the first octet (IEEE 802-2014 8.2.2).
    @inlinable
    public var isGroup: Bool {
        @_noLocks get { rawValue & 0x0100_0000_0000 != 0 }
    }

    /// True for ff:ff:ff:ff:ff:ff only.
    @inlinable
    public var isBroadcast: Bool {
        @_noLocks get { rawValue == 0xFFFF_FFFF_FFFF }
    }

    /// True when the U/L bit is set: no manufacturer assigned this address (IEEE 802-2014 8.2.2).
    @inlinable
    public var isLocallyAdministered: Bool {
        @_noLocks get { rawValue & 0x0200_0000_0000 != 0 }
    }

    /// True when a station may have this address: not a group, and not zero.
    @inlinable
    public var isValidUnicast: Bool {
        @_noLocks get { !isGroup && rawValue != 0 }
    }
}

// Here and in the other value types `==` and `!=` are written out: the derived `==` is not inlinable, and the standard
// library's `!=` stays generic in debug builds, so a `@_noLocks` function of another module could call neither.
extension MACAddress: Hashable {
    @inlinable @_noLocks
    public static func == (left: MACAddress, right: MACAddress) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable @_noLocks
    public static func != (left: MACAddress, right: MACAddress) -> Bool {
        !(left == right)
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(rawValue)
    }
}
