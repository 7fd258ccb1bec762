// SPDX-License-Identifier: BSD-3-Clause

/// The lengths of generated frames: bytes from the destination MAC to the end of the payload, without the frame check sequence.
enum FrameSizes: Sendable, Equatable {
    case fixed(Int)
    /// The simple Internet mix: of 12 frames 7 short, 4 of 590 bytes, 1 of 1514.
    case imix

    /// Ethernet, IPv4, UDP and the sequence header.
    static let minimum = 14 + 20 + 8 + 24
    /// The longest without a VLAN tag.
    static let maximum = 1514

    /// The length of the frame with that number.
    @_noLocks
    func length(ofFrame index: UInt64) -> Int {
        switch self {
        case .fixed(let length): return length
        case .imix:
            // Spread, not one kind after the other: S M S S M S S M S S M L.
            let place = index % 12
            if place == 11 { return 1514 }
            return place % 3 == 1 ? 590 : 66
        }
    }

    var longest: Int {
        switch self {
        case .fixed(let length): length
        case .imix: 1514
        }
    }
}
