// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane

/// The polling half of a netback: the uplink's default queue pair, the vifs' vrings, the switch between them.
///
/// Made once at a stable address. Between the moment it is given to a poll loop and the moment it is taken off, only that
/// loop's lcore touches it; everything else talks to it by ``LaneCommand``s, ``LaneEvent``s and ``SharedWord``s.
struct NetbackLane: ~Copyable {
    static var uplinkBurst: Int { @_noLocks get { 64 } }
    /// A guest's burst may come on top of so many frames that wait for the wire.
    static var uplinkOutboxShare: Int { @_noLocks get { 224 } }
    /// Frames that a TCP segment makes, as a rule: 64 KB in frames of 1500 bytes.
    static var usualPieces: Int { @_noLocks get { 48 } }
    /// There is room for a burst of nothing but such segments.
    static var uplinkOutboxCapacity: Int { @_noLocks get { uplinkOutboxShare + VifLane.burst * usualPieces } }
    static var commandsPerRound: Int { @_noLocks get { 8 } }
    /// Table entries that ageing, or a snapshot, looks at in one round.
    static var entriesPerRound: Int { @_noLocks get { 16 } }

    let uplink: QueuePair
    let pool: MempoolHandle
    let uplinkReceiveRing: Int
    /// What the port's transmitter does about unfinished frames.
    let uplinkOffloads: Offloads
    /// Bytes of the longest frame that goes to the wire, a tag included.
    let uplinkLongestFrame: Int
    /// How long a full transmit ring takes on a 10 Gbit/s wire, in nanoseconds (1538 bytes a frame, gap and preamble included).
    let ringNanoseconds: UInt64
    let ageSeconds: UInt32
    let maximumVifs: Int
    let totals: CounterRow

    let commands: WordRingHandle
    let events: EventSender
    /// Commands taken so far.
    let commandsTaken: SharedWord
    var taken: UInt64 = 0
    /// The address of the plugin's table of hooks while its hot hooks may be called; 0 otherwise.
    let hotHooks: SharedWord
    /// As of this round.
    var hooks: UInt64 = 0
    /// Says between two rounds that no hook runs.
    let quiescence: QuiescenceReader

    /// By slot.
    let vifs: VifLanes
    /// The vif whose turn is first in the next round.
    var turn = 0

    var table: ForwardingTable
    var members = VLANMembers()
    var clock: LaneClock
    /// Ageing: the second of the last sweep, where this one is, how much is left.
    var sweptSecond: UInt32 = 0
    var sweepPlace = 0
    var sweepLeft = 0
    var localAddressesChanged = false
    var snapshot = AddressSnapshot()

    var received: MbufBurst
    var fromGuest: MbufBurst
    /// One new mbuf at a time.
    var fresh: MbufBurst
    /// Empty between uses: mbufs on their way back to their pool.
    var spent: MbufBurst
    var uplinkOutbox: MbufBurst
    /// The uplink's port must not be touched: nothing is received, and what is to be sent is dropped.
    var isUplinkSuspended = false
    /// How many of the outbox's first frames the plugin has seen.
    var announced = 0
    /// Frames ever appended to the uplink's outbox, and those of them that were posted.
    var appended: UInt64 = 0
    var posted: UInt64 = 0

    init(
        _ configuration: NetbackConfiguration, uplink: QueuePair, port: PortInformation, pool: MempoolHandle, totals: CounterRow,
        commands: WordRingHandle, events: EventSender, commandsTaken: SharedWord, hotHooks: SharedWord,
        quiescence: QuiescenceReader, vifs: VifLanes
    ) throws(DPDKError) {
        self.uplink = uplink
        self.pool = pool
        self.totals = totals
        self.commands = commands
        self.events = events
        self.commandsTaken = commandsTaken
        self.hotHooks = hotHooks
        self.quiescence = quiescence
        self.vifs = vifs
        maximumVifs = configuration.maximumVifs
        uplinkReceiveRing = configuration.uplinkReceiveRing
        uplinkOffloads = port.configuredOffloads
        uplinkLongestFrame = (configuration.uplinkMTU ?? port.mtu) + 18
        ringNanoseconds = UInt64(configuration.uplinkTransmitRing) * 1538 * 8 / 10
        ageSeconds = UInt32(configuration.fdbAgeSeconds)
        table = try ForwardingTable(
            name: "nbk-fdb-\(configuration.name)", learned: configuration.fdbCapacity, statics: configuration.maximumVifs)
        clock = LaneClock()
        received = MbufBurst(capacity: Self.uplinkBurst)
        fromGuest = MbufBurst(capacity: VifLane.burst)
        fresh = MbufBurst(capacity: 1)
        spent = MbufBurst(capacity: 256)
        uplinkOutbox = MbufBurst(capacity: Self.uplinkOutboxCapacity)
    }

    /// One round; how much there was to do.
    @_noLocks
    mutating func poll() -> UInt32 {
        clock.read()
        quiescence.quiescent()
        hooks = hotHooks.load()
        refreshGuests()
        var work = takeCommands()
        let portClock = readPortClock()
        advanceGuestFences(portClock)
        work += pollUplink()
        queueGuestFences()
        work += pollGuests()
        flushGuests()
        flushUplink()
        advanceTransmitFences(portClock)
        keepTable()
        return UInt32(truncatingIfNeeded: work)
    }

    @_noLocks
    private mutating func refreshGuests() {
        var turn = 0
        while turn < vifs.count {
            let vif = vifs[turn]
            vif.lane.refreshGuest()
            vif.lane.now = clock.ticks
            if let policy = vif.lane.policy { policy.state.now = clock.ticks }
            turn += 1
        }
    }

    @_noLocks
    private mutating func flushGuests() {
        var turn = 0
        while turn < vifs.count {
            let vif = vifs[turn]
            vif.lane.flushVI(&spent)
            vif.lane.flush(&spent)
            sendEvents(of: vif)
            vif.lane.publishDepths()
            turn += 1
        }
    }

    @_noLocks
    mutating func sendEvents(of vif: VifReference) {
        let id = vif.lane.port.vif
        if vif.lane.didRelease {
            vif.lane.didRelease = false
            events.sendObliged(LaneEvent(LaneEvent.Kind.released, vif: id))
        }
        if vif.lane.flowHold.takeReleased() { events.sendObliged(LaneEvent(LaneEvent.Kind.flowsReleased, vif: id)) }
        if let sequence = vif.lane.sentSequence {
            vif.lane.sentSequence = nil
            events.sendObliged(LaneEvent(LaneEvent.Kind.fenceSent, vif: id, argument: UInt64(sequence)))
        }
    }
}

extension NetbackLane {
    /// Frees every mbuf that the lane and its vifs hold. For the control plane, after the lane came off its loop.
    mutating func shutDown() {
        totals.add(uplinkOutbox.free(), to: .stopped)
        totals.set(0, at: .uplinkQueued)
        for place in 0..<vifs.count {
            vifs[place].lane.freeAll(.stopped)
            vifs[place].lane.publishDepths()
        }
    }
}

/// The loop's function.
@c @_noLocks
func netback_poll(_ lane: UnsafeMutableRawPointer) -> UInt32 {
    unsafe lane.assumingMemoryBound(to: NetbackLane.self).pointee.poll()
}
