// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Synchronization

/// A vif's VI made in software (`viaduct_soft_vi`): frames for the vif's address go to its guest by a ring of their own, and what
/// the guest sends by its VI goes to the uplink.
///
/// The lane hands its own mbufs over and takes the guest's, so only a guest in this process has one. It touches the rings from
/// ``begin(settled:)`` until steering has ended and nothing is held: what a planned way back still has to send goes out.
@safe
struct SoftSteering: ~Copyable {
    /// Frames for the guest that came in this round.
    static var burst: Int { @_noLocks get { NetbackLane.uplinkBurst } }

    /// Frames for the vif's address go to the VI.
    private(set) var isSteering = false
    /// The VI's turn is before that of the vrings in this round.
    private(set) var isFirst = false
    /// Empty between rounds.
    var outbox: MbufBurst

    /// What the next `begin` is about.
    private var nextToGuest: UInt64 = 0
    private var nextFromGuest: UInt64 = 0

    private var toGuest: MbufRingHandle?
    private var fromGuest: MbufRingHandle?
    private var settled: UnsafeMutablePointer<Atomic<UInt64>>?

    init() {
        outbox = MbufBurst(capacity: Self.burst)
        unsafe settled = nil
    }

    /// Whether the rings may be touched.
    var isAttached: Bool { @_noLocks get { unsafe settled != nil } }

    @_noLocks mutating func prepare(toGuest: UInt64) { nextToGuest = toGuest }
    @_noLocks mutating func prepare(fromGuest: UInt64) { nextFromGuest = fromGuest }

    /// Steers from now on, to the rings that were prepared; false when these are not addresses.
    @_noLocks
    mutating func begin(settled word: UInt64) -> Bool {
        guard let to = unsafe UnsafeMutableRawPointer(bitPattern: UInt(nextToGuest)),
            let from = unsafe UnsafeMutableRawPointer(bitPattern: UInt(nextFromGuest)),
            let settled = unsafe UnsafeMutablePointer<Atomic<UInt64>>(bitPattern: UInt(word))
        else { return false }
        unsafe toGuest = MbufRingHandle(unsafeAddress: to)
        unsafe fromGuest = MbufRingHandle(unsafeAddress: from)
        unsafe self.settled = settled
        isSteering = true
        return true
    }

    @_noLocks mutating func end() { isSteering = false }

    /// Lets go of the rings.
    @_noLocks
    mutating func detach() {
        isSteering = false
        toGuest = nil
        fromGuest = nil
        unsafe settled = nil
    }

    /// Hands over what came in this round, as much as the ring takes; how many.
    @_noLocks
    mutating func deliver() -> Int { toGuest?.enqueue(&outbox) ?? 0 }

    /// Takes what the guest sent, as much as `burst` has room for. ``settle(_:)`` once it is on its way.
    @_noLocks
    func receive(into burst: inout MbufBurst) -> Int { fromGuest?.dequeue(into: &burst) ?? 0 }

    /// `count` of the frames that were taken are in the uplink's outbox.
    @_noLocks
    func settle(_ count: Int) {
        guard let settled = unsafe settled else { return }
        // The lane alone adds.
        let sum = unsafe settled.pointee.load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: count)
        unsafe settled.pointee.store(sum, ordering: .releasing)
    }

    /// Whose turn is first changes with each round, so that neither path starves while the uplink is full.
    @_noLocks
    mutating func takeTurn() -> Bool {
        isFirst.toggle()
        return isFirst
    }
}
