// SPDX-License-Identifier: BSD-3-Clause

/// What becomes of the frames that a rule takes, in one word.
struct Verdict: Hashable, Sendable {
    let rawValue: UInt32
    @_noLocks init(rawValue: UInt32) { self.rawValue = rawValue }

    /// To one queue.
    @_noLocks static func queue(_ index: Int) -> Verdict {
        Verdict(rawValue: Kind.spread | 1 << UInt32(truncatingIfNeeded: index & 15))
    }
    /// To one of the queues of a mask, by a hash of the flow.
    @_noLocks static func spread(_ queues: UInt16) -> Verdict { Verdict(rawValue: Kind.spread | UInt32(queues)) }
    /// Dropped because the rule says so.
    static var drop: Verdict { @_noLocks get { Verdict(rawValue: Kind.drop) } }
    /// To a queue that does not exist.
    static var nowhere: Verdict { @_noLocks get { Verdict(rawValue: Kind.nowhere) } }

    /// The upper half of the word; the lower half is a mask of queues.
    enum Kind {
        static var spread: UInt32 { @_noLocks get { 1 << 16 } }
        static var drop: UInt32 { @_noLocks get { 2 << 16 } }
        static var nowhere: UInt32 { @_noLocks get { 3 << 16 } }
    }

    var kind: UInt32 { @_noLocks get { rawValue & 0xFFFF_0000 } }
    var queues: UInt16 { @_noLocks get { UInt16(truncatingIfNeeded: rawValue) } }
}
