// SPDX-License-Identifier: BSD-3-Clause

/// The rules for text in control messages: bounded, UTF-8, no control characters (names become C strings, and
/// every text is printed on an operator's terminal).
enum ControlText {
    /// Whether `scalar` is a C0 or C1 control character or DEL.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    /// Whether `text` may be sent: at most `limit` octets of UTF-8, no control characters.
    static func isText(_ text: String, limit: Int) -> Bool {
        text.utf8.count <= limit && !text.unicodeScalars.contains(where: isControl)
    }

    /// Whether `text` may be sent where a name is needed: as ``isText(_:limit:)``, and not empty.
    static func isName(_ text: String, limit: Int) -> Bool {
        !text.isEmpty && isText(text, limit: limit)
    }

    /// The longest beginning of `text` that is at most `limit` octets and ends between two Unicode scalars, with a
    /// space for each control character.
    static func bounded(_ text: String, limit: Int) -> String {
        var result = String.UnicodeScalarView()
        var octets = 0
        for scalar in text.unicodeScalars {
            let kept = isControl(scalar) ? " " : scalar
            octets += UTF8.width(kept)
            if octets > limit { break }
            result.append(kept)
        }
        return String(result)
    }
}
