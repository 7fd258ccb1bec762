// SPDX-License-Identifier: BSD-3-Clause
import Dataplane

/// Which frames were sent, in which order, flow by flow: written by the sender's lcore before it sends, read by the receivers'.
///
/// It remembers the last ``window`` frames of each flow, which is more than may be on their way. What makes the sender's entry
/// visible to a receiver is the frame itself, on its way through the rings.
struct DigestLedger: Sendable {
    private let digests: Counters
    private let times: Counters
    private let counts: Counters

    static var flowCount: Int { @_noLocks get { 256 } }
    static var window: Int { @_noLocks get { 1024 } }

    init(_ memory: DigestLedgerMemory) {
        digests = memory.digests.counters
        times = memory.times.counters
        counts = memory.counts.counters
    }

    /// Notes a frame that will be sent now, behind those that were noted before.
    @_noLocks
    func note(_ identity: FrameDigest, sentAt: UInt64) {
        let number = counts[identity.flow]
        digests.set(identity.value, at: Self.cell(identity.flow, number))
        times.set(sentAt, at: Self.cell(identity.flow, number))
        counts.set(number &+ 1, at: identity.flow)
    }

    /// Frames of that flow that were noted.
    @_noLocks
    func count(ofFlow flow: Int) -> UInt64 { counts[flow] }

    /// The number, in its flow, of the frame that has these contents. Of several it is the expected one if that is among them, else
    /// the next behind it, else the one nearest before it.
    @_noLocks
    func find(_ identity: FrameDigest, expected: UInt64) -> (number: UInt64, sentAt: UInt64)? {
        let end = counts[identity.flow]
        let window = UInt64(Self.window)
        let oldest = end > window ? end - window : 0
        var number = expected < oldest ? oldest : expected
        while number < end {
            if let entry = match(identity, number) { return entry }
            number += 1
        }
        number = expected < end ? expected : end
        while number > oldest {
            number -= 1
            if let entry = match(identity, number) { return entry }
        }
        return nil
    }

    @inline(__always) @_noLocks
    private func match(_ identity: FrameDigest, _ number: UInt64) -> (number: UInt64, sentAt: UInt64)? {
        let cell = Self.cell(identity.flow, number)
        guard digests[cell] == identity.value else { return nil }
        return (number, times[cell])
    }

    @inline(__always) @_noLocks
    private static func cell(_ flow: Int, _ number: UInt64) -> Int {
        flow &* window &+ Int(truncatingIfNeeded: number & UInt64(window - 1))
    }
}

/// Owns a ``DigestLedger``'s memory; to be kept longer than any lcore uses that.
final class DigestLedgerMemory: Sendable {
    fileprivate let digests = CounterBlock(count: DigestLedger.flowCount * DigestLedger.window)
    fileprivate let times = CounterBlock(count: DigestLedger.flowCount * DigestLedger.window)
    fileprivate let counts = CounterBlock(count: DigestLedger.flowCount)
}
