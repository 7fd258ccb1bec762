// SPDX-License-Identifier: BSD-3-Clause
public import Wire

/// The in-band marker that separates the frames before a switch of path from those after it.
///
/// A frame to a reserved, locally administered MAC with the local experimental EtherType 0x88B5 (IEEE Std 802, "Local Experimental
/// EtherType 1"), a magic number and the nonce that the control link carried. Netback and netfront each consume their own; the
/// switch never forwards one. Other frames of that EtherType are a guest's own business.
@frozen
public struct FenceFrame: Equatable, Sendable {
    public let nonce: UInt64
    public let sequence: UInt32

    /// Bytes of a fence: the smallest Ethernet frame, without its check sequence.
    @inlinable public static var length: Int { @_noLocks get { 60 } }

    /// "viaduc" as a unicast, locally administered address.
    @inlinable public static var address: MACAddress { @_noLocks get { MACAddress(rawValue: 0x7669_6164_7563) } }
    @usableFromInline static var magic: UInt32 { @_noLocks get { 0x5641_4643 } }

    @inlinable @_noLocks
    public init(nonce: UInt64, sequence: UInt32) {
        self.nonce = nonce
        self.sequence = sequence
    }

    /// The fence in `frame`, if it is one; whoever asked for it knows its nonce.
    @_noLocks
    public init?(_ frame: ByteView) {
        guard ReservedFrame.isOne(frame, magic: Self.magic) else { return nil }
        nonce = frame.u64(at: ReservedFrame.nonceOffset)
        sequence = frame.u32(at: ReservedFrame.sequenceOffset)
    }

    /// Writes the frame; false when `buffer` is shorter than ``length``.
    @_noLocks
    public func write(to buffer: MutableByteView) -> Bool {
        ReservedFrame.write(magic: Self.magic, nonce: nonce, sequence: sequence, to: buffer)
    }
}
