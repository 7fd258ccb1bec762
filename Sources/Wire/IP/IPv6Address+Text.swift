// SPDX-License-Identifier: BSD-3-Clause

extension IPv6Address: CustomStringConvertible {
    /// Reads the text forms of RFC 4291 2.2: eight groups, one `::` for one or more zero groups, and dotted decimal
    /// in place of the last two groups. A zone (`%eth0`) is refused.
    public init?(_ string: some StringProtocol) {
        let text = Array(string.utf8)
        var head: [UInt16] = []
        var tail: [UInt16] = []
        var sawGap = false
        var position = 0

        if text.starts(with: [UInt8(ascii: ":"), UInt8(ascii: ":")]) {
            sawGap = true
            position = 2
        }
        while position < text.count {
            let end = text[position...].firstIndex(of: UInt8(ascii: ":")) ?? text.count
            let part = text[position..<end]
            var groups: [UInt16] = []
            if part.contains(UInt8(ascii: ".")) {
                guard end == text.count, let ipv4 = IPv4Address(String(decoding: part, as: UTF8.self)) else {
                    return nil
                }
                groups = [UInt16(ipv4.rawValue >> 16), UInt16(ipv4.rawValue & 0xFFFF)]
            } else {
                guard let group = Self.group(part) else { return nil }
                groups = [group]
            }
            if sawGap { tail += groups } else { head += groups }
            guard head.count + tail.count <= 8 else { return nil }

            if end == text.count { break }
            position = end + 1
            if position < text.count, text[position] == UInt8(ascii: ":") {
                guard !sawGap else { return nil }
                sawGap = true
                position += 1
            } else if position == text.count {
                return nil  // A single colon at the end.
            }
        }

        let missing = 8 - head.count - tail.count
        guard sawGap ? missing >= 1 : missing == 0 else { return nil }
        let groups = head + [UInt16](repeating: 0, count: missing) + tail
        self.init(
            high: groups[..<4].reduce(0) { $0 << 16 | UInt64($1) },
            low: groups[4...].reduce(0) { $0 << 16 | UInt64($1) })
    }

    private static func group(_ part: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(part.count) else { return nil }
        var value: UInt16 = 0
        for character in part {
            guard let digit = Character(UnicodeScalar(character)).hexDigitValue else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    /// The canonical text of RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the
    /// first of equals) as `::`, and dotted decimal for an IPv4-mapped address.
    public var description: String {
        if high == 0, low >> 32 == 0xFFFF {
            return "::ffff:" + IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)).description
        }
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index % 4)))
        }
        var gap = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, groups[end] == 0 { end += 1 }
            if end - index >= 2, end - index > gap.count { gap = index..<end }
            index = max(end, index + 1)
        }
        func text(_ range: Range<Int>) -> String {
            range.map { String(groups[$0], radix: 16) }.joined(separator: ":")
        }
        return gap.isEmpty ? text(0..<8) : text(0..<gap.lowerBound) + "::" + text(gap.upperBound..<8)
    }
}
