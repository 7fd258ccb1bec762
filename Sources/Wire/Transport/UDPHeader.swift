// SPDX-License-Identifier: BSD-3-Clause

/// The header of a UDP datagram (RFC 768).
///
/// Exists only when the length field is right for the bytes there are, so not for the first fragment of a datagram.
/// The checksum is not verified.
@frozen
public struct UDPHeader {
    public let sourcePort: UInt16
    public let destinationPort: UInt16

    /// Length of header and payload in bytes, at least 8.
    public let length: Int

    /// The checksum field; 0 means that the sender computed none.
    public let checksum: UInt16

    /// What follows the header, up to the length. Valid as long as the packet's memory.
    public let payload: ByteView

    /// Reads the datagram at the start of `datagram`; `nil` when it is malformed.
    @inlinable @_noLocks
    public init?(_ datagram: ByteView) {
        guard datagram.count >= 8 else { return nil }
        let length = Int(datagram.u16(at: 4))
        guard length >= 8, let payload = datagram.slice(from: 8, count: length - 8) else { return nil }
        self.length = length
        self.payload = payload
        sourcePort = datagram.u16(at: 0)
        destinationPort = datagram.u16(at: 2)
        checksum = datagram.u16(at: 6)
    }
}
