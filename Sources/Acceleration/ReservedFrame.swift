// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// What ``FenceFrame`` and ``LinkMarker`` have in common: a frame to and from a reserved, locally administered MAC with the local
/// experimental EtherType 0x88B5 (IEEE Std 802, "Local Experimental EtherType 1"), a magic number, a nonce and a sequence number.
///
/// - Lcore: any.
enum ReservedFrame {
    /// The smallest Ethernet frame, without its check sequence.
    static var length: Int { @_noLocks get { 60 } }
    /// Where the nonce, the sequence number and what the kind has besides lie.
    static var nonceOffset: Int { @_noLocks get { 18 } }
    static var sequenceOffset: Int { @_noLocks get { 26 } }
    static var restOffset: Int { @_noLocks get { 30 } }

    @_noLocks
    static func isOne(_ frame: ByteView, magic: UInt32) -> Bool {
        frame.count >= length && frame.mac(at: 0) == FenceFrame.address
            && frame.u16(at: 12) == EtherType.localExperimental1.rawValue && frame.u32(at: 14) == magic
    }

    /// Writes the frame, with zeros for the rest; false when `buffer` is too short.
    @_noLocks
    static func write(magic: UInt32, nonce: UInt64, sequence: UInt32, to buffer: MutableByteView) -> Bool {
        guard buffer.count >= length else { return false }
        buffer.set(mac: FenceFrame.address, at: 0)
        buffer.set(mac: FenceFrame.address, at: 6)
        buffer.set(u16: EtherType.localExperimental1.rawValue, at: 12)
        buffer.set(u32: magic, at: 14)
        buffer.set(u64: nonce, at: nonceOffset)
        buffer.set(u32: sequence, at: sequenceOffset)
        var index = restOffset
        while index < length {
            buffer.set(u8: 0, at: index)
            index += 1
        }
        return true
    }
}
