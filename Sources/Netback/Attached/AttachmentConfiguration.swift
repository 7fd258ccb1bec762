// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
public import DPDK

/// A queue that can be stopped, so that nothing is left of it in any mbuf, and started again.
public protocol ReclaimableQueue: Sendable {
    /// When this returns, the queue holds no mbuf. Mbufs may be freed into their pools.
    func stop() throws(DPDKError)
    func start() throws(DPDKError)
}

/// The VI that an attached guest may be granted: its own, and nobody else's.
public struct AttachedVirtualInterface: Sendable {
    /// Of the VI's pool.
    public let map: PoolMap
    public let queue: any ReclaimableQueue

    public init(map: PoolMap, queue: any ReclaimableQueue) {
        self.map = map
        self.queue = queue
    }
}

/// That a vif's guest is a DPDK secondary process, and what lies in shared memory for it. Such a guest is trusted: it maps all of
/// this process's DPDK memory.
public struct AttachmentConfiguration: Sendable, Equatable {
    /// What the guest is told.
    public var terms: AttachTerms
    public var rings: GuestRings
    public var virtualInterface: AttachedVirtualInterface?
    /// From the host's answer to the guest's `ready`: the time that an EAL takes to start.
    public var startLimitMilliseconds: UInt64
    /// A guest that does not answer for so long is killed.
    public var answerLimitMilliseconds: UInt64

    public init(
        terms: AttachTerms, rings: GuestRings, virtualInterface: AttachedVirtualInterface?,
        startLimitMilliseconds: UInt64 = 30_000, answerLimitMilliseconds: UInt64 = 5000
    ) {
        self.terms = terms
        self.rings = rings
        self.virtualInterface = virtualInterface
        self.startLimitMilliseconds = startLimitMilliseconds
        self.answerLimitMilliseconds = answerLimitMilliseconds
    }

    public static func == (a: Self, b: Self) -> Bool {
        a.terms == b.terms && a.rings === b.rings && a.startLimitMilliseconds == b.startLimitMilliseconds
            && a.answerLimitMilliseconds == b.answerLimitMilliseconds
    }
}

/// What a vif for attached guests has seen.
public struct AttachmentStatus: Sendable, Equatable {
    public enum Stage: String, Sendable {
        /// Nobody is there.
        case listening
        /// A process said something, or has yet to.
        case greeting
        /// Its EAL starts.
        case starting
        case serving
        /// It is being ended.
        case ending
        /// It is gone, and what it held is taken back.
        case reclaiming
    }

    /// Of a vif that nobody has come to yet.
    public static let none = AttachmentStatus()

    public internal(set) var stage = Stage.listening
    /// The guest's process.
    public internal(set) var pid: Int32?
    /// Guests that were served, and those that ended or were ended, in whatever way.
    public internal(set) var served = 0
    public internal(set) var ended = 0
    /// Those that netback had to kill: they broke a rule, or did not answer.
    public internal(set) var killed = 0
    public internal(set) var reclaimed = 0
    public internal(set) var refused = 0
    /// From the end of a guest to the moment at which the next one may come: the last, and the longest.
    public internal(set) var lastReclaimNanoseconds: UInt64 = 0
    public internal(set) var longestReclaimNanoseconds: UInt64 = 0
    /// Why the last guest was ended or refused.
    public internal(set) var reason: String?
    /// Why the VI can't be granted any more before the port was reset.
    public internal(set) var quarantine: String?
}
