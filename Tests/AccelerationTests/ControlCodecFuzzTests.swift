// SPDX-License-Identifier: BSD-3-Clause

import Dataplane
import Testing

@testable import Acceleration

/// Fixed seeds; more than a million inputs for the decoder in all.
@Suite struct ControlCodecFuzzTests {
    /// Decodes `bytes` as either side's; whatever is accepted must encode to the same octets.
    private func check(_ bytes: [UInt8]) -> Bool {
        var isAccepted = false
        for side in ControlSide.allCases {
            guard let message = try? ControlCodec.decode(bytes, from: side) else { continue }
            isAccepted = true
            if message.sender != side || ControlCodec.encode(message) != bytes {
                Issue.record("\(bytes) was taken for \(message)")
            }
        }
        return isAccepted
    }

    @Test func everyMessageSurvivesTheTrip() {
        var messages = RandomMessages(seed: 0x5EED_0001)
        for _ in 0..<20_000 {
            let message = messages.message()
            let decoded = try? ControlCodec.decode(ControlCodec.encode(message), from: message.sender)
            if decoded != message { Issue.record("\(message) became \(String(describing: decoded))") }
        }
    }

    @Test func randomOctetsNeverTrap() {
        var random = SplitMix64(seed: 0x5EED_0002)
        for _ in 0..<400_000 {
            let word = random.next()
            let bytes = (0..<Int(word >> 60)).map { UInt8(truncatingIfNeeded: word >> (UInt64($0) * 4)) }
            _ = check(bytes)
        }
    }

    @Test func randomBodiesBehindAGoodHeaderNeverTrap() {
        var random = SplitMix64(seed: 0x5EED_0003)
        var accepted = 0
        let kinds = ControlMessageKind.allCases
        for _ in 0..<300_000 {
            var word = random.next()
            let count = Int(word % 25)
            var bytes: [UInt8] = [0xAC, 1, kinds[random.below(kinds.count)].rawValue, 0, 0, UInt8(count)]
            for _ in 0..<count {
                // Small numbers, so that counts and codes are often plausible.
                bytes.append(word & 3 == 0 ? UInt8(truncatingIfNeeded: word >> 8) : UInt8(word & 3) >> 1)
                word = (word >> 3) &* 0x9E37_79B9_7F4A_7C15
            }
            if check(bytes) { accepted += 1 }
        }
        #expect(accepted > 1_000, "the generator hardly reaches the fields")
    }

    @Test func mutatedMessagesNeverTrap() {
        var messages = RandomMessages(seed: 0x5EED_0004)
        var accepted = 0
        var refused = 0
        var seed: [UInt8] = []
        for round in 0..<400_000 {
            if round % 16 == 0 { seed = ControlCodec.encode(messages.message()) }
            var bytes = seed
            for _ in 0...messages.random.below(3) {
                mutate(&bytes, &messages.random)
            }
            // Half of the time the length is put right again, so that the mutation reaches the fields.
            if bytes.count >= 6, messages.random.oneIn(2) {
                let length = bytes.count - 6
                bytes[4] = UInt8(truncatingIfNeeded: length >> 8)
                bytes[5] = UInt8(truncatingIfNeeded: length)
            }
            if check(bytes) { accepted += 1 } else { refused += 1 }
        }
        #expect(accepted > 10_000)
        #expect(refused > 10_000)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        // Towards the front, where lengths and codes are.
        let index = random.below(random.oneIn(2) ? min(bytes.count, 24) : bytes.count)
        switch random.below(6) {
        case 0: bytes[index] ^= 1 << UInt8(random.below(8))
        case 1: bytes[index] = UInt8(truncatingIfNeeded: random.next())
        case 2: bytes[index] = random.oneIn(2) ? 0 : 0xFF
        case 3: bytes.removeLast(bytes.count - index)
        case 4: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
        default: bytes.append(UInt8(truncatingIfNeeded: random.next()))
        }
    }
}
