// SPDX-License-Identifier: BSD-3-Clause

/// The peers learned from the VI: a fixed number of slots in sets of four, so that a flood of source addresses costs bounded
/// memory and can't push out peers that are in use.
@safe
struct PeerTable: ~Copyable {
    static let ways = 4
    private let slots: UnsafeMutablePointer<Peer>
    let capacity: Int
    private let setMask: Int
    /// Peers that wait for a fence to be sent.
    private(set) var waiting = 0
    private(set) var fast = 0
    /// Peers that wait for the VI to be empty.
    private(set) var leaving = 0

    /// - Parameter capacity: a power of two, at least 16.
    init(capacity: Int = 1024) {
        precondition(capacity >= 16 && capacity & (capacity - 1) == 0, "a power of two")
        self.capacity = capacity
        setMask = capacity / Self.ways - 1
        unsafe slots = .allocate(capacity: capacity)
        unsafe slots.initialize(repeating: Peer(), count: capacity)
    }

    deinit { unsafe slots.deallocate() }

    subscript(index: Int) -> Peer {
        @_noLocks get {
            precondition(index >= 0 && index < capacity, "no such slot")
            return unsafe slots[index]
        }
    }

    /// The slot of `mac`.
    @_noLocks
    func find(_ mac: UInt64) -> Int? {
        let first = firstSlot(mac)
        var index = first
        while index < first + Self.ways {
            if unsafe slots[index].mac == mac && slots[index].state != .none { return index }
            index += 1
        }
        return nil
    }

    enum Learned { case known, added, refused }

    /// Notes a frame from `mac` at coarse time `now`; takes a free slot, or that of the peer of the set that is not in use by the
    /// fast path and was silent for longest (at least a second).
    @_noLocks
    mutating func learn(_ mac: UInt64, now: UInt32) -> Learned {
        let first = firstSlot(mac)
        var index = first
        var victim = -1
        while index < first + Self.ways {
            let peer = unsafe slots[index]
            if peer.state != .none && peer.mac == mac {
                unsafe slots[index].lastSeen = now
                return .known
            }
            if peer.state == .none {
                if unsafe victim < 0 || slots[victim].state != .none { victim = index }
            } else if peer.state == .candidate && now &- peer.lastSeen > 1 {
                if unsafe victim < 0 || slots[victim].state != .none && peer.lastSeen < slots[victim].lastSeen {
                    victim = index
                }
            }
            index += 1
        }
        guard victim >= 0 else { return .refused }
        if unsafe slots[victim].state == .none { waiting += 1 }
        unsafe slots[victim] = Peer(learned: mac, now: now)
        return .added
    }

    /// A packet to the peer in that slot goes slow.
    @inline(__always) @_noLocks
    mutating func noteSlow(_ index: Int) {
        precondition(index >= 0 && index < capacity, "no such slot")
        unsafe slots[index].wasSentSlow = true
    }

    @_noLocks
    mutating func setState(_ index: Int, _ state: PeerState) {
        precondition(index >= 0 && index < capacity, "no such slot")
        count(unsafe slots[index].state, -1)
        count(state, 1)
        unsafe slots[index].state = state
    }

    /// A fence was sent: every waiting peer's try begins.
    @_noLocks
    mutating func fenceSent() {
        var index = 0
        while index < capacity {
            let state = unsafe slots[index].state
            if state == .candidate || state == .heldCandidate {
                setState(index, state == .candidate ? .fencing : .heldFencing)
                unsafe slots[index].wasSentSlow = false
            }
            index += 1
        }
    }

    /// The fence was confirmed: peers to which nothing went since turn fast; the others try again, holding after three tries.
    @_noLocks
    mutating func fenceConfirmed() {
        var index = 0
        while index < capacity {
            let peer = unsafe slots[index]
            if peer.state == .heldFencing || peer.state == .fencing && !peer.wasSentSlow {
                setState(index, .fast)
                unsafe slots[index].tries = 0
            } else if peer.state == .fencing {
                unsafe slots[index].tries = peer.tries &+ 1
                setState(index, peer.tries &+ 1 >= 3 ? .heldCandidate : .candidate)
            }
            index += 1
        }
    }

    /// The fence was lost: everybody goes slow and waits for another one; nobody is held for a fence that does not come.
    @_noLocks
    mutating func fenceLost() {
        var index = 0
        while index < capacity {
            let state = unsafe slots[index].state
            if state == .fencing || state == .heldFencing || state == .heldCandidate { setState(index, .candidate) }
            index += 1
        }
    }

    /// The VI is empty: peers that waited for it go slow, or are forgotten.
    @_noLocks
    mutating func transmitDone() {
        var index = 0
        while index < capacity && leaving > 0 {
            let state = unsafe slots[index].state
            if state == .leaving { setState(index, .candidate) }
            if state == .forgetting { setState(index, .none) }
            index += 1
        }
    }

    /// The VI closes: no peer may be reached by it. Frames to fast ones wait until it is empty.
    @_noLocks
    mutating func withdrawAll() {
        var index = 0
        while index < capacity {
            withdraw(index)
            index += 1
        }
    }

    /// The peer in that slot must not be reached by the VI any more.
    @_noLocks
    mutating func withdraw(_ index: Int) {
        switch self[index].state {
        case .none, .forgetting: return
        case .fast, .leaving: setState(index, .forgetting)
        case .candidate, .fencing, .heldCandidate, .heldFencing: setState(index, .none)
        }
    }

    /// Forgets everything at once: what the VI held is lost.
    @_noLocks
    mutating func removeAll() {
        var index = 0
        while index < capacity {
            if unsafe slots[index].state != .none { setState(index, .none) }
            index += 1
        }
    }

    @inline(__always) @_noLocks
    private func firstSlot(_ mac: UInt64) -> Int {
        (Int(truncatingIfNeeded: (mac &* 0x9E37_79B9_7F4A_7C15) >> 40) & setMask) &* Self.ways
    }

    @_noLocks
    private mutating func count(_ state: PeerState, _ amount: Int) {
        switch state {
        case .candidate, .heldCandidate: waiting += amount
        case .fast: fast += amount
        case .leaving, .forgetting: leaving += amount
        case .none, .fencing, .heldFencing: break
        }
    }
}
