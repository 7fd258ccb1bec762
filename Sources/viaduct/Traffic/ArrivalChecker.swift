// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// Judges arriving frames: by the sequence number that they carry, or, when they carry none because they were replayed, by the
/// place that a frame with these contents has in the ledger of what was sent.
///
/// - Lcore: one at a time.
struct ArrivalChecker: ~Copyable {
    private(set) var sequences: SequenceChecker
    private let ledger: DigestLedger?

    /// Checks generated flows 0 to `flowCount` - 1; with 0 flows it checks nothing.
    init(flowCount: Int) {
        sequences = SequenceChecker(flowCount: flowCount)
        ledger = nil
    }

    /// Checks replayed frames.
    init(_ ledger: DigestLedger) {
        sequences = SequenceChecker(flowCount: DigestLedger.flowCount)
        self.ledger = ledger
    }

    /// Checks a frame, whose MACs may have been exchanged since it was sent; the TSC at which that was. nil for a frame that was not
    /// sent by the flows' sender.
    @_noLocks
    mutating func check(_ frame: ByteView) -> UInt64? {
        if sequences.flowCount == 0 { return nil }
        if let ledger {
            let identity = FrameDigest(frame)
            guard let entry = ledger.find(identity, expected: sequences.expected(inFlow: identity.flow)) else { return nil }
            sequences.check(
                SequenceHeader(flow: UInt32(truncatingIfNeeded: identity.flow), sequence: entry.number, sentAt: entry.sentAt))
            return entry.sentAt
        }
        guard let header = SequenceHeader(frame: frame) else { return nil }
        sequences.check(header)
        return header.sentAt
    }

    /// The sender's final word, by flow: what is missing at the end of a flow is lost.
    mutating func finish(sent: [UInt64]) -> TrafficFindings {
        for (flow, count) in sent.enumerated() where flow < sequences.flowCount { sequences.finish(flow: flow, sent: count) }
        return TrafficFindings(sequences)
    }
}
