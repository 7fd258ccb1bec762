// SPDX-License-Identifier: BSD-3-Clause

import Wire

/// An endless, repeatable supply of frames: some purely random, most of them valid ones that were bent, cut or padded.
struct Mutator {
    private var random: SplitMix64
    private let valid = Frames.valid

    /// Values at which lengths, versions and offsets change their meaning.
    private static let telling: [UInt8] = [
        0, 1, 2, 4, 5, 7, 8, 17, 20, 44, 51, 60, 0x40, 0x45, 0x4F, 0x60, 0x7F, 0x80, 0x81, 0xFF,
    ]

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func next() -> [UInt8] {
        let kind = random.below(8)
        if kind == 0 { return noise() }
        var frame = valid[random.below(valid.count)]
        if kind == 1 { return frame }
        for _ in 0..<random.below(4) {
            let position = random.below(frame.count)
            switch random.below(3) {
            case 0: frame[position] ^= 1 << UInt8(random.below(8))
            case 1: frame[position] = Self.telling[random.below(Self.telling.count)]
            default: frame[position] = UInt8(truncatingIfNeeded: random.next())
            }
        }
        switch random.below(4) {
        case 0: frame.removeLast(random.below(frame.count + 1))
        case 1: frame.append(contentsOf: repeatElement(0, count: random.below(24)))
        default: break
        }
        return frame
    }

    private mutating func noise() -> [UInt8] {
        (0..<random.below(96)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}
