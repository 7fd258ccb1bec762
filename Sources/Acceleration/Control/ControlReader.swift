// SPDX-License-Identifier: BSD-3-Clause

import Wire

/// Reads the fields of one encoded message, front to back. Never reads past its end, never traps.
struct ControlReader {
    private let bytes: [UInt8]
    private var position: Int

    init(_ bytes: [UInt8], from position: Int) {
        self.bytes = bytes
        self.position = position
    }

    private var remaining: Int { bytes.count - position }

    mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(
        _ type: Value.Type = Value.self
    ) throws(ControlDecodingError) -> Value {
        let size = Value.bitWidth / 8
        guard remaining >= size else { throw .truncatedBody }
        var value: UInt64 = 0
        for index in position..<position + size {
            value = value << 8 | UInt64(bytes[index])
        }
        position += size
        return Value(truncatingIfNeeded: value)
    }

    /// A grant id of a message that is about a grant: 0 is taken.
    mutating func grantID() throws(ControlDecodingError) -> UInt32 {
        let id = try integer(UInt32.self)
        guard id != 0 else { throw .invalidValue }
        return id
    }

    mutating func unicastAddress() throws(ControlDecodingError) -> MACAddress {
        let high = try integer(UInt16.self)
        let low = try integer(UInt32.self)
        let address = MACAddress(rawValue: UInt64(high) << 32 | UInt64(low))
        guard address.isValidUnicast else { throw .invalidValue }
        return address
    }

    mutating func text(limit: Int) throws(ControlDecodingError) -> String {
        let count = Int(try integer(UInt16.self))
        guard count <= limit else { throw .overLimit }
        guard remaining >= count else { throw .truncatedBody }
        guard let text = String(validating: bytes[position..<position + count], as: UTF8.self) else {
            throw .invalidText
        }
        guard ControlText.isText(text, limit: limit) else { throw .forbiddenText }
        position += count
        return text
    }

    mutating func name(limit: Int) throws(ControlDecodingError) -> String {
        let name = try text(limit: limit)
        guard !name.isEmpty else { throw .forbiddenText }
        return name
    }

    mutating func reason() throws(ControlDecodingError) -> AccelerationReason {
        guard let code = AccelerationReason.Code(rawValue: try integer()) else { throw .invalidValue }
        return AccelerationReason(code, try text(limit: ControlProtocol.maximumReasonText))
    }

    mutating func grant() throws(ControlDecodingError) -> Grant {
        guard let tag = GrantTag(rawValue: try integer()) else { throw .invalidValue }
        switch tag {
        case .queuePair:
            let port = try integer(UInt16.self)
            let rxQueue = try integer(UInt16.self)
            let txQueue = try integer(UInt16.self)
            let vlan = try integer(UInt16.self)
            guard vlan == 0 || Grant.vlans.contains(vlan) else { throw .invalidValue }
            let mempool = try name(limit: ControlProtocol.maximumMempoolName)
            return .queuePair(
                port: port, rxQueue: rxQueue, txQueue: txQueue, mempool: mempool, vlan: vlan == 0 ? nil : vlan)
        case .device:
            return .device(devargs: try name(limit: ControlProtocol.maximumDeviceArguments))
        }
    }

    mutating func addresses() throws(ControlDecodingError) -> [MACAddress] {
        let count = Int(try integer(UInt16.self))
        guard count <= ControlProtocol.maximumLocalAddresses else { throw .overLimit }
        guard remaining >= count * 6 else { throw .truncatedBody }
        var addresses: [MACAddress] = []
        addresses.reserveCapacity(count)
        for _ in 0..<count {
            addresses.append(try unicastAddress())
        }
        return addresses
    }

    func end() throws(ControlDecodingError) {
        guard remaining == 0 else { throw .trailingBytes }
    }
}
