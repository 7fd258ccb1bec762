// SPDX-License-Identifier: BSD-3-Clause
public import Wire

/// A question from a frontend to the host, in band, over a VI that leads through memory that they share; and its answer.
///
/// A VI whose queues the frontend polls itself has descriptors and a clock. One that is carried to the frontend by the host has
/// neither, so the frontend sends a marker behind its frames. The answer comes when all frames before the marker are on the wire, behind
/// every frame that the NIC had delivered at the time that the answer carries.
///
/// A frame as a ``FenceFrame`` is, with a magic number of its own. Neither end lets one through, or believes one with another nonce.
@frozen
public struct LinkMarker: Equatable, Sendable {
    public let nonce: UInt64
    public let sequence: UInt32
    /// Of an answer: nanoseconds on the NIC's clock.
    public let clock: UInt64

    /// Bytes of a marker: the smallest Ethernet frame, without its check sequence.
    @inlinable public static var length: Int { @_noLocks get { 60 } }

    private static var magic: UInt32 { @_noLocks get { 0x5641_4D4B } }

    @inlinable @_noLocks
    public init(nonce: UInt64, sequence: UInt32, clock: UInt64 = 0) {
        self.nonce = nonce
        self.sequence = sequence
        self.clock = clock
    }

    /// The marker in `frame`, if it is one.
    @_noLocks
    public init?(_ frame: ByteView) {
        guard ReservedFrame.isOne(frame, magic: Self.magic) else { return nil }
        nonce = frame.u64(at: ReservedFrame.nonceOffset)
        sequence = frame.u32(at: ReservedFrame.sequenceOffset)
        clock = frame.u64(at: ReservedFrame.restOffset)
    }

    /// Writes the frame; false when `buffer` is shorter than ``length``.
    @_noLocks
    public func write(to buffer: MutableByteView) -> Bool {
        guard ReservedFrame.write(magic: Self.magic, nonce: nonce, sequence: sequence, to: buffer) else { return false }
        buffer.set(u64: clock, at: ReservedFrame.restOffset)
        return true
    }
}
