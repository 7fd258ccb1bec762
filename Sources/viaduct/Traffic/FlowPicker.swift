// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import Foundation

/// How often each flow has a frame.
enum FlowPopularity: Sendable, Equatable {
    /// One after the other.
    case even
    /// At random, flow n (from 0) with a weight of 1 / (n + 1)^exponent: Zipf's law, which traffic of real networks is near to.
    case zipf(exponent: Double, seed: UInt64)
}

/// Says which flow has the next frame, in constant time: Walker's alias method, with the tables as Vose makes them (Vose, "A Linear
/// Algorithm For Generating Random Numbers With a Given Distribution", 1991).
///
/// - Lcore: one at a time. Memory is allocated once.
@safe
struct FlowPicker: ~Copyable {
    private let count: Int
    private let isEven: Bool
    private var turn = 0
    private var random: SplitMix64
    /// By place: a flow keeps the place when a 32-bit random number is less than this; otherwise its alias has it.
    private let thresholds: UnsafeMutablePointer<UInt64>
    private let aliases: UnsafeMutablePointer<UInt32>

    init(flowCount: Int, popularity: FlowPopularity) {
        precondition(flowCount >= 1 && flowCount <= TrafficSource.maximumFlows, "no such number of flows")
        count = flowCount
        unsafe thresholds = .allocate(capacity: flowCount)
        unsafe aliases = .allocate(capacity: flowCount)
        unsafe thresholds.initialize(repeating: 1 << 32, count: flowCount)
        unsafe aliases.initialize(repeating: 0, count: flowCount)
        switch popularity {
        case .even:
            isEven = true
            random = SplitMix64(seed: 0)
        case .zipf(let exponent, let seed):
            isEven = false
            random = SplitMix64(seed: seed)
            fill(Self.weights(flowCount, exponent))
        }
    }

    deinit {
        unsafe thresholds.deallocate()
        unsafe aliases.deallocate()
    }

    /// Zipf's weights; they add up to 1.
    static func weights(_ count: Int, _ exponent: Double) -> [Double] {
        let weights = (0..<count).map { pow(Double($0 + 1), -exponent) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    private func fill(_ weights: [Double]) {
        var scaled = weights.map { $0 * Double(count) }
        var small = scaled.indices.filter { scaled[$0] < 1 }
        var large = scaled.indices.filter { scaled[$0] >= 1 }
        while let less = small.popLast(), let more = large.popLast() {
            unsafe thresholds[less] = UInt64(scaled[less] * 0x1p32)
            unsafe aliases[less] = UInt32(more)
            scaled[more] -= 1 - scaled[less]
            if scaled[more] < 1 { small.append(more) } else { large.append(more) }
        }
        // What is left is 1, but for what rounding made of it; its threshold already says so.
    }

    @_noLocks
    mutating func next() -> Int {
        if isEven {
            let flow = turn
            turn = turn + 1 == count ? 0 : turn + 1
            return flow
        }
        let drawn = random.next()
        let place = Int(truncatingIfNeeded: ((drawn >> 32) &* UInt64(truncatingIfNeeded: count)) >> 32)
        return unsafe drawn & 0xFFFF_FFFF < thresholds[place] ? place : Int(truncatingIfNeeded: aliases[place])
    }
}
