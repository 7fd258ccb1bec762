// SPDX-License-Identifier: BSD-3-Clause

/// What client and server of a memif say to each other on their socket, one message of 128 bytes at a time. A region and a ring come
/// with a descriptor: the region's memory, and an event that nobody waits for here.
enum MemifMessage: Equatable, Sendable {
    case ack
    /// The server's first word.
    case hello(name: String, versions: ClosedRange<UInt16>, lastRegion: UInt16, lastRings: UInt16, maximumLog2RingSize: UInt8)
    case initialize(version: UInt16, id: UInt32, mode: UInt8, secret: [UInt8], name: String)
    case addRegion(index: UInt16, size: UInt64)
    case addRing(flags: UInt16, index: UInt16, region: UInt16, offset: UInt32, log2Size: UInt8, headerSize: UInt16)
    case connect(name: String)
    case connected(name: String)
    case disconnect(code: UInt32, reason: String)

    private enum Kind: UInt16 {
        case ack = 1
        case hello, initialize, addRegion, addRing, connect, connected, disconnect
    }

    private var kind: Kind {
        switch self {
        case .ack: .ack
        case .hello: .hello
        case .initialize: .initialize
        case .addRegion: .addRegion
        case .addRing: .addRing
        case .connect: .connect
        case .connected: .connected
        case .disconnect: .disconnect
        }
    }

    /// Integers are in the host's byte order, and nothing is aligned.
    var encoded: [UInt8] {
        var writer = Writer()
        writer.integer(kind.rawValue)
        switch self {
        case .ack: break
        case .hello(let name, let versions, let lastRegion, let lastRings, let maximumLog2RingSize):
            writer.text(name, MemifProtocol.nameLength)
            writer.integer(versions.lowerBound)
            writer.integer(versions.upperBound)
            writer.integer(lastRegion)
            writer.integer(lastRings)
            writer.integer(lastRings)
            writer.integer(maximumLog2RingSize)
        case .initialize(let version, let id, let mode, let secret, let name):
            writer.integer(version)
            writer.integer(id)
            writer.integer(mode)
            writer.bytes(secret, MemifProtocol.secretLength)
            writer.text(name, MemifProtocol.nameLength)
        case .addRegion(let index, let size):
            writer.integer(index)
            writer.integer(size)
        case .addRing(let flags, let index, let region, let offset, let log2Size, let headerSize):
            writer.integer(flags)
            writer.integer(index)
            writer.integer(region)
            writer.integer(offset)
            writer.integer(log2Size)
            writer.integer(headerSize)
        case .connect(let name), .connected(let name):
            writer.text(name, MemifProtocol.nameLength)
        case .disconnect(let code, let reason):
            writer.integer(code)
            writer.text(reason, MemifProtocol.reasonLength)
        }
        return writer.finished
    }

    /// nil for what is no message: of another length, of a type that there is none of, or with limits that make no sense.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == MemifProtocol.messageLength else { return nil }
        var reader = Reader(bytes)
        guard let kind = Kind(rawValue: reader.integer()) else { return nil }
        switch kind {
        case .ack: self = .ack
        case .hello:
            let name = reader.text(MemifProtocol.nameLength)
            let least: UInt16 = reader.integer()
            let most: UInt16 = reader.integer()
            guard least <= most else { return nil }
            let lastRegion: UInt16 = reader.integer()
            let lastRings: UInt16 = reader.integer()
            let others: UInt16 = reader.integer()
            self = .hello(
                name: name, versions: least...most, lastRegion: lastRegion, lastRings: min(lastRings, others),
                maximumLog2RingSize: reader.integer())
        case .initialize:
            self = .initialize(
                version: reader.integer(), id: reader.integer(), mode: reader.integer(),
                secret: reader.bytes(MemifProtocol.secretLength), name: reader.text(MemifProtocol.nameLength))
        case .addRegion: self = .addRegion(index: reader.integer(), size: reader.integer())
        case .addRing:
            self = .addRing(
                flags: reader.integer(), index: reader.integer(), region: reader.integer(), offset: reader.integer(),
                log2Size: reader.integer(), headerSize: reader.integer())
        case .connect: self = .connect(name: reader.text(MemifProtocol.nameLength))
        case .connected: self = .connected(name: reader.text(MemifProtocol.nameLength))
        case .disconnect: self = .disconnect(code: reader.integer(), reason: reader.text(MemifProtocol.reasonLength))
        }
    }
}

private struct Writer {
    private var message: [UInt8] = []

    mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        for index in 0..<Value.bitWidth / 8 { message.append(UInt8(truncatingIfNeeded: value >> Value(index * 8))) }
    }

    mutating func bytes(_ bytes: [UInt8], _ length: Int) {
        message += bytes.prefix(length)
        message += repeatElement(0, count: length - min(bytes.count, length))
    }

    /// Ends with a zero, as in C.
    mutating func text(_ text: String, _ length: Int) { bytes(Array(text.utf8.prefix(length - 1)), length) }

    var finished: [UInt8] { message + repeatElement(0, count: MemifProtocol.messageLength - message.count) }
}

private struct Reader {
    private let message: [UInt8]
    private var place = 0

    init(_ message: [UInt8]) { self.message = message }

    mutating func integer<Value: FixedWidthInteger>() -> Value {
        var value: Value = 0
        for index in 0..<Value.bitWidth / 8 { value |= Value(truncatingIfNeeded: message[place + index]) << Value(index * 8) }
        place += Value.bitWidth / 8
        return value
    }

    mutating func bytes(_ length: Int) -> [UInt8] {
        defer { place += length }
        return Array(message[place..<place + length])
    }

    mutating func text(_ length: Int) -> String { String(decoding: bytes(length).prefix { $0 != 0 }, as: UTF8.self) }
}
