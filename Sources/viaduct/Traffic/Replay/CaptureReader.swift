// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// Walks over the records of a capture.
struct CaptureReader {
    /// What is wrong with a capture.
    struct Damage: Error, Equatable {
        let what: String
    }

    private let bytes: Data
    private let isBigEndian: Bool

    /// Longest record that libpcap writes or reads (MAXIMUM_SNAPLEN).
    private static let longestRecord = 262_144
    private static let ethernet: UInt32 = 1

    /// - Parameter bytes: the whole file; little-endian unless ``swapped``.
    init(bytes: Data) { self.init(bytes: bytes, isBigEndian: false) }

    private init(bytes: Data, isBigEndian: Bool) {
        self.bytes = bytes
        self.isBigEndian = isBigEndian
    }

    var swapped: Self { Self(bytes: bytes, isBigEndian: !isBigEndian) }

    func u32(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= bytes.count - 4 else { return nil }
        let value = (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[bytes.startIndex + offset + $1]) }
        return isBigEndian ? value : value.byteSwapped
    }

    private func u16(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= bytes.count - 2 else { return nil }
        let high = UInt32(bytes[bytes.startIndex + offset])
        let low = UInt32(bytes[bytes.startIndex + offset + 1])
        return isBigEndian ? high << 8 | low : low << 8 | high
    }

    /// Frames of a pcap file that can be replayed.
    func pcapFrames() throws(Damage) -> Int {
        guard bytes.count >= 24, let link = u32(at: 20) else { throw Damage(what: "its header is cut off") }
        try requireEthernet(link & 0x0FFF_FFFF)
        var offset = 24
        var frames = 0
        while offset < bytes.count {
            guard let length = u32(at: offset + 8).map(Int.init), length <= Self.longestRecord,
                length <= bytes.count - offset - 16
            else { throw Damage(what: "the record at byte \(offset) is damaged or cut off") }
            if carries(length, at: offset + 16) { frames += 1 }
            offset += 16 + length
        }
        return frames
    }

    /// Frames of a pcapng file that can be replayed.
    func pcapngFrames() throws(Damage) -> Int {
        var reader = self
        var offset = 0
        var frames = 0
        while offset < bytes.count {
            if reader.u32(at: offset) == 0x0A0D_0D0A {
                // Each section has a byte order of its own.
                if reader.u32(at: offset + 8) != 0x1A2B_3C4D { reader = reader.swapped }
                guard reader.u32(at: offset + 8) == 0x1A2B_3C4D else { throw Damage(what: "a section has no byte order") }
            }
            guard let type = reader.u32(at: offset), let length = reader.u32(at: offset + 4).map(Int.init),
                length >= 12, length % 4 == 0, length <= bytes.count - offset,
                reader.u32(at: offset + length - 4) == UInt32(length)
            else { throw Damage(what: "the block at byte \(offset) is damaged or cut off") }
            if try reader.isFrame(type, at: offset, length) { frames += 1 }
            offset += length
        }
        return frames
    }

    /// Whether a block is a frame that can be replayed.
    private func isFrame(_ type: UInt32, at offset: Int, _ length: Int) throws(Damage) -> Bool {
        switch type {
        case 1:
            guard let link = u16(at: offset + 8) else { return false }
            try requireEthernet(link)
            return false
        case 3, 6:
            // A simple packet block has no captured length of its own: the original one, or all there is.
            let header = type == 6 ? 28 : 12
            guard length >= header + 4, let told = u32(at: offset + (type == 6 ? 20 : 8)).map(Int.init) else {
                throw Damage(what: "the block at byte \(offset) is damaged or cut off")
            }
            let room = length - header - 4
            guard type == 3 || told <= room else { throw Damage(what: "the block at byte \(offset) is damaged or cut off") }
            return carries(min(told, room), at: offset + header)
        default: return false
        }
    }

    private func carries(_ length: Int, at offset: Int) -> Bool {
        guard length >= 14, offset + 14 <= bytes.count else { return false }
        // A frame's own fields are big-endian whatever the file is.
        let type = UInt16(bytes[bytes.startIndex + offset + 12]) << 8 | UInt16(bytes[bytes.startIndex + offset + 13])
        return CaptureFile.carries(length: length, etherType: type)
    }

    private func requireEthernet(_ link: UInt32) throws(Damage) {
        guard link == Self.ethernet else { throw Damage(what: "it is of link type \(link), not of Ethernet (1)") }
    }
}
