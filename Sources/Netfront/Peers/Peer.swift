// SPDX-License-Identifier: BSD-3-Clause

/// Which path frames to one peer take. A peer turns to the fast path only behind a fence, and back only when the VI is empty.
enum PeerState: UInt8 {
    /// The slot is free.
    case none
    /// Learned; goes slow until a fence was sent.
    case candidate
    /// A fence is under way; goes slow, which spoils this try.
    case fencing
    /// As `candidate`, but nothing is sent until the next fence is confirmed: three tries were spoilt.
    case heldCandidate
    /// As `fencing`, but nothing is sent.
    case heldFencing
    /// Goes by the VI.
    case fast
    /// Nothing is sent until the VI is empty; then the peer is a candidate again.
    case leaving
    /// As `leaving`, and then forgotten: its MAC is on this host now, or the VI closes.
    case forgetting

    // Explicit, because the standard library's generic ones are not for lcores.
    @_noLocks static func == (a: Self, b: Self) -> Bool { a.rawValue == b.rawValue }
    @_noLocks static func != (a: Self, b: Self) -> Bool { a.rawValue != b.rawValue }
}

/// A MAC that this guest may reach by the wire.
struct Peer {
    var mac: UInt64 = 0
    /// Coarse time of the last frame from it.
    var lastSeen: UInt32 = 0
    var state = PeerState.none
    /// Fences that were spoilt by a packet sent behind them.
    var tries: UInt8 = 0
    /// Whether a packet went slow since the fence.
    var wasSentSlow = false

    /// An empty slot.
    init() {}

    /// A peer that was just learned.
    @_noLocks
    init(learned mac: UInt64, now: UInt32) {
        self.mac = mac
        lastSeen = now
        state = .candidate
    }
}
