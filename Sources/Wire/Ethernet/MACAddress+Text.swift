// SPDX-License-Identifier: BSD-3-Clause

extension MACAddress: CustomStringConvertible {
    /// Reads six octets of two hexadecimal digits each, all separated by `:` or all by `-`; `nil` for anything else.
    public init?(_ string: some StringProtocol) {
        let characters = Array(string.utf8)
        guard characters.count == 17 else { return nil }
        let separator = characters[2]
        guard separator == UInt8(ascii: ":") || separator == UInt8(ascii: "-") else { return nil }
        var value: UInt64 = 0
        for (index, character) in characters.enumerated() {
            if index % 3 == 2 {
                guard character == separator else { return nil }
            } else {
                guard let digit = Character(UnicodeScalar(character)).hexDigitValue else { return nil }
                value = value << 4 | UInt64(digit)
            }
        }
        self.init(rawValue: value)
    }

    /// Lower-case octets separated by colons: `02:00:5e:10:00:01`.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(17)
        for shift in stride(from: 40, through: 0, by: -8) {
            if shift != 40 { text.append(UInt8(ascii: ":")) }
            let octet = Int(truncatingIfNeeded: rawValue >> UInt64(shift)) & 0xFF
            text.append(digits[octet >> 4])
            text.append(digits[octet & 0xF])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension MACAddress: Codable {
    /// Decodes from the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let address = MACAddress(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a MAC address: \(text)")
        }
        self = address
    }

    /// Encodes as the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
