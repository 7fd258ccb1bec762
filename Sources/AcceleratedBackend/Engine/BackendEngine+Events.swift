// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Wire

/// What the hooks tell.
extension BackendEngine {
    mutating func attach(_ host: BackendHost) {
        self.host = host
        hasClock = false
        probeForms()
    }

    mutating func detach() {
        for id in order { remove(id) }
        host = nil
        farewells = []
        localAddresses = nil
        suspension = nil
    }

    mutating func probe(_ description: VifDescription) -> Bool {
        guard let host, description.mac.isValidUnicast, vifs[description.id] == nil,
            vifs.count < configuration.maximumVifs
        else { return false }
        var machine = BackendMachine.Configuration(
            mac: description.mac, plugin: configuration.frontendPlugin, maximumStash: quotas.quotas(of: description.mac).stash,
            settleNanoseconds: facts.settleNanoseconds)
        machine.limits = configuration.limits
        if ladder.forms.contains(.perFlow) {
            machine.versions = ControlProtocol.version...ControlProtocol.flowVersion
        }
        var vif = AcceleratedVif(description, machine: BackendMachine(machine), host: host)
        vif.isDuplicate = vifs.values.contains { $0.description.mac == description.mac }
        if !vif.isDuplicate {
            guard sightings.insert(vif.key) else { return false }
        }
        // An earlier vif of that number comes first.
        vif.calls = farewells.filter { $0.vif == description.id }.map(\.call)
        farewells.removeAll { $0.vif == description.id }
        vifs[description.id] = vif
        if let suspension { tell(description.id, .portSuspended(suspension)) }
        sendLocalAddresses(to: description.id)
        report(description.id)
        return true
    }

    /// Everything that the vif had is taken down, without waiting for anybody.
    mutating func remove(_ id: UInt32) {
        guard vifs[id] != nil else { return }
        let reason = AccelerationReason(.pluginRemoved)
        vifs[id]?.isWanted = false
        tell(id, .portSuspended(reason))
        abandonRemoval(of: id)
        // What netback has not answered yet is undone, too.
        if vifs[id]?.isSteered == true { _ = call(.unsteer, for: id) }
        if vifs[id]?.isHeld == true { _ = call(.release, for: id) }
        if vifs[id]?.areFlowsHeld == true { _ = call(.releaseFlows, for: id) }
        giveBack(for: id, quarantine: AccelerationReason(.pluginRemoved, "its guest had it open when the vif was let go"))
        guard let gone = vifs.removeValue(forKey: id) else { return }
        for call in gone.calls where call.undoes { farewells.append((id, call)) }
        flows.deferred.removeAll { $0.vif == id }
        if gone.isDuplicate { return }
        flows.watch.remove(mac: gone.description.mac.rawValue)
        sightings.remove(gone.key)
        promote(after: gone)
    }

    /// Another vif with the MAC of one that is gone may be accelerated now.
    private mutating func promote(after gone: AcceleratedVif) {
        guard
            let heir = order.first(where: { id in
                vifs[id].map { $0.isDuplicate && $0.description.mac == gone.description.mac } ?? false
            }), let key = vifs[heir]?.key, sightings.insert(key)
        else { return }
        vifs[heir]?.isDuplicate = false
        vifs[heir]?.sighted = SightingCount()
        report(heir)
        follow(heir)
    }

    /// Wants acceleration, or not, as operator and circumstances say.
    private mutating func follow(_ id: UInt32) {
        guard hasClock, let vif = vifs[id] else { return }
        tell(id, .wanted(vif.shouldAccelerate))
        wakeWaiting()
    }

    mutating func want(_ wanted: Bool, _ id: UInt32) {
        guard let vif = vifs[id], vif.isWanted != wanted else { return }
        vifs[id]?.isWanted = wanted
        vifs[id]?.wants = nil
        vifs[id]?.triesNext = false
        vifs[id]?.suspect = nil
        if wanted { vifs[id]?.refusals = [] }
        follow(id)
        report(id)
    }

    mutating func controlMessage(_ bytes: [UInt8], _ id: UInt32) {
        guard vifs[id] != nil else { return }
        do throws(ControlDecodingError) {
            let message = try ControlCodec.decode(bytes, from: .frontend)
            if !takeFlowMessage(message, id) { tell(id, .message(message)) }
            // Nobody is left to say that flows are drained.
            if vifs[id]?.machine.isVIClosed == true, flows.vifs[id]?.question == .hold { tellFlows(id, .abandon) }
        } catch {
            counters.violations += 1
            tell(id, .violation(error))
            // Netback resets the link, and with it forgets what it was to keep for the frontend.
            sendLocalAddresses(to: id)
        }
        wakeWaiting()
    }

