// SPDX-License-Identifier: BSD-3-Clause

/// What a poll loop does while nothing comes: first it polls on, then it pauses between rounds, then it sleeps for a bounded
/// time; at the first packet it is back at polling.
@frozen
public struct IdlePolicy: Sendable, Equatable {
    /// Empty rounds after which the loop pauses.
    public var roundsBeforePause: UInt32
    /// Empty rounds after which the loop sleeps; `UInt32.max` never.
    public var roundsBeforeSleep: UInt32
    /// Longest sleep: the latency that an idle loop may add, besides the kernel's timer slack.
    public var sleepMicroseconds: UInt32

    public init(roundsBeforePause: UInt32, roundsBeforeSleep: UInt32, sleepMicroseconds: UInt32) {
        self.roundsBeforePause = roundsBeforePause
        self.roundsBeforeSleep = roundsBeforeSleep
        self.sleepMicroseconds = sleepMicroseconds
    }

    /// Never rests: lowest latency, a whole CPU.
    public static let busyPoll = IdlePolicy(roundsBeforePause: .max, roundsBeforeSleep: .max, sleepMicroseconds: 0)
    /// Sleeps at most 20 us at a time after about a thousand empty rounds.
    public static let adaptive = IdlePolicy(roundsBeforePause: 64, roundsBeforeSleep: 1024, sleepMicroseconds: 20)
    /// Sleeps at most 100 us at a time, soon: the CPU is left to others, and a first packet waits up to that and the timer's slack.
    public static let sleepy = IdlePolicy(roundsBeforePause: 16, roundsBeforeSleep: 64, sleepMicroseconds: 100)
}
