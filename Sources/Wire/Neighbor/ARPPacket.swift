// SPDX-License-Identifier: BSD-3-Clause

/// An ARP packet for IPv4 over Ethernet (RFC 826); RARP packets have the same form (RFC 903).
@frozen
public struct ARPPacket: Sendable {
    /// What an ARP packet asks or tells (IANA ARP parameters).
    @frozen
    public struct Operation: RawRepresentable, Sendable {
        public let rawValue: UInt16

        @inlinable @_noLocks
        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        @inlinable @_noLocks
        public static func == (left: Operation, right: Operation) -> Bool {
            left.rawValue == right.rawValue
        }

        @inlinable @_noLocks
        public static func != (left: Operation, right: Operation) -> Bool {
            !(left == right)
        }

        @inlinable public static var request: Operation { @_noLocks get { Operation(rawValue: 1) } }
        @inlinable public static var reply: Operation { @_noLocks get { Operation(rawValue: 2) } }
        @inlinable public static var reverseRequest: Operation { @_noLocks get { Operation(rawValue: 3) } }
        @inlinable public static var reverseReply: Operation { @_noLocks get { Operation(rawValue: 4) } }
    }

    /// Length of the packet in bytes; what follows is padding.
    @inlinable
    public static var length: Int {
        @_noLocks get { 28 }
    }

    public let operation: Operation
    public let senderMAC: MACAddress
    public let senderAddress: IPv4Address
    public let targetMAC: MACAddress
    public let targetAddress: IPv4Address

    /// Reads the packet at the start of `packet`, which may be followed by padding; `nil` when it is truncated, or is
    /// not about IPv4 over Ethernet.
    @inlinable @_noLocks
    public init?(_ packet: ByteView) {
        // Hardware type Ethernet, protocol IPv4, address lengths 6 and 4.
        guard packet.count >= 28, packet.u64(at: 0) >> 16 == 0x0001_0800_0604 else { return nil }
        operation = Operation(rawValue: packet.u16(at: 6))
        senderMAC = packet.mac(at: 8)
        senderAddress = packet.ipv4(at: 14)
        targetMAC = packet.mac(at: 18)
        targetAddress = packet.ipv4(at: 24)
    }

    /// True when a request or reply tells the sender's own address instead of asking for another (RFC 5227 2.3, 3).
    ///
    /// An address probe, whose sender address is 0.0.0.0, is not gratuitous.
    @inlinable
    public var isGratuitous: Bool {
        @_noLocks get {
            (operation == .request || operation == .reply) && senderAddress == targetAddress
                && senderAddress.rawValue != 0
        }
    }
}

extension ARPPacket.Operation: Hashable {
    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(rawValue)
    }
}
