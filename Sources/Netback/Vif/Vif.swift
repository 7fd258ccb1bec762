// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
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
    let lane: VifReference
    let guest: SharedWord
    let counters: CounterBlock
    let flows = FlowSelectorBlock.allocate()
    private let group: PollGroup
    private let logger: Logger

    var socket: VhostSocket?
    /// Of a vif whose guests are attached processes.
    var attached: AttachedGuest?
    var probed: LoadedPlugin.Probed?
    /// What the operator asks for.
    var isWanted: Bool
    /// Which guest the plugin was told of.
    var toldGeneration: UInt32 = 0
    var isToldConnected = false
    var violations = 0
    var nextViolationLog: UInt64 = 0

    private var generation: UInt32 = 0

    init(
        id: UInt32, slot: Int, _ configuration: VifConfiguration, link: (any ControlLink)?, pool: MempoolHandle,
        totals: CounterRow, holdCapacity: Int, group: PollGroup, logger: Logger
    ) {
        self.id = id
        self.slot = slot
        self.configuration = configuration
        self.link = link
        self.group = group
        self.logger = logger
        isWanted = configuration.acceleration
        guest = SharedWord.allocate()
        counters = CounterRow.makeBlock()
        lane = VifReference.allocate(
            VifLane(
                port: SwitchPort(slot: slot, vif: id), mac: configuration.mac, vlan: configuration.vlan ?? 0, pool: pool,
                guest: guest, row: CounterRow(counters), totals: totals, holdCapacity: holdCapacity,
                rings: configuration.attachment?.rings.handle))
    }

    /// After the lane has detached the vif and the socket is gone; without it the vif's memory is leaked on purpose.
    func free() {
        lane.deallocate()
        guest.deallocate()
        flows.deallocate()
    }

    var description: VifDescription {
        VifDescription(id: id, name: configuration.name, mac: configuration.mac, vlan: configuration.vlan)
    }
    var guestNow: GuestWord { GuestWord(guest.load()) }
    var mayBeAccelerated: Bool { isWanted && attached?.status.quarantine == nil }

    /// An attached guest came, or is taken for gone. The lane sees it in its next round.
    func attachedGuestChanged(isThere: Bool) {
        generation &+= 1
        guest.store(GuestWord(generation: generation, device: isThere ? 0 : -1).word)
    }

    // MARK: On librte_vhost's thread. The control plane's lock may be held by one who waits for this to return.

    func guestConnected(_ device: VhostDeviceID) {
        generation &+= 1
        guest.store(GuestWord(generation: generation, device: device).word)
        logger.info("guest connected", metadata: ["vif": "\(configuration.name)", "device": "\(device)"])
    }

    func guestDisconnected(_ device: VhostDeviceID) {
        generation &+= 1
        guest.store(GuestWord(generation: generation, device: -1).word)
        // librte_vhost frees the rings when this returns: a loop that still uses them must not be left behind, however long
        // it takes.
        while !group.synchronize() {
            logger.error("waiting for a poll loop before a guest can go", metadata: ["vif": "\(configuration.name)"])
        }
        logger.info("guest disconnected", metadata: ["vif": "\(configuration.name)", "device": "\(device)"])
    }
}
