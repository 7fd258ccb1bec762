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
        guard frame.count >= Self.length, frame.mac(at: 0) == Self.address,
            frame.u16(at: 12) == EtherType.localExperimental1.rawValue, frame.u32(at: 14) == Self.magic
        else { return nil }
        nonce = frame.u64(at: 18)
        sequence = frame.u32(at: 26)
    }

    /// Writes the frame; false when `buffer` is shorter than ``length``.
    @_noLocks
    public func write(to buffer: MutableByteView) -> Bool {
        guard buffer.count >= Self.length else { return false }
        buffer.set(mac: Self.address, at: 0)
        buffer.set(mac: Self.address, at: 6)
        buffer.set(u16: EtherType.localExperimental1.rawValue, at: 12)
        buffer.set(u32: Self.magic, at: 14)
        buffer.set(u64: nonce, at: 18)
        buffer.set(u32: sequence, at: 26)
        var index = 30
        while index < Self.length {
            buffer.set(u8: 0, at: index)
            index += 1
        }
        return true
    }
}
