// SPDX-License-Identifier: BSD-3-Clause

/// The header of an ICMP message (RFC 792). The checksum is not verified.
@frozen
public struct ICMPHeader {
    public let type: UInt8
    public let code: UInt8
    public let checksum: UInt16

    /// Of an echo request or reply; other messages keep other things in these two words.
    public let identifier: UInt16
    public let sequenceNumber: UInt16

    /// What follows the eight bytes that every ICMP message has. Valid as long as the packet's memory.
    public let payload: ByteView

    /// Reads the message that `message` consists of; `nil` when it is shorter than 8 bytes.
    @inlinable @_noLocks
    public init?(_ message: ByteView) {
        guard let payload = message.dropFirst(8) else { return nil }
        self.payload = payload
        type = message[0]
        code = message[1]
        checksum = message.u16(at: 2)
        identifier = message.u16(at: 4)
        sequenceNumber = message.u16(at: 6)
    }

    @inlinable
    public var isEchoRequest: Bool {
        @_noLocks get { type == 8 && code == 0 }
    }

    @inlinable
    public var isEchoReply: Bool {
        @_noLocks get { type == 0 && code == 0 }
    }
}
