// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import EventLog
import Foundation
import Logging

/// One vif's half of the control plane: its socket, its link, what a plugin knows about it.
final class Vif: VhostSocketDelegate, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the variables are guarded by the control plane's lock, but `generation`, which only
    // librte_vhost's thread uses, or for an attached guest the control plane; or the one that takes the socket away, which has made that thread stop first.
    let id: UInt32
    let slot: Int
    let configuration: VifConfiguration
    let link: (any ControlLink)?
    /// The same, of a guest in another DPDK process.
    let remote: RemoteGuestLink?
    let lane: VifReference
    let guest: SharedWord
    let counters: CounterBlock
    let flows = FlowSelectorBlock.allocate()
    let memoryFaults = MemoryFaults()
    private let group: PollGroup
    private let logger: Logger

    var socket: VhostSocket?
    /// Of a vif whose guests are attached processes.
    var attached: AttachedGuest?
    var probed: LoadedPlugin.Probed?
    /// What the operator asks for.
    var isWanted: Bool
    var policy: VifPolicy
    /// What the lane enforces of it; nil for nothing.
    var guardBlock: GuardBlock?
    /// Which guest the plugin was told of.
    var toldGeneration: UInt32 = 0
    var isToldConnected = false
    /// Of these, the one at its vhost-user socket.
    var toldSlowPath: UInt32 = 0
    var violations = 0
    var nextViolationLog: UInt64 = 0

    private var generation: UInt32 = 0
    /// Of the guest at the vhost-user socket; -1 when nobody is there.
    private var device: VhostDeviceID = -1
    /// A bit for each virtqueue that a guest uses, of each that is connected to the socket, also before it is served.
    private var rings: [VhostDeviceID: UInt32] = [:]
    private var hasToldOfRings = false

    init(
        id: UInt32, slot: Int, _ configuration: VifConfiguration, link: (any ControlLink)?, pool: MempoolHandle,
        totals: CounterRow, holdCapacity: Int, group: PollGroup, logger: Logger
    ) {
        self.id = id
        self.slot = slot
        self.configuration = configuration
        self.link = link
        remote = link as? RemoteGuestLink
        self.group = group
        self.logger = logger
        isWanted = configuration.acceleration
        policy = configuration.policy
        guest = SharedWord.allocate()
        counters = CounterRow.makeBlock()
        lane = VifReference.allocate(
            VifLane(
                port: SwitchPort(slot: slot, vif: id), mac: configuration.mac, vlan: configuration.vlan ?? 0, pool: pool,
                guest: guest, row: CounterRow(counters), totals: totals, holdCapacity: holdCapacity,
                queuePairs: configuration.queuePairs, mtu: configuration.mtu, rings: configuration.attachment?.rings.handle))
    }

    /// After the lane has detached the vif and the socket is gone; without it the vif's memory is leaked on purpose.
    func free() {
        lane.deallocate()
        guest.deallocate()
        flows.deallocate()
    }

    var description: VifDescription {
        var description = VifDescription(
            id: id, name: configuration.name, mac: configuration.mac, vlan: configuration.vlan)
        description.isRemote = remote != nil
        return description
    }
    var guestNow: GuestWord { GuestWord(guest.load()) }
    /// Whether there is a guest that may be accelerated, with a number that is another one for each. A guest in another DPDK process
    /// needs both: its slow path and its link.
    var presence: (generation: UInt32, isThere: Bool) {
        let guest = guestNow
        guard let link = remote?.presence else { return (guest.generation, guest.device >= 0) }
        return (guest.generation &+ link.changes, guest.device >= 0 && link.isThere)
    }
    /// Whether a guest that is gone touches nothing any more: an attached one's process is dead, and what another one was granted the
    /// host takes back by itself.
    var sharesNothing: Bool { attached != nil || remote != nil }
    var mayBeAccelerated: Bool { isWanted && policy.objection == nil && attached?.status.quarantine == nil }

    /// An attached guest came, or is taken for gone. The lane sees it in its next round.
    func attachedGuestChanged(isThere: Bool) {
        generation &+= 1
        guest.store(GuestWord(generation: generation, device: isThere ? 0 : -1, features: .attached).word)
    }

    // MARK: On librte_vhost's thread. The control plane's lock may be held by one who waits for this to return.

    func guestOpened(_ device: VhostDeviceID) { rings[device] = 0 }

    func guestRefused(_ device: VhostDeviceID, _ fault: VhostMemoryFault) {
        memoryFaults.note(fault)
        logger.log(NetbackEvent.guestFaulty, ["vif": "\(configuration.name)", "device": "\(device)", "reason": "\(fault.text)"])
    }

    /// The newest of several is served: whoever was there before may have died without a word.
    func guestConnected(_ device: VhostDeviceID) {
        generation &+= 1
        self.device = device
        publish()
        logger.log(
            NetbackEvent.guestConnected, ["vif": "\(configuration.name)", "device": "\(device)", "queuePairs": "\(pairsInUse)"])
    }

    func guestDisconnected(_ device: VhostDeviceID) {
        if self.device == device {
            generation &+= 1
            self.device = -1
            hasToldOfRings = false
            publish()
        }
        // librte_vhost frees the rings when this returns: a loop that still uses them must not be left behind, however long
        // it takes.
        while !group.synchronize() {
            logger.log(NetbackEvent.guestWaitsForLoop, ["vif": "\(configuration.name)"])
        }
        logger.log(NetbackEvent.guestDisconnected, ["vif": "\(configuration.name)", "device": "\(device)"])
    }

    func guestRing(_ ring: Int, of device: VhostDeviceID, isEnabled: Bool) {
        guard ring < 2 * configuration.queuePairs else {
            if isEnabled && !hasToldOfRings {
                hasToldOfRings = true
                logger.log(
                    NetbackEvent.guestQueuesUnread, ["vif": "\(configuration.name)", "queuePairs": "\(configuration.queuePairs)"])
            }
            return
        }
        let bit: UInt32 = 1 << UInt32(ring)
        if isEnabled { rings[device, default: 0] |= bit } else { rings[device, default: 0] &= ~bit }
        if self.device == device { publish() }
    }

    private func publish() {
        let features = device < 0 ? GuestFeatures(rawValue: 0) : GuestFeatures(of: device)
        guest.store(GuestWord(generation: generation, device: device, pairs: pairsInUse, features: features).word)
    }

    /// The first pairs, both of whose rings the guest uses: a driver with several queues turns pairs on from the first (virtio 1.2, 5.1.6.5.5).
    private var pairsInUse: Int {
        let rings = rings[device] ?? 0
        var pairs = 1
        while pairs < configuration.queuePairs, rings >> UInt32(2 * pairs) & 3 == 3 { pairs += 1 }
        return pairs
    }
}
