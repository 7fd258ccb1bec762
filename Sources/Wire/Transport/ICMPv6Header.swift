// SPDX-License-Identifier: BSD-3-Clause

/// The four bytes that every ICMPv6 message begins with (RFC 4443 2.1). The checksum is not verified.
@frozen
public struct ICMPv6Header: Sendable {
    public let type: UInt8
    public let code: UInt8
    public let checksum: UInt16

    /// Reads the start of `message`; `nil` when it is shorter than 4 bytes.
    @inlinable @_noLocks
    public init?(_ message: ByteView) {
        guard message.count >= 4 else { return nil }
        type = message[0]
        code = message[1]
        checksum = message.u16(at: 2)
    }
}

/// An ICMPv6 Echo Request or Echo Reply (RFC 4443 4).
@frozen
public struct ICMPv6Echo {
    /// False for a reply.
    public let isRequest: Bool
    public let checksum: UInt16
    public let identifier: UInt16
    public let sequenceNumber: UInt16

    /// The bytes that a reply gives back. Valid as long as the packet's memory.
    public let payload: ByteView

    /// Reads the message that `message` consists of; `nil` when it is truncated or is no echo.
    @inlinable @_noLocks
    public init?(_ message: ByteView) {
        guard let header = ICMPv6Header(message), let payload = message.dropFirst(8),
            header.type == 128 || header.type == 129, header.code == 0
        else { return nil }
        self.payload = payload
        isRequest = header.type == 128
        checksum = header.checksum
        identifier = message.u16(at: 4)
        sequenceNumber = message.u16(at: 6)
    }
}
