// SPDX-License-Identifier: BSD-3-Clause

import Wire

/// Builds one encoded message: big-endian fields, each text and list behind a 16-bit count.
struct ControlWriter {
    private(set) var bytes: [UInt8]

    init(kind: ControlMessageKind) { self.init(mark: ControlProtocol.mark, kind: kind.rawValue) }

    init(mark: UInt16, kind: UInt8) {
        bytes = []
        bytes.reserveCapacity(64)
        integer(mark)
        integer(kind)
        integer(UInt8(0))
        integer(UInt16(0))
    }

    mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) {
        for shift in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
        }
    }

    mutating func address(_ address: MACAddress) {
        integer(UInt16(truncatingIfNeeded: address.rawValue >> 32))
        integer(UInt32(truncatingIfNeeded: address.rawValue))
    }

    mutating func text(_ text: String) {
        integer(UInt16(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func reason(_ reason: AccelerationReason) {
        integer(reason.code.rawValue)
        text(reason.text)
    }

    mutating func grant(_ grant: Grant) {
        integer(grant.tag.rawValue)
        switch grant {
        case .queuePair(let port, let rxQueue, let txQueue, let mempool, let vlan):
            integer(port)
            integer(rxQueue)
            integer(txQueue)
            integer(vlan ?? 0)
            text(mempool)
        case .device(let devargs):
            text(devargs)
        }
    }

    /// The message, with the length of its body filled in.
    consuming func finished() -> [UInt8] {
        let length = UInt16(bytes.count - ControlProtocol.headerLength)
        bytes[4] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[5] = UInt8(truncatingIfNeeded: length)
        return bytes
    }
}

/// The octet that tells one kind of ``Grant`` from another.
enum GrantTag: UInt8 {
    case queuePair = 1
    case device = 2
}

extension Grant {
    var tag: GrantTag {
        switch self {
        case .queuePair: .queuePair
        case .device: .device
        }
    }
}
