// SPDX-License-Identifier: BSD-3-Clause

/// The protocol of an Ethernet payload (IEEE 802 numbers registry of IANA).
@frozen
public struct EtherType: RawRepresentable, Sendable {
    public let rawValue: UInt16

    @inlinable @_noLocks
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    @inlinable public static var ipv4: EtherType { @_noLocks get { EtherType(rawValue: 0x0800) } }
    @inlinable public static var arp: EtherType { @_noLocks get { EtherType(rawValue: 0x0806) } }
    @inlinable public static var rarp: EtherType { @_noLocks get { EtherType(rawValue: 0x8035) } }
    @inlinable public static var ipv6: EtherType { @_noLocks get { EtherType(rawValue: 0x86DD) } }

    /// IEEE 802.1Q customer tag.
    @inlinable public static var vlan: EtherType { @_noLocks get { EtherType(rawValue: 0x8100) } }

    /// IEEE 802.1ad service tag.
    @inlinable public static var qinq: EtherType { @_noLocks get { EtherType(rawValue: 0x88A8) } }

    /// IEEE 802 local experimental EtherType 1, free for use within one network.
    @inlinable public static var localExperimental1: EtherType { @_noLocks get { EtherType(rawValue: 0x88B5) } }

    /// True for both kinds of VLAN tag.
    @inlinable
    public var isVLANTag: Bool {
        @_noLocks get { rawValue == 0x8100 || rawValue == 0x88A8 }
    }

    /// True when the field is not a type but the payload length of an IEEE 802.3 frame (below 0x0600).
    @inlinable
    public var isLength: Bool {
        @_noLocks get { rawValue < 0x0600 }
    }
}

extension EtherType: Hashable {
    @inlinable @_noLocks
    public static func == (left: EtherType, right: EtherType) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable @_noLocks
    public static func != (left: EtherType, right: EtherType) -> Bool {
        !(left == right)
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(rawValue)
    }
}
