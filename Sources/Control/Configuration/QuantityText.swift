// SPDX-License-Identifier: BSD-3-Clause

/// Rates and sizes as people write them.
enum QuantityText {
    static let rateForms = "a rate such as 1Gbit, 250Mbit or 64kbit a second, or whole bytes a second"
    static let sizeForms = "a size such as 1500, 64KiB or 2MB"

    /// Bytes a second: `1Gbit`, `1.5Mbit`, `64kbit` (thousands, of bits), or a whole number of bytes.
    static func bytesPerSecond(_ text: String) -> UInt64? {
        for (suffix, factor) in [("Gbit", 1e9), ("Mbit", 1e6), ("kbit", 1e3), ("bit", 1.0)] where text.hasSuffix(suffix) {
            return scaled(text.dropLast(suffix.utf8.count), factor / 8)
        }
        return scaled(text[...], 1)
    }

    /// Bytes: `64KiB`, `2MiB`, `2MB`, `64kB`, or a whole number.
    static func bytes(_ text: String) -> UInt64? {
        for (suffix, factor) in [("KiB", 1024.0), ("MiB", 1_048_576.0), ("kB", 1e3), ("MB", 1e6)] where text.hasSuffix(suffix) {
            return scaled(text.dropLast(suffix.utf8.count), factor)
        }
        return scaled(text[...], 1)
    }

    /// Whole and more than 0; digits with at most one point, nothing else.
    private static func scaled(_ digits: Substring, _ factor: Double) -> UInt64? {
        let digits = digits.last == " " ? digits.dropLast() : digits
        guard digits.utf8.count <= 20, digits.wholeMatch(of: /[0-9]+(\.[0-9]+)?/) != nil else { return nil }
        if factor == 1 { return UInt64(digits).flatMap { $0 > 0 && $0 <= 1 << 50 ? $0 : nil } }
        guard let number = Double(digits) else { return nil }
        let value = (number * factor).rounded()
        return value >= 1 && value <= Double(1 << 50) ? UInt64(value) : nil
    }
}
