// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// A TCP or UDP packet as a test builds it and takes it apart, in arrays, so that it is no use of what it tests.
struct OffloadPacket: Sendable {
    enum Transport: UInt8, Sendable, CaseIterable { case tcp = 6, udp = 17 }

    /// What the sender leaves to others.
    enum Left: Sendable, CaseIterable {
        case nothing
        /// The checksum's field holds the sum of the pseudo-header.
        case checksum
        /// That, and cutting the segment.
        case segments
    }

    var isIPv6: Bool
    var transport: Transport
    var payload: Bytes
    var left: Left
    /// Bytes of payload in each frame of a segment that is cut.
    var segmentSize = 1400
    /// FIN, PSH, ACK and CWR: not all of them belong on each piece.
    static let flags: UInt8 = 0x99
    static let sequence: UInt32 = 0xFFFF_F000
    static let identification: UInt16 = 0xFFFE

    var networkLength: Int { isIPv6 ? 40 : 20 }
    var transportLength: Int { transport == .tcp ? 32 : 8 }

    func frame(to destination: MACAddress, from source: MACAddress) -> Bytes {
        var frame = Frames.octets(destination) + Frames.octets(source) + (isIPv6 ? [0x86, 0xDD] : [0x08, 0x00])
        let length = transportLength + payload.count
        frame += isIPv6 ? header6(length) : header4(length)
        var body = transport == .tcp ? tcp : udp(length)
        body += payload
        let pseudo = Self.pseudo(network: Array(frame[14...]), isIPv6, transport, length)
        let field = transport == .tcp ? 16 : 6
        let sum = left == .nothing ? ~Self.sum(body, pseudo) : UInt16(truncatingIfNeeded: Self.fold(pseudo))
        let value = left == .nothing && transport == .udp && sum == 0 ? 0xFFFF : sum
        body[field] = UInt8(value >> 8)
        body[field + 1] = UInt8(value & 0xFF)
        return frame + body
    }

    private func header4(_ length: Int) -> Bytes {
        var header: Bytes = [0x45, 0] + Self.two(20 + length) + Self.two(Int(Self.identification))
        header += [0x40, 0, 64, transport.rawValue, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
        let sum = ~Self.sum(header, 0)
        header[10] = UInt8(sum >> 8)
        header[11] = UInt8(sum & 0xFF)
        return header
    }

    private func header6(_ length: Int) -> Bytes {
        let network: Bytes = [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        return [0x60, 0, 0, 0] + Self.two(length) + [transport.rawValue, 64] + network + [1] + network + [2]
    }

    private var tcp: Bytes {
        var header: Bytes = Self.two(40000) + Self.two(5001)
        header += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: Self.sequence >> $0) } + [0, 0, 0, 1]
        // Twelve bytes of options, as a time stamp has.
        header += [0x80, Self.flags, 1, 0, 0, 0, 0, 0] + [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]
        return header
    }

    private func udp(_ length: Int) -> Bytes { Self.two(40000) + Self.two(5001) + Self.two(length) + [0, 0] }

    // MARK: Sums

    static func two(_ value: Int) -> Bytes { [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)] }

    static func fold(_ sum: UInt32) -> UInt32 {
        var sum = sum
        while sum > 0xFFFF { sum = (sum & 0xFFFF) + sum >> 16 }
        return sum
    }

    static func sum(_ bytes: Bytes, _ start: UInt32) -> UInt16 {
        var sum = start
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum = fold(sum + UInt32(bytes[index]) << 8 + (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0))
        }
        return UInt16(sum)
    }

    /// RFC 9293 section 3.1, RFC 8200 section 8.1.
    static func pseudo(network: Bytes, _ isIPv6: Bool, _ transport: Transport, _ length: Int) -> UInt32 {
        let addresses = isIPv6 ? Array(network[8..<40]) : Array(network[12..<20])
        return fold(UInt32(sum(addresses, 0)) + UInt32(transport.rawValue) + UInt32(length))
    }
}

extension OffloadPacket: CustomStringConvertible {
    var description: String { "IPv\(isIPv6 ? 6 : 4) \(transport), \(payload.count) bytes, \(left) left" }
}
