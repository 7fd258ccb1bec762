// SPDX-License-Identifier: BSD-3-Clause

/// A thread that polls.
public struct LcoreReport: Codable, Sendable, Equatable {
    /// DPDK's number of it.
    public var lcore: UInt32
    /// CPUs that it may run on; nil: all of them.
    public var cpus: [Int]?
    /// What it does while no packet comes, as the configuration says it.
    public var idle: String
    /// Times that it looked for packets, and those at which it found some.
    public var rounds, busyRounds: UInt64

    public init(lcore: UInt32, cpus: [Int]?, idle: IdleChoice, rounds: UInt64, busyRounds: UInt64) {
        self.lcore = lcore
        self.cpus = cpus
        self.idle = idle.rawValue
        self.rounds = rounds
        self.busyRounds = busyRounds
    }
}
