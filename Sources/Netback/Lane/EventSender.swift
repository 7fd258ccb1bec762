// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The lane's end of the ring on which events go up. No event is ever lost, and none waits in a list:
///
/// What a command obliges the lane to tell later (a vif at most one RELEASED, one FLOWS_RELEASED, and two FENCE_SENT: one fence in the outbox, one
/// on its way there) has room kept free for it,
/// since no command is taken while less than that `reserve` is free. What happens by itself (transmit fences, changes of the
/// local addresses) must leave the reserve alone; the lane tries again in the next round.
struct EventSender: Sendable {
    private let ring: WordRingHandle
    private let reserve: Int

    /// The ring's size for that many vifs, in words.
    static func capacity(maximumVifs: Int) -> Int { reserve(maximumVifs) + 4096 }
    private static func reserve(_ maximumVifs: Int) -> Int { 4 * LaneEvent.wordCount * maximumVifs }

    init(_ ring: WordRingHandle, maximumVifs: Int) {
        self.ring = ring
        reserve = Self.reserve(maximumVifs)
    }

    /// Whether a command may be taken: it may raise two events at once, beyond those that it obliges to.
    var hasRoomForCommand: Bool {
        @_noLocks get { ring.freeCount >= reserve + 2 * LaneEvent.wordCount }
    }

    /// An event that a command asked for.
    @_noLocks
    func sendObliged(_ event: LaneEvent) {
        let words = event.words
        let sent = ring.enqueue(words.0) && ring.enqueue(words.1)
        precondition(sent, "the reserve of the event ring is used up")
    }

    /// An event that nobody asked for; false when it must be tried again.
    @_noLocks
    func sendSpontaneous(_ event: LaneEvent) -> Bool {
        guard hasRoomForCommand else { return false }
        sendObliged(event)
        return true
    }
}
