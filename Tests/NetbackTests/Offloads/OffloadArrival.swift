// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

/// A frame as a receiver got it.
struct OffloadArrival: Sendable {
    /// Without a VLAN tag.
    var frame: Bytes
    var vlan: UInt16?
    /// What the receiver was told is left to do.
    var left: OffloadPacket.Left

    /// Takes the tag out, if there is one.
    init(_ bytes: Bytes, left: OffloadPacket.Left) {
        frame = bytes
        self.left = left
        if bytes.count >= 18, bytes[12] == 0x81, bytes[13] == 0 {
            vlan = UInt16(bytes[14]) << 8 | UInt16(bytes[15])
            frame.removeSubrange(12..<16)
        }
    }

    /// Checks that frames are what `packet` came to on its way, to the last bit.
    static func check(
        _ arrivals: [OffloadArrival], of packet: OffloadPacket, vlan: UInt16?, mayBeLeft: Bool, longest: Int, _ what: Comment
    ) {
        var payload: Bytes = []
        for (index, arrival) in arrivals.enumerated() {
            #expect(arrival.vlan == vlan, what)
            #expect(mayBeLeft || arrival.left == .nothing, what)
            if arrival.left != .segments { #expect(arrival.frame.count <= longest, what) }
            payload += arrival.checked(
                as: packet, offset: payload.count, index: index, isLast: index == arrivals.count - 1, what)
        }
        #expect(payload == packet.payload, what)
        let isCut = packet.left == .segments && !(arrivals.first?.left == .segments)
        let pieces = max(1, (packet.payload.count + packet.segmentSize - 1) / packet.segmentSize)
        #expect(arrivals.count == (isCut ? pieces : 1), what)
    }

    /// The payload of one frame, all of whose headers are right.
    private func checked(as packet: OffloadPacket, offset: Int, index: Int, isLast: Bool, _ what: Comment) -> Bytes {
        let network = Array(frame[14...])
        let whole = packet.networkLength + packet.transportLength
        guard network.count >= whole else {
            Issue.record("\(what): a frame is cut short")
            return []
        }
        let length = network.count - packet.networkLength
        if packet.isIPv6 {
            #expect(Int(network[4]) << 8 | Int(network[5]) == length, what)
        } else {
            #expect(OffloadPacket.sum(Array(network[..<20]), 0) == 0xFFFF, "\(what): IPv4 header checksum")
            #expect(Int(network[2]) << 8 | Int(network[3]) == network.count, what)
            let identification = UInt16(network[4]) << 8 | UInt16(network[5])
            #expect(identification == OffloadPacket.identification &+ UInt16(index), what)
        }
        let body = Array(network[packet.networkLength...])
        let pseudo = OffloadPacket.pseudo(network: network, packet.isIPv6, packet.transport, length)
        let field = packet.transport == .tcp ? 16 : 6
        switch left {
        case .nothing:
            #expect(OffloadPacket.sum(body, pseudo) == 0xFFFF, "\(what): checksum of frame \(index)")
        case .checksum:
            #expect(UInt32(body[field]) << 8 | UInt32(body[field + 1]) == pseudo, "\(what): pseudo-header of frame \(index)")
        case .segments: break
        }
        if packet.transport == .tcp {
            let sequence = body[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            #expect(sequence == OffloadPacket.sequence &+ UInt32(offset), what)
            var flags = OffloadPacket.flags
            if !isLast { flags &= ~0x09 }
            if index > 0 { flags &= ~0x80 }
            #expect(body[13] == flags, "\(what): flags of frame \(index)")
        }
        return Array(body[packet.transportLength...])
    }
}
