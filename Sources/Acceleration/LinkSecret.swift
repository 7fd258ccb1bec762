// SPDX-License-Identifier: BSD-3-Clause

/// What a host and the one guest that it granted a memif to both know: the memif's secret, and the nonce of their ``LinkMarker``s.
public struct LinkSecret: Equatable, Sendable {
    public let nonce: UInt64

    public init(_ nonce: UInt64) { self.nonce = nonce }

    /// nil when `text` is none: 16 hexadecimal digits.
    public init?(_ text: String) {
        guard text.utf8.count == 16, let nonce = UInt64(text, radix: 16) else { return nil }
        self.nonce = nonce
    }

    public var text: String {
        let digits = String(nonce, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
