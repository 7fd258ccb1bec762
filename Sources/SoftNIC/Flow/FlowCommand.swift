// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// A change of what the engine steers by, as it travels from the control plane in ``wordCount`` words.
struct FlowCommand {
    enum Operation {
        static var insertRule: UInt8 { @_noLocks get { 1 } }
        static var removeRule: UInt8 { @_noLocks get { 2 } }
        /// Unmatched IP frames are spread over `queues` from now on; over none: to the default queue.
        static var spreadAll: UInt8 { @_noLocks get { 3 } }
        /// Frames to the match's destination go to each of `queues`; to none: the address is in no pool.
        static var setAddress: UInt8 { @_noLocks get { 4 } }
        /// The pools' queues: those that get group-addressed frames (0: there are no pools), in the verdict; those that get
        /// frames to the port's own address, in `rule`; the port's address in the match's link word.
        static var setPools: UInt8 { @_noLocks get { 5 } }
    }

    static var wordCount: Int { @_noLocks get { 9 } }

    var operation: UInt8
    /// The port's life to which a rule belongs: a rule of an earlier one never takes effect.
    var epoch: UInt32
    var rule: UInt32
    var verdict: Verdict
    var match: Match

    init(_ operation: UInt8, epoch: UInt32 = 0, rule: Int = 0, verdict: Verdict = .drop, match: Match = Match()) {
        self.operation = operation
        self.epoch = epoch
        self.rule = UInt32(rule)
        self.verdict = verdict
        self.match = match
    }

    var words: [UInt64] {
        [
            UInt64(operation) | UInt64(epoch & 0xFF_FFFF) << 8 | UInt64(match.shape.rawValue) << 32,
            UInt64(rule) | UInt64(verdict.rawValue) << 32,
            match.words.link, match.words.types, match.words.sourceHigh, match.words.sourceLow,
            match.words.destinationHigh, match.words.destinationLow, match.words.sender,
        ]
    }

    /// Takes the words of one command out of `ring`; false when it holds none.
    @_noLocks
    mutating func read(_ ring: WordRingHandle) -> Bool {
        // The control plane puts all words of a command in, or none: once the last is there, so are the others.
        guard ring.count >= Self.wordCount, let first = ring.dequeue(), let second = ring.dequeue(),
            let link = ring.dequeue(), let types = ring.dequeue(), let sourceHigh = ring.dequeue(),
            let sourceLow = ring.dequeue(), let destinationHigh = ring.dequeue(), let destinationLow = ring.dequeue(),
            let sender = ring.dequeue()
        else { return false }
        operation = UInt8(truncatingIfNeeded: first)
        epoch = UInt32(truncatingIfNeeded: first >> 8) & 0xFF_FFFF
        match.shape = MatchShape(rawValue: UInt32(truncatingIfNeeded: first >> 32))
        rule = UInt32(truncatingIfNeeded: second)
        verdict = Verdict(rawValue: UInt32(truncatingIfNeeded: second >> 32))
        match.words.link = link
        match.words.types = types
        match.words.sourceHigh = sourceHigh
        match.words.sourceLow = sourceLow
        match.words.destinationHigh = destinationHigh
        match.words.destinationLow = destinationLow
        match.words.sender = sender
        return true
    }
}
