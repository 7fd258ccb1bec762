// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import Control
import DPDK
import Foundation
import Logging
import Netback

// Vifs that come, go and change. Whoever calls holds `operations`, or is the only one there.
extension NetbackHost {
    /// Of a vif's socket, where the configuration says nothing: nobody but this process's user.
    private static let defaultMode: UInt16 = 0o600

    func startVif(_ vif: VifSettings) throws {
        if vif.socketMode == .server { try SocketPath.prepare(vif.socketPath) }
        let attachment = attachedGuests[vif.name].map { self.attachment(vif, $0) }
        var access = vif.access
        access.mode = access.mode ?? Self.defaultMode
        let link = try vif.hasLink ? openLink(vif, access) : nil
        let id = try netback.addVif(vif.vifConfiguration(attachment: attachment), link: link)
        do throws(ControlFailure) {
            if vif.socketMode == .server { try SocketPath.allow(access, vif.socketPath) }
        } catch {
            try? netback.removeVif(id)
            throw error
        }
        note(vif, id: id)
    }

    /// What a remote guest needs to be accelerated.
    private func openLink(_ vif: VifSettings, _ access: SocketAccess) throws -> RemoteGuestLink {
        try SocketPath.prepare(vif.linkPath)
        let link = try RemoteGuestLink(path: vif.linkPath)
        try SocketPath.allow(access, vif.linkPath)
        exportPlaces.set(vif.memifPath, access, vif: vif.name)
        plugin.setQuotas(of: vif)
        return link
    }

    private func attachment(_ vif: VifSettings, _ memory: AttachedGuestMemory) -> AttachmentConfiguration {
        var interface: AttachedVirtualInterface?
        var softQueue: AttachTerms.SoftQueue?
        if let map = memory.virtualInterface {
            let queue = Int(uplink.layout.places[memory.index].queue)
            interface = AttachedVirtualInterface(map: map, queue: uplink.reclaimableQueue(queue))
            if uplink.nic != nil {
                softQueue = AttachTerms.SoftQueue(
                    nic: HostUplink.nicName, queue: UInt16(queue), descriptors: Self.descriptors,
                    mempool: pools.name(virtualInterface: memory.index))
            }
        }
        let terms = AttachTerms(
            mac: vif.mac, filePrefix: SharedMemoryFiles.ownPrefix, lcores: memory.lcores,
            devices: UplinkChoice(running.uplink).pciAddress.map { [$0] } ?? [], rings: vif.name,
            ringDepth: UInt32(memory.rings.names.depth), mempool: memory.poolName, softQueue: softQueue)
        return AttachmentConfiguration(
            terms: terms, rings: memory.rings, virtualInterface: interface,
            answerLimitMilliseconds: vif.answerLimitMilliseconds)
    }

    func stopVif(_ name: String) throws(NetbackError) {
        guard let id = id(of: name) else { return }
        do throws(NetbackError) {
            try netback.removeVif(id)
        } catch {
            // A plugin that is stuck is a problem, and keeps no vif from going.
            if !netback.vifs.contains(where: { $0.id == id }) { forget(name) }
            throw error
        }
        forget(name)
    }

    /// Does what `change` says to a vif that is there.
    func carryOut(_ change: ReloadPlan.Change) throws {
        let vif = change.settings
        if !change.remadeFor.isEmpty { return try remake(vif) }
        if change.changesQuotas { plugin.setQuotas(of: vif) }
        guard let id = id(of: vif.name) else { return }
        if change.changesPolicy { try netback.setPolicy(vif.policy, vif: id) }
        if change.changesAcceleration { netback.setAcceleration(vif.accelerate, vif: id) }
        note(vif, id: id)
    }

    /// Takes the vif down and makes it anew: its guest has to connect again. When that fails it is as it was, if that can be.
    private func remake(_ vif: VifSettings) throws {
        let old = running.vifs.first { $0.name == vif.name }
        try stopVif(vif.name)
        do {
            try startVif(vif)
        } catch {
            guard let old else { throw error }
            do { try startVif(old) } catch let second { throw HostError("\(error); and the vif as it was is gone: \(second)") }
            throw error
        }
    }
}
