// SPDX-License-Identifier: BSD-3-Clause

/// The header of a TCP segment (RFC 9293 3.1). Options are neither read nor judged; the checksum is not verified.
@frozen
public struct TCPHeader {
    public let sourcePort: UInt16
    public let destinationPort: UInt16
    public let sequenceNumber: UInt32
    public let acknowledgmentNumber: UInt32

    /// 20...60: where the payload begins.
    public let headerLength: Int
    public let flags: TCPFlags
    public let window: UInt16
    public let checksum: UInt16

    /// What follows the header and its options. Valid as long as the packet's memory.
    public let payload: ByteView

    /// Reads the segment that `segment` consists of; `nil` when the header is truncated or its length is below 20.
    @inlinable @_noLocks
    public init?(_ segment: ByteView) {
        guard segment.count >= 20 else { return nil }
        let headerLength = Int(segment[12] >> 4) * 4
        guard headerLength >= 20, let payload = segment.dropFirst(headerLength) else { return nil }
        self.headerLength = headerLength
        self.payload = payload
        sourcePort = segment.u16(at: 0)
        destinationPort = segment.u16(at: 2)
        sequenceNumber = segment.u32(at: 4)
        acknowledgmentNumber = segment.u32(at: 8)
        flags = TCPFlags(rawValue: segment[13])
        window = segment.u16(at: 14)
        checksum = segment.u16(at: 16)
    }
}

/// The control bits of a TCP segment.
@frozen
public struct TCPFlags: OptionSet, Sendable {
    public let rawValue: UInt8

    @inlinable @_noLocks
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    @inlinable public static var fin: TCPFlags { @_noLocks get { TCPFlags(rawValue: 0x01) } }
    @inlinable public static var syn: TCPFlags { @_noLocks get { TCPFlags(rawValue: 0x02) } }
    @inlinable public static var rst: TCPFlags { @_noLocks get { TCPFlags(rawValue: 0x04) } }
    @inlinable public static var psh: TCPFlags { @_noLocks get { TCPFlags(rawValue: 0x08) } }
    @inlinable public static var ack: TCPFlags { @_noLocks get { TCPFlags(rawValue: 0x10) } }
    @inlinable public static var urg: TCPFlags { @_noLocks get { TCPFlags(rawValue: 0x20) } }
}
