// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Wire

/// What the lane knows about one vif: the frames on their way to its guest, its hold, its fences.
///
/// Made by the control plane, the lane's from the `attach` command until it took `detach`.
struct VifLane: ~Copyable {
    static var outboxCapacity: Int { @_noLocks get { 256 } }
    static var burst: Int { @_noLocks get { 32 } }

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
    var outbox: MbufBurst
    /// Place of the fence in the outbox, counted from 1; 0 when none is there.
    var fencePlace = 0
    /// The sequence number of the fence in the outbox; nil when nobody wants to know when it is through.
    var queuedSequence: UInt32?
    var hold: MbufQueue
    /// The part of the hold that is offered to the vring.
    var releasing: MbufBurst
    var holdState = Hold.none

    /// Frames of single flows whose path changes.
    var flowHold: FlowHold

    var soft = SoftSteering()

    /// As of this round.
    var generation: UInt32 = 0
    var device: VhostDeviceID = -1
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
        totals: CounterRow, holdCapacity: Int, rings: GuestRingsHandle? = nil
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
        outbox = MbufBurst(capacity: Self.outboxCapacity)
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
        let word = GuestWord(guest.load())
        if word.generation == generation { return }
        generation = word.generation
        if isConnected { guestWent() }
        device = word.device
        if let rings { endpoint = .rings(rings) } else { endpoint = .vhost(VhostQueuePair(device: device, pair: 0)) }
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
        count(reason, outbox.free() + releasing.free() + hold.free() + flowHold.free() + soft.outbox.free())
        fencePlace = 0
    }

    @_noLocks
    mutating func releaseEnded() {
        if owesRelease { didRelease = true }
        owesRelease = false
    }

    @_noLocks
    mutating func publishDepths() {
        row.set(heldCount + flowHold.count, at: .held)
        row.set(outbox.count, at: .queued)
    }
}
