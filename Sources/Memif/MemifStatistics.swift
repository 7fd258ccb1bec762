// SPDX-License-Identifier: BSD-3-Clause
import Dataplane

/// What one end of a memif counted, over all connections.
public struct MemifStatistics: Sendable, Equatable {
    public var received: UInt64 = 0
    public var sent: UInt64 = 0
    /// Frames from the other end that were empty, or too long for an mbuf.
    public var malformed: UInt64 = 0
    /// Frames of more than one segment, or of none, that were to be sent.
    public var unfit: UInt64 = 0
    /// Times that a frame waited because the pool was empty.
    public var noMbuf: UInt64 = 0
    /// Sessions that ended because the other end broke the rules of the rings.
    public var broken: UInt64 = 0
    /// Sessions that began.
    public var connections: UInt64 = 0
    /// Peers that were sent away before they had a session.
    public var refusals: UInt64 = 0
    /// Sessions whose memory stays mapped, because a poll loop was stuck.
    public var leaks: UInt64 = 0
    /// Why the last session or peer was sent away.
    public var lastReason: String?

    /// Nothing yet.
    public init() {}

    init(_ counters: Counters) {
        func value(_ counter: MemifCounter) -> UInt64 { counters[counter.rawValue] }
        received = value(.received)
        sent = value(.sent)
        malformed = value(.malformed)
        unfit = value(.unfit)
        noMbuf = value(.noMbuf)
        broken = value(.broken)
    }
}
