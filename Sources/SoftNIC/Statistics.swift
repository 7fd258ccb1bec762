// SPDX-License-Identifier: BSD-3-Clause
import Dataplane

/// A NIC's counters at one time. Each counter is exact; between them the sums hold while the engine and the queues'
/// owners rest, or at the end.
public struct SoftNICStatistics: Sendable, Equatable {
    /// One queue pair.
    public struct Queue: Sendable, Equatable {
        /// Frames put into the receive ring.
        public let delivered: UInt64
        /// Frames dropped because the owner had posted no buffer.
        public let noMbuf: UInt64
        /// Frames dropped because the receive FIFO was full.
        public let missed: UInt64
        /// Frames dropped because the posted buffer was shorter than the frame.
        public let truncated: UInt64
        /// Frames dropped because the receive queue was stopped.
        public let stopped: UInt64
        /// Frames received and not yet delivered when the queue or its port was stopped or reset.
        public let lostInReset: UInt64
        /// Delivered frames whose end a fault cut off.
        public let cut: UInt64
        /// Delivered frames that their owner had not taken when the queue or its port was stopped or reset.
        public let stale: UInt64
        /// Delivered frames that are in the receive ring now, whoever will take them.
        public let unread: UInt64
        /// Frames received from the wire and not yet delivered.
        public let held: UInt64
        /// Frames that the owner posted for sending.
        public let posted: UInt64
        /// Frames sent to the wire.
        public let sent: UInt64
        /// Frames not sent because the link was down.
        public let unsentLinkDown: UInt64
        /// Frames not sent because they are longer than a buffer of the wire's pool.
        public let oversized: UInt64
        /// Frames not sent because of an error on the way out.
        public let transmitErrors: UInt64
        /// Frames not sent because the port was stopped or reset.
        public let unsentReset: UInt64
        /// Mbufs given back to the sender.
        public let completed: UInt64

        /// Frames of this queue that were dropped on their way from the wire.
        public var receiveDrops: UInt64 { noMbuf + missed + truncated + stopped + lostInReset }
        /// Posted frames that will never be on the wire.
        public var transmitDrops: UInt64 { unsentLinkDown + oversized + transmitErrors + unsentReset }
        /// Posted frames of which nothing has become yet.
        public var pending: UInt64 { posted &- sent &- transmitDrops }
    }

    public let queues: [Queue]
    /// Frames taken from the wire.
    public let wireReceived: UInt64
    /// Frames given to the wire.
    public let wireTransmitted: UInt64
    /// Frames from the wire dropped because the link was down.
    public let receivedLinkDown: UInt64
    /// Frames from the wire dropped because the port was stopped or reset.
    public let receivedStopped: UInt64
    /// Frames dropped by a rule that says so.
    public let droppedByRule: UInt64
    /// Frames dropped because their rule names a queue that does not exist.
    public let misdirected: UInt64
    /// Copies of frames that belong to several pools, beside the first one of each.
    public let replicated: UInt64
    /// Times that nothing was sent because the wire's pool was empty.
    public let wireNoMbuf: UInt64
    /// Rules in effect.
    public let rulesInEffect: UInt64

    /// Wire in + copies = delivered + Σ drops + held, and Σ sent = wire out.
    public var isBalanced: Bool {
        let dropped = receivedLinkDown + receivedStopped + droppedByRule + misdirected
        let received = queues.reduce(dropped) { $0 + $1.delivered + $1.receiveDrops + $1.held }
        let sent = queues.reduce(0) { $0 + $1.sent }
        return received == wireReceived + replicated && sent == wireTransmitted
    }
}

/// Counters of one queue that the engine writes.
enum QueueCounter: Int, CaseIterable {
    case delivered = 0
    case noMbuf, missed, truncated, stopped, lostInReset, cut, held, deliveredBytes
    case sent, unsentLinkDown, oversized, transmitErrors, unsentReset, completed, sentBytes

    var index: Int { @_noLocks get { rawValue } }
}

/// Counters of one queue that its owner's lcore writes.
enum OwnerCounter: Int, CaseIterable {
    case posted = 0
    case stale

    var index: Int { @_noLocks get { rawValue } }
}

/// Counters of the NIC that the engine writes.
enum EngineCounter: Int, CaseIterable {
    case wireReceived = 0
    case wireTransmitted, receivedLinkDown, receivedStopped, droppedByRule, misdirected, replicated, wireNoMbuf
    case rulesInEffect

    var index: Int { @_noLocks get { rawValue } }
}

extension SoftNICStatistics.Queue {
    init(engine: Counters, owner: Counters, unread: Int) {
        func value(_ counter: QueueCounter) -> UInt64 { engine[counter.rawValue] }
        self.init(
            delivered: value(.delivered), noMbuf: value(.noMbuf), missed: value(.missed), truncated: value(.truncated),
            stopped: value(.stopped), lostInReset: value(.lostInReset), cut: value(.cut),
            stale: owner[OwnerCounter.stale.rawValue], unread: UInt64(unread), held: value(.held),
            posted: owner[OwnerCounter.posted.rawValue], sent: value(.sent), unsentLinkDown: value(.unsentLinkDown),
            oversized: value(.oversized),
            transmitErrors: value(.transmitErrors), unsentReset: value(.unsentReset), completed: value(.completed))
    }
}
