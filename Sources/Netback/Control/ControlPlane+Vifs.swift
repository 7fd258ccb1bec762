// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import EventLog
import Foundation
import Logging
import Wire

extension ControlPlane {
    func addVif(_ wanted: VifConfiguration, link: (any ControlLink)?) throws(NetbackError) -> UInt32 {
        try operate { () throws(NetbackError) in
            try locked { () throws(NetbackError) in try addVifLocked(wanted, link) }
        }
    }

    func removeVif(_ id: UInt32) throws(NetbackError) {
        try operate { () throws(NetbackError) in
            guard let vif = lock.withLock({ vifs[id] }) else { throw .unknownVif(id) }
            // A plugin that is stuck keeps no vif from being removed.
            var problem: NetbackError?
            do throws(NetbackError) {
                try withdrawAcceleration([vif])
                try locked { () throws(NetbackError) in try removeFromPlugin(vif) }
            } catch {
                problem = error
            }
            try locked { () throws(NetbackError) in try takeDown(vif) }
            if let problem { throw problem }
        }
    }

    private func addVifLocked(_ wanted: VifConfiguration, _ link: (any ControlLink)?) throws(NetbackError) -> UInt32 {
        try validate(wanted, hasLink: link != nil)
        let guardBlock = try GuardBlock.make(wanted.policy, mac: wanted.mac)
        guard let slot = slots.firstIndex(where: { $0 == nil }) else { throw .tooManyVifs(limit: slots.count) }
        var link = link
        var attached: AttachedGuest?
        if let attachment = wanted.attachment {
            do throws(SocketError) {
                attached = try AttachedGuest(attachment, name: wanted.name, path: wanted.socketPath, logger: logger)
            } catch {
                throw .socket(error)
            }
            link = attached?.netbackLink
        }
        let vif = Vif(
            id: nextID, slot: slot, wanted, link: link, pool: pool, totals: CounterRow(totals),
            holdCapacity: configuration.holdCapacity, group: group, logger: logger)
        vif.attached = attached
        vif.guardBlock = guardBlock
        vif.lane.lane.policy = guardBlock?.reference
        nextID += 1
        // From here on the lane may know the vif: whatever fails, it is taken down in order.
        slots[slot] = vif.id
        vifs[vif.id] = vif
        directory.add(vif.id, slot: slot, link: link, isAttached: attached != nil, flows: vif.flows)
        guard carryOut(LaneCommand(LaneCommand.Operation.attach, slot: slot, large: vif.lane.word)) else {
            forget(vif)
            throw .laneStuck
        }
        do throws(DPDKError) {
            if attached == nil {
                vif.socket = try VhostSocket(path: wanted.socketPath, connects: wanted.connectsToGuest, delegate: vif)
            }
        } catch {
            try takeDown(vif)
            throw .dpdk(error)
        }
        if vif.mayBeAccelerated { introduce(vif) }
        logger.log(NetbackEvent.vifAdded, ["vif": "\(wanted.name)", "mac": "\(wanted.mac)", "socket": "\(wanted.socketPath)"])
        return vif.id
    }

    private func validate(_ wanted: VifConfiguration, hasLink: Bool) throws(NetbackError) {
        guard (1...31).contains(wanted.name.utf8.count) else {
            throw .invalidConfiguration("a vif's name has 1 to 31 bytes, not \(wanted.name.utf8.count)")
        }
        if vifs.values.contains(where: { $0.configuration.name == wanted.name }) { throw .duplicateName(wanted.name) }
        guard wanted.mac.isValidUnicast, wanted.mac != FenceFrame.address else {
            throw .invalidAddress(wanted.mac, vif: wanted.name)
        }
        if let vlan = wanted.vlan, !(1...4094).contains(vlan) { throw .invalidVLAN(vlan, vif: wanted.name) }
        guard (1...8).contains(wanted.queuePairs), wanted.queuePairs == 1 || (!hasLink && wanted.attachment == nil) else {
            throw .invalidConfiguration("a vif has 1 to 8 queue pairs, and one where its guest may be accelerated")
        }
        guard (68...9000).contains(wanted.mtu) else {
            throw .invalidConfiguration("the MTU of a vif is 68 to 9000, not \(wanted.mtu)")
        }
        try wanted.policy.validate(vif: wanted.name, mtu: wanted.mtu)
        if let attachment = wanted.attachment {
            guard attachment.terms.mac == wanted.mac else { throw .invalidAddress(attachment.terms.mac, vif: wanted.name) }
            // Whether somebody serves it is found out by the listener.
            return
        }
        // librte_vhost removes a socket's path when it fails to listen there: never that of another process.
        if !wanted.connectsToGuest, (try? FileManager.default.attributesOfItem(atPath: wanted.socketPath)) != nil {
            throw .socketExists(path: wanted.socketPath)
        }
    }

