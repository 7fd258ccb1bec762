// SPDX-License-Identifier: BSD-3-Clause

/// The Internet checksum, added up piece by piece (RFC 1071).
///
/// ```swift
/// var sum = InternetChecksum()
/// sum.addPseudoHeader(source: ip.source, destination: ip.destination, protocol: .udp, length: datagram.count)
/// sum.add(datagram)
/// if sum.isValid { … }
/// ```
///
/// A sum that was computed over a field of zeros gives the ``checksum`` to put there; one computed over received bytes,
/// checksum included, says whether they are ``isValid``.
@frozen
public struct InternetChecksum: Sendable {
    // 32-bit words are added to 64 bits, so 2^32 of them fit before anything is lost; folding at the end is the
    // same sum as folding all along (RFC 1071 1, "deferred carries").
    @usableFromInline var sum: UInt64 = 0

    /// True after an odd number of bytes: the next one is the second half of a word.
    @usableFromInline var isOdd = false

    @inlinable @_noLocks
    public init() {}

    /// Adds the bytes of `bytes`, as if they followed those added before.
    ///
    /// - Cost: linear in the length.
    @inlinable @_noLocks
    public mutating func add(_ bytes: ByteView) {
        var offset = 0
        var remaining = bytes.count
        if isOdd, remaining > 0 {
            sum &+= UInt64(bytes[0])
            isOdd = false
            offset = 1
            remaining -= 1
        }
        while remaining >= 8 {
            let word = bytes.u64(at: offset)
            // Cannot wrap: see `sum`.
            sum &+= (word >> 32) &+ (word & 0xFFFF_FFFF)
            offset += 8
            remaining -= 8
        }
        while remaining >= 2 {
            sum &+= UInt64(bytes.u16(at: offset))
            offset += 2
            remaining -= 2
        }
        if remaining == 1 {
            sum &+= UInt64(bytes[offset]) << 8
            isOdd = true
        }
    }

    /// Adds one 16-bit word.
    ///
    /// - Precondition: an even number of bytes was added before.
    @inlinable @_noLocks
    public mutating func add(u16 word: UInt16) {
        precondition(!isOdd, "a word can only be added at an even offset")
        sum &+= UInt64(word)
    }

    /// Adds one 32-bit word.
    ///
    /// - Precondition: an even number of bytes was added before.
    @inlinable @_noLocks
    public mutating func add(u32 word: UInt32) {
        precondition(!isOdd, "a word can only be added at an even offset")
        sum &+= UInt64(word)
    }

    /// Adds the pseudo header of UDP and TCP over IPv4 (RFC 768, RFC 9293 3.1). `length` is that of the transport
    /// header and its payload; its low 16 bits count.
    @inlinable @_noLocks
    public mutating func addPseudoHeader(
        source: IPv4Address, destination: IPv4Address, protocol number: IPProtocol, length: Int
    ) {
        add(u32: source.rawValue)
        add(u32: destination.rawValue)
        add(u16: UInt16(number.rawValue))
        add(u16: UInt16(truncatingIfNeeded: length))
    }

    /// Adds the pseudo header of every upper layer over IPv6 (RFC 8200 8.1). `length` is that of the upper-layer
    /// packet; its low 32 bits count.
    @inlinable @_noLocks
    public mutating func addPseudoHeader(
        source: IPv6Address, destination: IPv6Address, protocol number: IPProtocol, length: Int
    ) {
        add(address: source)
        add(address: destination)
        add(u32: UInt32(truncatingIfNeeded: length))
        add(u32: UInt32(number.rawValue))
    }

    @inlinable @_noLocks
    mutating func add(address: IPv6Address) {
        add(u32: UInt32(truncatingIfNeeded: address.high >> 32))
        add(u32: UInt32(truncatingIfNeeded: address.high))
        add(u32: UInt32(truncatingIfNeeded: address.low >> 32))
        add(u32: UInt32(truncatingIfNeeded: address.low))
    }

    /// The one's complement sum in 16 bits.
    @inlinable
    public var folded: UInt16 {
        @_noLocks get {
            var folded = (sum >> 32) &+ (sum & 0xFFFF_FFFF)
            folded = (folded >> 16) &+ (folded & 0xFFFF)
            folded = (folded >> 16) &+ (folded & 0xFFFF)
            folded = (folded >> 16) &+ (folded & 0xFFFF)
            return UInt16(truncatingIfNeeded: folded)
        }
    }

    /// The value for the checksum field: the complement of the sum.
    @inlinable
    public var checksum: UInt16 {
        @_noLocks get { ~folded }
    }

    /// ``checksum`` as UDP sends it: 0 would mean "none" and so is sent as 0xFFFF (RFC 768).
    @inlinable
    public var udpChecksum: UInt16 {
        @_noLocks get { folded == 0xFFFF ? 0xFFFF : ~folded }
    }

    /// True when the bytes added, their checksum field among them, are consistent.
    @inlinable
    public var isValid: Bool {
        @_noLocks get { folded == 0xFFFF }
    }
}
