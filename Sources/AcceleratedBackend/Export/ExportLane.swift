// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Memif
import Wire

/// The hot half of an exported VI: moves frames between the VI's queue pair and the memif, a bounded round at a call.
///
/// Nothing waits here but by back-pressure: what the guest has no buffers for stays, then the NIC's queue fills, and the NIC drops, as
/// it does for a guest that does not poll. Markers (``LinkMarker``) are answered here.
///
/// - Lcore: one at a time.
@safe
struct ExportLane: ~Copyable {
    /// Most frames of a direction in a round.
    private static var budget: Int { @_noLocks get { 32 } }
    /// The longest frame that a VI sends: 1500 bytes' payload, without check sequence; a tag comes on top.
    private static var longestFrame: Int { @_noLocks get { 1518 } }
    /// After a full ring of the longest frames at 10 Gbit/s nothing of it can be left: for drivers that can't tell.
    private static var fullRingNanoseconds: UInt64 { @_noLocks get { 1024 * 1538 * 8 / 10 } }

    private let interface: QueuePair
    private let memif: MemifEndpoint
    /// Of frames from the guest.
    private let pool: MempoolHandle
    private let mac: UInt64
    private let vlan: UInt16
    private let nonce: UInt64
    private let counters: Counters

    /// On their way to the guest, which had no room.
    private var toGuest = MbufBurst(capacity: ExportLane.budget)
    private var arrived = MbufBurst(capacity: ExportLane.budget)
    /// On their way to the NIC.
    private var toWire = MbufBurst(capacity: ExportLane.budget)
    private var fromGuest = MbufBurst(capacity: ExportLane.budget)
    private var spent = MbufBurst(capacity: ExportLane.budget)
    private var answer = MbufBurst(capacity: 1)

    /// The guest's newest question, while it waits for an answer.
    private var isAsked = false
    private var question: UInt32 = 0
    /// Of the frames in ``toWire``, those that are older than the question, and how many frames the NIC got since.
    private var olderThanQuestion = 0
    private var sentSinceQuestion: UInt32 = 0
    /// Where the driver can't tell what is sent: the clock from which on it must be.
    private var sentAt: UInt64 = 0

    init(
        interface: QueuePair, memif: MemifEndpoint, pool: MempoolHandle, vif: ExportedVif, nonce: UInt64, counters: Counters
    ) {
        self.interface = interface
        self.memif = memif
        self.pool = pool
        mac = vif.mac
        vlan = vif.vlan
        self.nonce = nonce
        self.counters = counters
    }

    deinit {
        // What was under way is lost with the VI.
        count(.undelivered, toGuest.count)
        count(.unsent, toWire.count)
    }

    /// One round; how much there was to do, 0 when the loop may rest.
    @_noLocks
    mutating func poll() -> Int {
        // Before the queue is seen empty: what came until then is in front of the answer. A question of this round waits for the next.
        let wasAsked = isAsked
        let clock = wasAsked ? interface.port.clock : 0
        var work = takeFromWire()
        let isQueueEmpty = work == 0 && toGuest.isEmpty
        work += takeFromGuest()
        if wasAsked && isQueueEmpty { answerQuestion(clock) }
        return isAsked ? work + 1 : work
    }

    // MARK: To the guest

    /// How many frames the VI yielded.
    @_noLocks
    private mutating func takeFromWire() -> Int {
        var received = 0
        if toGuest.isEmpty {
            received = interface.receive(into: &arrived)
            if received > 0 {
                count(.received, received)
                untag()
            }
        }
        if toGuest.isEmpty { return received }
        if memif.isConnected {
            count(.delivered, memif.transmit(&toGuest))
        } else {
            count(.undelivered, toGuest.free())
        }
        return received
    }

    /// Moves what arrived on; in a VLAN, what is of it, without its tag.
    @_noLocks
    private mutating func untag() {
        var index = 0
        while index < arrived.count {
            let mbuf = arrived[index]
            if vlan == 0 || (mbuf.takeOut(ofVLAN: vlan) && !mbuf.bytes.isInVLAN) {
                toGuest.append(mbuf)
            } else {
                spent.append(mbuf)
            }
            index += 1
        }
        arrived.removeAll()
        count(.foreign, spent.free())
    }

    // MARK: From the guest

    @_noLocks
    private mutating func takeFromGuest() -> Int {
        var taken = 0
        if toWire.isEmpty {
            taken = memif.receive(into: &fromGuest, pool: pool, limit: Self.budget)
            if taken > 0 { check() }
        }
        if toWire.isEmpty { return taken }
        let sent = interface.transmit(&toWire)
        count(.sent, sent)
        if isAsked {
            let older = sent < olderThanQuestion ? sent : olderThanQuestion
            olderThanQuestion -= older
            sentSinceQuestion &+= UInt32(truncatingIfNeeded: sent - older)
        }
        return taken + sent
    }

    /// Passes on what the guest may send, and takes its questions.
    @_noLocks
    private mutating func check() {
        var index = 0
        while index < fromGuest.count {
            let mbuf = fromGuest[index]
            index += 1
            if let marker = LinkMarker(mbuf.bytes), marker.nonce == nonce {
                isAsked = true
                question = marker.sequence
                olderThanQuestion = toWire.count
                sentSinceQuestion = 0
                sentAt = 0
                spent.append(mbuf)
                continue
            }
            count(.taken, 1)
            if maySend(mbuf) {
                toWire.append(mbuf)
            } else {
                count(.refused, 1)
                spent.append(mbuf)
            }
        }
        fromGuest.removeAll()
        spent.free()
    }

    /// Whether the frame is the guest's own and may go; in a VLAN it then has its tag.
    @inline(__always) @_noLocks
    private func maySend(_ mbuf: Mbuf) -> Bool {
        let frame = mbuf.bytes
        if mbuf.packetLength > Self.longestFrame || mbuf.segmentCount != 1 || frame.count < 14 { return false }
        if frame.mac(at: 6).rawValue != mac || frame.isInVLAN { return false }
        if vlan == 0 { return true }
        return frame.u16(at: 12) != EtherType.vlan.rawValue && mbuf.insertTag(control: vlan)
    }

    // MARK: Questions

    /// Once all that the guest sent before its question is on the wire.
    @_noLocks
    private mutating func answerQuestion(_ clock: UInt64) {
        if olderThanQuestion > 0 || !isSent(clock) { return }
        guard pool.allocate(1, into: &answer) else { return }
        let mbuf = answer[0]
        guard mbuf.setLength(LinkMarker.length),
            LinkMarker(nonce: nonce, sequence: question, clock: clock).write(to: mbuf.mutableBytes), memif.transmit(&answer) == 1
        else {
            answer.free()
            return
        }
        isAsked = false
        count(.markers, 1)
    }

    @_noLocks
    private mutating func isSent(_ clock: UInt64) -> Bool {
        if let answer = interface.isTransmitDone(exceptNewest: sentSinceQuestion) { return answer }
        if sentAt == 0 { sentAt = clock &+ Self.fullRingNanoseconds }
        return clock >= sentAt
    }

    @inline(__always) @_noLocks
    private func count(_ counter: ExportCounter, _ amount: Int) { counters.add(amount, to: counter.index) }
}

/// Runs one round of the lane at `context`, for a poll loop.
@c @_noLocks
func export_lane_poll(_ context: UnsafeMutableRawPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: unsafe context.assumingMemoryBound(to: ExportLane.self).pointee.poll())
}
