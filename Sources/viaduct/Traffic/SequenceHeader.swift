// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// What a generated frame says about itself, at the start of its UDP payload: magic, flow, sequence number in the flow, and the
/// sender's clock, all big-endian.
struct SequenceHeader: Equatable, Sendable {
    let flow: UInt32
    let sequence: UInt64
    /// TSC of the sender.
    let sentAt: UInt64

    /// Bytes of the header.
    static var length: Int { @_noLocks get { 24 } }
    /// "VDCT".
    static var magic: UInt32 { @_noLocks get { 0x5644_4354 } }
    /// Sequence numbers from this one on are refused: no sender comes so far, and arithmetic on what is left can't overflow.
    static var sequenceLimit: UInt64 { @_noLocks get { 1 << 62 } }

    @_noLocks
    init(flow: UInt32, sequence: UInt64, sentAt: UInt64) {
        self.flow = flow
        self.sequence = sequence
        self.sentAt = sentAt
    }

    /// Reads the header of a whole frame: UDP over IPv4 or IPv6, tagged or not. nil for every other frame.
    @_noLocks
    init?(frame: ByteView) {
        guard let ethernet = EthernetHeader(frame), let packet = frame.dropFirst(ethernet.headerLength) else { return nil }
        if ethernet.etherType == .ipv4 {
            guard let ip = IPv4Header(packet), ip.protocolNumber == .udp, !ip.isFragment, let udp = UDPHeader(ip.payload) else {
                return nil
            }
            self.init(payload: udp.payload)
        } else if ethernet.etherType == .ipv6 {
            guard let ip = IPv6Header(packet), ip.upperLayer == .udp, let udp = UDPHeader(ip.payload) else { return nil }
            self.init(payload: udp.payload)
        } else {
            return nil
        }
    }

    /// Reads the header at the start of a UDP payload.
    @_noLocks
    init?(payload: ByteView) {
        guard payload.count >= Self.length, payload.u32(at: 0) == Self.magic, payload.u64(at: 8) < Self.sequenceLimit else {
            return nil
        }
        self.init(flow: payload.u32(at: 4), sequence: payload.u64(at: 8), sentAt: payload.u64(at: 16))
    }

    /// Writes the header at `offset` of a frame with room for it.
    @_noLocks
    func write(to frame: MutableByteView, at offset: Int) {
        frame.set(u32: Self.magic, at: offset)
        frame.set(u32: flow, at: offset + 4)
        frame.set(u64: sequence, at: offset + 8)
        frame.set(u64: sentAt, at: offset + 16)
    }
}
