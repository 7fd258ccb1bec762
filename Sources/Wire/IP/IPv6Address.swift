// SPDX-License-Identifier: BSD-3-Clause

/// An IPv6 address.
@frozen
public struct IPv6Address: Sendable {
    /// The first eight octets, the first one being the most significant.
    public let high: UInt64

    /// The last eight octets.
    public let low: UInt64

    @inlinable @_noLocks
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// `::`, which only a host that has no address yet sends from (RFC 4291 2.5.2).
    @inlinable
    public static var unspecified: IPv6Address {
        @_noLocks get { IPv6Address(high: 0, low: 0) }
    }

    /// `ff02::1`, all nodes of the link.
    @inlinable
    public static var allNodes: IPv6Address {
        @_noLocks get { IPv6Address(high: 0xFF02_0000_0000_0000, low: 1) }
    }

    /// True for ff00::/8.
    @inlinable
    public var isMulticast: Bool {
        @_noLocks get { high >> 56 == 0xFF }
    }

    /// True for `::`.
    @inlinable
    public var isUnspecified: Bool {
        @_noLocks get { high == 0 && low == 0 }
    }

    /// True when a single host on a wire may have this address: not `::`, `::1` or multicast.
    @inlinable
    public var isValidUnicast: Bool {
        @_noLocks get { !isMulticast && !(high == 0 && low <= 1) }
    }

    /// The solicited-node multicast address of this address (RFC 4291 2.7.1).
    @inlinable
    public var solicitedNode: IPv6Address {
        @_noLocks get { IPv6Address(high: 0xFF02_0000_0000_0000, low: 0x0000_0001_FF00_0000 | low & 0xFF_FFFF) }
    }

    /// The MAC address that carries this multicast address on Ethernet: 33:33 and the last four octets (RFC 2464 7).
    @inlinable
    public var multicastMAC: MACAddress {
        @_noLocks get { MACAddress(rawValue: 0x3333_0000_0000 | low & 0xFFFF_FFFF) }
    }
}

extension IPv6Address: Hashable {
    @inlinable @_noLocks
    public static func == (left: IPv6Address, right: IPv6Address) -> Bool {
        left.high == right.high && left.low == right.low
    }

    @inlinable @_noLocks
    public static func != (left: IPv6Address, right: IPv6Address) -> Bool {
        !(left == right)
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(high)
        hasher.combine(low)
    }
}

extension ByteView {
    /// The IPv4 address at `offset`.
    @inlinable @_noLocks
    public func ipv4(at offset: Int) -> IPv4Address {
        IPv4Address(rawValue: u32(at: offset))
    }

    /// The IPv6 address at `offset`.
    @inlinable @_noLocks
    public func ipv6(at offset: Int) -> IPv6Address {
        requireRange(offset, 16)
        return IPv6Address(high: u64(at: offset), low: u64(at: offset + 8))
    }
}

extension MutableByteView {
    /// Writes an IPv4 address at `offset`.
    @inlinable @_noLocks
    public func set(ipv4 address: IPv4Address, at offset: Int) {
        set(u32: address.rawValue, at: offset)
    }

    /// Writes an IPv6 address at `offset`.
    @inlinable @_noLocks
    public func set(ipv6 address: IPv6Address, at offset: Int) {
        view.requireRange(offset, 16)
        set(u64: address.high, at: offset)
        set(u64: address.low, at: offset + 8)
    }
}
