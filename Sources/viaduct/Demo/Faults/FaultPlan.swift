// SPDX-License-Identifier: BSD-3-Clause
import Dataplane

/// When which fault begins and ends: at random, by a seed. Each of the faults happens at least once, two of a kind never at once.
struct FaultPlan: Sendable, Equatable {
    struct Step: Sendable, Equatable {
        /// Seconds after the start.
        let at: Double
        let fault: DemoFault
        let begins: Bool
        /// A random number, the same at both ends: which queue, or which guest.
        let choice: Int
    }

    /// Seconds that a fault lasts, at least and at most.
    static let shortest = 0.03
    static let longest = 0.8
    /// Faults in a second, about.
    static let rate = 1.5

    /// In the order of time.
    private(set) var steps: [Step]

    /// - Precondition: a second at least.
    init(_ faults: Set<DemoFault>, seconds: Double, seed: UInt64) {
        precondition(seconds >= 1, "a plan needs time")
        var random = SplitMix64(seed: seed)
        let kinds = DemoFault.allCases.filter(faults.contains)
        steps = []
        // No fault lasts so long that the last ones would find no time.
        let longest = min(Self.longest, seconds / 4)
        var busy: [DemoFault: [ClosedRange<Double>]] = [:]
        let count = max(kinds.count, Int(seconds * Self.rate))
        for index in 0..<count where !kinds.isEmpty {
            // Each once, and then any.
            let isOwed = index < kinds.count
            let fault = isOwed ? kinds[index] : kinds[random.below(kinds.count)]
            let length = Self.shortest + random.fraction() * (longest - Self.shortest)
            let start = random.fraction() * (seconds - length)
            let time = start...(start + length)
            if !isOwed, busy[fault, default: []].contains(where: { $0.overlaps(time) }) { continue }
            busy[fault, default: []].append(time)
            let choice = random.below(1 << 16)
            steps.append(Step(at: time.lowerBound, fault: fault, begins: true, choice: choice))
            steps.append(Step(at: time.upperBound, fault: fault, begins: false, choice: choice))
        }
        steps.sort { $0.at < $1.at }
    }

    /// Takes the next step off when its time has come.
    mutating func takeDue(at seconds: Double) -> Step? {
        guard let next = steps.first, next.at <= seconds else { return nil }
        steps.removeFirst()
        return next
    }
}

extension SplitMix64 {
    /// From 0 to less than 1.
    fileprivate mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}
