// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Wire

/// What the lane knows about one vif: the frames on their way to its guest, its hold, its fences.
///
/// Made by the control plane, the lane's from the `attach` command until it took `detach`.
struct VifLane: ~Copyable {
    static var burst: Int { @_noLocks get { 32 } }
    /// A TCP segment that is to be cut into more frames than that is nobody's idea of a segment: 64 KB in pieces of 64 bytes.
    static var maximumPieces: Int { @_noLocks get { 1024 } }

    enum Hold {
        case none
        /// Frames from the uplink for the vif's address are kept.
        case holding
        /// They are handed out in order; new ones queue up behind.
        case releasing
    }

    let port: SwitchPort
    let mac: MACAddress
    /// The VLAN whose frames the guest gets, untagged; 0 for untagged ones.
    let vlan: UInt16
    let pool: MempoolHandle
    let guest: SharedWord
    let row: CounterRow
    let totals: CounterRow

    /// Frames for the guest, in order.
    var outbox: GuestOutbox
    /// Of the outbox's frames, those that were there when the hold began: what is held comes behind them, and not behind later ones.
    var aheadOfHold = 0
    /// The same for frames that are held of single flows.
    var aheadOfFlows = 0
    /// Place of the fence in the outbox, counted from 1; 0 when none is there.
    var fencePlace = 0
    /// The sequence number of the fence in the outbox; nil when nobody wants to know when it is through.
    var queuedSequence: UInt32?
    var hold: MbufQueue
    /// Empty between uses: pieces of a TCP segment.
    var cut: MbufBurst
    /// To the guest's further queue pairs.
    var sides: SideQueues
    /// The part of the hold that is offered to the vring.
    var releasing: MbufBurst
    var holdState = Hold.none
    /// Frames that came since the release began.
    var behindRelease = 0

    /// Frames of single flows whose path changes.
    var flowHold: FlowHold

    var soft = SoftSteering()

    /// nil when the vif's guest may do anything.
    var policy: GuardReference?

    /// As of this round.
    private var word: UInt64 = 0
    /// The time-stamp counter.
    var now: UInt64 = 0
    var generation: UInt32 = 0
    var device: VhostDeviceID = -1
    /// Queue pairs that the guest uses.
    private(set) var pairs = 1
    private(set) var features = GuestFeatures(rawValue: 0)
    /// Bytes of the longest frame that the guest can be given.
    private(set) var longestFrame = 0
    /// The queue pair whose turn it is to be polled first.
    var pairTurn = 0
    private let mtu: Int
    /// Of an attached guest; nil for one that comes by vhost-user.
    private let rings: GuestRingsHandle?
    /// Valid while connected.
    private(set) var endpoint: GuestEndpoint

    /// Nonce of the vif's fences; 0 while none are expected.
    var nonce: UInt64 = 0
    var fence = GuestFence()
    var transmitFence = TransmitFence()
    /// Somebody waits for the end of the release.
    var owesRelease = false
    /// Events that came about in this round.
    var didRelease = false
    var sentSequence: UInt32?

    init(
        port: SwitchPort, mac: MACAddress, vlan: UInt16, pool: MempoolHandle, guest: SharedWord, row: CounterRow,
        totals: CounterRow, holdCapacity: Int, queuePairs: Int = 1, mtu: Int = 1500, rings: GuestRingsHandle? = nil
    ) {
        self.port = port
        self.mac = mac
        self.vlan = vlan
        self.pool = pool
        self.guest = guest
        self.row = row
        self.totals = totals
        self.rings = rings
        endpoint = .vhost(VhostQueuePair(device: -1, pair: 0))
        outbox = GuestOutbox()
        sides = SideQueues(count: queuePairs - 1)
        self.mtu = mtu
        cut = MbufBurst(capacity: Self.burst)
        hold = MbufQueue(capacity: holdCapacity)
        flowHold = FlowHold(capacity: holdCapacity)
        releasing = MbufBurst(capacity: Self.burst)
    }

    /// Of the vif's own address in the switch's table.
    var key: UInt64 { @_noLocks get { ForwardingTable.key(mac, vlan: vlan) } }
    var isConnected: Bool { @_noLocks get { device >= 0 } }
    var heldCount: Int { @_noLocks get { hold.count + releasing.count } }

    @inline(always) @_noLocks
    mutating func count(_ counter: PathCounter, _ amount: Int = 1) {
        row.add(amount, to: counter)
        totals.add(amount, to: counter)
    }

    /// Reads which guest is there. What was on its way to a guest that went is freed.
    @_noLocks
    mutating func refreshGuest() {
        let loaded = guest.load()
        if loaded == word { return }
        word = loaded
        let now = GuestWord(loaded)
        pairs = now.pairs <= sides.count + 1 ? now.pairs : sides.count + 1
        features = now.features
        longestFrame = features.longestFrame(mtu: mtu)
        if now.generation != generation {
            generation = now.generation
            if isConnected { guestWent() }
            device = now.device
        }
        if let rings {
            endpoint = .rings(rings)
            return
        }
        endpoint = .vhost(VhostQueuePair(device: device, pair: 0))
        var pair = 0
        while isConnected, pair < pairs {
            VhostQueuePair(device: device, pair: UInt16(truncatingIfNeeded: pair)).expectNoKicks()
            pair += 1
        }
    }

    @_noLocks
    private mutating func guestWent() {
        freeAll(.guestGone)
        fence.end()
        transmitFence.end()
        releaseEnded()
        holdState = .none
        flowHold.guestWent()
        device = -1
    }

    /// Frees every frame on its way to the guest, each a drop with that reason; a fence among them counts as one, too.
    @_noLocks
    mutating func freeAll(_ reason: PathCounter) {
        count(reason, outbox.reset() + sides.reset() + releasing.free() + hold.free() + flowHold.free() + soft.outbox.free())
        fencePlace = 0
        aheadOfHold = 0
        aheadOfFlows = 0
    }

    @_noLocks
    mutating func releaseEnded() {
        if owesRelease { didRelease = true }
        owesRelease = false
    }

    @_noLocks
    mutating func publishDepths() {
        row.set(heldCount + flowHold.count, at: .held)
        row.set(outbox.count + sides.waiting, at: .queued)
    }
}