    mutating func pathEvent(_ event: PathEvent, _ id: UInt32) {
        guard vifs[id] != nil else { return }
        switch event {
        case .guestConnected:
            vifs[id]?.isGuestGone = false
            sendLocalAddresses(to: id)
            follow(id)
        case .guestGone:
            // Only the slow path: a guest in netback's process may still poll its VI, and is asked to let go of it.
            vifs[id]?.isGuestGone = true
            vifs[id]?.refusals = []
            follow(id)
        case .guestDied:
            vifs[id]?.isGuestGone = true
            vifs[id]?.refusals = []
            vifs[id]?.outbox.removeAll()
            tell(id, .guestGone)
            if let name = vifs[id]?.description.name { pool.ownerDied(name) }
        case .held: tell(id, .hold(.engaged))
        case .released: tell(id, .hold(.released))
        case .fenceSent(let sequence) where sequence >= ControlProtocol.firstFlowSequence:
            tellFlows(id, .fenceSent(sequence: sequence))
        case .flowsHeld: tellFlows(id, .held)
        case .flowsReleased: tellFlows(id, .released)
        case .fenceSent(let sequence):
            takeBaseline(id)
            tell(id, .fenceSent(sequence: sequence))
        case .transmitFence(let sequence): send(.transmitFenceConfirmed(sequence: sequence), to: id)
        case .steered: tell(id, .rule(.created))
        case .unsteered: tell(id, .rule(.removed))
        }
        wakeWaiting()
    }

    mutating func localAddressesChanged(_ addresses: [MACAddress], generation: UInt64) {
        let usable = addresses.filter(\.isValidUnicast)
        let most = ControlProtocol.maximumLocalAddresses
        if usable.count > most { counters.localAddressesCut += UInt64(usable.count - most) }
        localAddresses = (generation, Array(usable.prefix(most)))
        for id in order { sendLocalAddresses(to: id) }
    }

    /// The port stops, or is in trouble: what its queues hold is lost, and its rules go with it. Until it is resumed nothing is asked
    /// of its driver, which may be at work on the NIC itself (rte_ethdev.h: "the application should not invoke any control path API"
    /// from RTE_ETH_EVENT_ERR_RECOVERING on).
    mutating func portSuspended() {
        let reason = AccelerationReason(.portReset)
        suspension = reason
        programmer.forgetRules()
        for index in leftOver.indices { leftOver[index].forgetRules() }
        for id in order {
            leaveAddress(of: id, reason)
            // Nothing may poll the port, whatever the guest has still to say.
            if let attempt = vifs[id]?.attempt { _ = pool.interfaces[attempt.interface].export?.close() }
            tell(id, .portSuspended(reason))
            abandonRemoval(of: id)
        }
    }

    mutating func portResumed() {
        suspension = nil
        stuckAddresses.removeAll { (try? programmer.removeAddress($0.mac)) != nil }
        for id in order { noteAddressGone(of: id) }
        pool.portRestarted(except: Set(stuckAddresses.map(\.interface)))
        probeForms()
        for id in order {
            vifs[id]?.refusals = []
            vifs[id]?.wants = nil
            tell(id, .portResumed)
        }
        wakeWaiting()
    }

    /// Starts what was wanted before the first tick.
    private mutating func startClock() {
        hasClock = true
        for id in order { follow(id) }
    }

    mutating func tick(now: UInt64) {
        self.now = max(self.now, now)
        if !hasClock { startClock() }
        if suspension == nil { removeLeftOver() }
        retryFarewells()
        for id in order {
            if var vif = vifs[id], vif.outbox.count > 0 {
                vif.outbox.flush(over: vif.link)
                vifs[id] = vif
            }
            retryCalls(for: id)
            retryRemoval(of: id)
            lookForSightings(id)
            if let attempt = vifs[id]?.attempt { pool.interfaces[attempt.interface].export?.tick() }
            if let deadline = vifs[id]?.machine.nextDeadline, self.now >= deadline { tell(id, .tick) }
        }
        tickFlows()
        wakeWaiting()
    }
}
