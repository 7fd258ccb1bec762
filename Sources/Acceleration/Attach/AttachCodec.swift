// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// Turns ``AttachMessage``s into octets and back: a header as that of ``ControlCodec``, with a mark of its own, and a body.
public enum AttachCodec {
    private enum Kind: UInt8 {
        case accepted = 0x01
        case refused = 0x02
        case ping = 0x03
        case ending = 0x04
        case admitted = 0x05
        case hello = 0x81
        case ready = 0x82
        case failed = 0x83
        case pong = 0x84
        case left = 0x85
    }

    /// Texts are cut to their limits; names are the host's own and keep them.
    public static func encode(_ message: AttachMessage) -> [UInt8] {
        switch message {
        case .accepted(let terms):
            var writer = ControlWriter(mark: AttachProtocol.mark, kind: Kind.accepted.rawValue)
            writer.terms(terms)
            return writer.finished()
        case .refused(let text):
            return encode(.refused, text)
        case .failed(let text):
            return encode(.failed, text)
        case .ping(let number):
            return encode(.ping, number)
        case .pong(let number):
            return encode(.pong, number)
        case .ready:
            return encode(Kind.ready)
        case .left:
            return encode(Kind.left)
        case .ending:
            return encode(Kind.ending)
        case .admitted:
            return encode(Kind.admitted)
        case .hello(let version, let vif):
            var writer = ControlWriter(mark: AttachProtocol.mark, kind: Kind.hello.rawValue)
            writer.integer(version)
            writer.text(ControlText.bounded(vif, limit: AttachProtocol.maximumName))
            return writer.finished()
        }
    }

    private static func encode(_ kind: Kind) -> [UInt8] {
        ControlWriter(mark: AttachProtocol.mark, kind: kind.rawValue).finished()
    }

    private static func encode(_ kind: Kind, _ text: String) -> [UInt8] {
        var writer = ControlWriter(mark: AttachProtocol.mark, kind: kind.rawValue)
        writer.text(ControlText.bounded(text, limit: AttachProtocol.maximumText))
        return writer.finished()
    }

    private static func encode(_ kind: Kind, _ number: UInt32) -> [UInt8] {
        var writer = ControlWriter(mark: AttachProtocol.mark, kind: kind.rawValue)
        writer.integer(number)
        return writer.finished()
    }

    /// The one whole message that `bytes` hold. Checks everything and never traps.
    public static func decode(_ bytes: [UInt8], from sender: ControlSide) throws(ControlDecodingError) -> AttachMessage {
        guard bytes.count >= ControlProtocol.headerLength else { throw .truncatedHeader }
        guard bytes.count <= ControlProtocol.maximumMessageLength else { throw .tooLong }
        guard bytes[0] == UInt8(AttachProtocol.mark >> 8) else { throw .badMagic }
        guard bytes[1] == UInt8(AttachProtocol.mark & 0xFF) else { throw .unsupportedEncoding(version: bytes[1]) }
        guard let kind = Kind(rawValue: bytes[2]) else { throw .unknownType(bytes[2]) }
        guard bytes[3] == 0 else { throw .reservedFlags(bytes[3]) }
        guard Int(bytes[4]) << 8 | Int(bytes[5]) == bytes.count - ControlProtocol.headerLength else { throw .badLength }
        guard (kind.rawValue & 0x80 != 0) == (sender == .frontend) else { throw .wrongDirection }
        var reader = ControlReader(bytes, from: ControlProtocol.headerLength)
        let message = try decodeBody(kind, &reader)
        try reader.end()
        return message
    }

    private static func decodeBody(
        _ kind: Kind, _ reader: inout ControlReader
    ) throws(ControlDecodingError) -> AttachMessage {
        switch kind {
        case .accepted: .accepted(try reader.terms())
        case .refused: .refused(try reader.text(limit: AttachProtocol.maximumText))
        case .failed: .failed(try reader.text(limit: AttachProtocol.maximumText))
        case .ping: .ping(try reader.integer())
        case .pong: .pong(try reader.integer())
        case .ready: .ready
        case .left: .left
        case .ending: .ending
        case .admitted: .admitted
        case .hello:
            .hello(version: try reader.integer(), vif: try reader.name(limit: AttachProtocol.maximumName))
        }
    }
}

extension ControlWriter {
    fileprivate mutating func terms(_ terms: AttachTerms) {
        address(terms.mac)
        text(terms.filePrefix)
        integer(UInt16(terms.lcores.count))
        for lcore in terms.lcores { integer(lcore) }
        integer(UInt16(terms.devices.count))
        for device in terms.devices { text(device) }
        text(terms.rings)
        integer(terms.ringDepth)
        text(terms.mempool)
        integer(UInt8(terms.softQueue == nil ? 0 : 1))
        guard let softQueue = terms.softQueue else { return }
        text(softQueue.nic)
        integer(softQueue.queue)
        integer(softQueue.descriptors)
        text(softQueue.mempool)
    }
}

extension ControlReader {
    fileprivate mutating func terms() throws(ControlDecodingError) -> AttachTerms {
        let most = AttachProtocol.maximumName
        let mac = try unicastAddress()
        let filePrefix = try name(limit: most)
        var lcores: [UInt16] = []
        let lcoreCount = try count(limit: AttachProtocol.maximumLcores)
        for _ in 0..<lcoreCount { lcores.append(try integer()) }
        var devices: [String] = []
        let deviceCount = try count(limit: AttachProtocol.maximumDevices)
        for _ in 0..<deviceCount { devices.append(try name(limit: most)) }
        guard lcoreCount > 0 else { throw .invalidValue }
        var terms = AttachTerms(
            mac: mac, filePrefix: filePrefix, lcores: lcores, devices: devices, rings: try name(limit: most),
            ringDepth: try integer(), mempool: try name(limit: most), softQueue: nil)
        switch try integer(UInt8.self) {
        case 0: break
        case 1:
            terms.softQueue = AttachTerms.SoftQueue(
                nic: try name(limit: most), queue: try integer(), descriptors: try integer(), mempool: try name(limit: most))
        default: throw .invalidValue
        }
        return terms
    }

    private mutating func count(limit: Int) throws(ControlDecodingError) -> Int {
        let count = Int(try integer(UInt16.self))
        guard count <= limit else { throw .overLimit }
        return count
    }
}