    /// Takes a vif down that no plugin knows (any more): first its guest goes, then the lane lets go, then its memory is freed.
    private func takeDown(_ vif: Vif) throws(NetbackError) {
        vif.socket = nil
        vif.attached?.close()
        vif.attachedGuestChanged(isThere: false)
        directory.remove(vif.id)
        guard carryOut(LaneCommand(LaneCommand.Operation.detach, slot: vif.slot)) else {
            forget(vif)
            throw .laneStuck
        }
        vifs[vif.id] = nil
        slots[vif.slot] = nil
        vif.free()
        logger.log(NetbackEvent.vifRemoved, ["vif": "\(vif.configuration.name)"])
    }

    /// A stuck lane may still use the vif: its slot stays taken, its memory is leaked.
    private func forget(_ vif: Vif) {
        Leaked.keep(vif)
        directory.remove(vif.id)
        vifs[vif.id] = nil
    }

    func carryOut(_ command: LaneCommand) -> Bool { channel.carryOut(command) { drainEvents() } }

    // MARK: What can be seen

    var statuses: [VifStatus] {
        lock.withLock {
            guard !isStopped else { return [] }
            return vifs.values.sorted { $0.id < $1.id }.map { vif in
                let row = CounterRow(vif.counters)
                let names = PathCounter.allCases.filter(\.appliesToVif).map { ($0.name, row[$0]) }
                return VifStatus(
                    id: vif.id, name: vif.configuration.name, mac: vif.configuration.mac,
                    isConnected: vif.guestNow.device >= 0, hasControlLink: vif.remote?.presence.isThere,
                    queuePairs: vif.guestNow.device < 0 ? 0 : vif.guestNow.pairs,
                    acceleration: acceleration(of: vif),
                    counters: Dictionary(uniqueKeysWithValues: names), held: Int(row[.held]),
                    memoryFaults: vif.memoryFaults.count, memoryFault: vif.memoryFaults.last?.text,
                    attachment: vif.attached?.status)
            }
        }
    }

    private func acceleration(of vif: Vif) -> AccelerationStatus {
        if vif.isWanted, isAtRest(vif), let reason = portReason {
            return AccelerationStatus(state: .refused(reason), reason: reason)
        }
        if let words = vif.attached?.status.quarantine {
            let reason = AccelerationReason(.portDown, words)
            return AccelerationStatus(state: .quarantined(reason), reason: reason)
        }
        if vif.isWanted, isAtRest(vif), let reason = vif.policy.objection {
            return AccelerationStatus(state: .refused(reason), reason: reason)
        }
        if let reported = directory.status(of: vif.id) { return reported }
        if !vif.isWanted { return AccelerationStatus(reason: AccelerationReason(.notWanted)) }
        return AccelerationStatus(reason: plugin == nil ? AccelerationReason(.noPlugin) : nil)
    }

    var counters: [String: UInt64] {
        lock.withLock {
            let row = CounterRow(totals)
            var values = Dictionary(uniqueKeysWithValues: PathCounter.allCases.map { ($0.name, row[$0]) })
            let rows = vifs.values.map { CounterRow($0.counters) }
            values[PathCounter.held.name] = rows.reduce(0) { $0 + $1[.held] }
            values[PathCounter.queued.name] = rows.reduce(0) { $0 + $1[.queued] }
            values["localAddressesCut"] = localAddresses.cut
            return values
        }
    }
}
