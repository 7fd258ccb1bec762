// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK
import Dataplane
import EventLog
import Foundation
import Logging

extension ControlPlane {
    @unsafe
    func loadPlugin(_ hooks: UnsafePointer<viaduct_backend_hooks>) throws(NetbackError) {
        try operate { () throws(NetbackError) in
            try locked { () throws(NetbackError) in unsafe try loadPluginLocked(hooks) }
        }
    }

    @unsafe
    private func loadPluginLocked(_ hooks: UnsafePointer<viaduct_backend_hooks>) throws(NetbackError) {
        let new = unsafe try LoadedPlugin(hooks)
        if let plugin { throw .pluginAlreadyLoaded(name: plugin.name) }
        // A lane that is still in a hook of the last plugin would be taken for stuck in this one.
        guard isLaneOutOfHooks() else { throw .laneStuck }
        let code = new.attach(host)
        guard code == 0 else { throw .pluginRefused(name: new.name, code: code) }
        plugin = new
        if portLife.isSuspended { new.portSuspended() }
        logger.log(NetbackEvent.pluginLoaded, ["plugin": "\(new.name)"])
        for vif in vifsInOrder where vif.mayBeAccelerated { probe(vif, new) }
        if localAddresses.generation > 0 {
            new.localAddresses(localAddresses.addresses, generation: localAddresses.generation)
        }
        hotHooks.store(new.word)
    }

    func unloadPlugin(within milliseconds: Int?) throws(NetbackError) {
        try operate { () throws(NetbackError) in try unloadPluginInOperation(within: milliseconds) }
    }

    func unloadPluginInOperation(within milliseconds: Int? = nil) throws(NetbackError) {
        guard lock.withLock({ plugin }) != nil else { throw .noPlugin }
        try withdrawAcceleration(lock.withLock { vifsInOrder }, within: milliseconds)
        try locked { () throws(NetbackError) in
            // A plugin that was found stuck meanwhile is gone by now.
            guard let old = plugin else { throw .noPlugin }
            try takeHotHooksAway(old)
            for vif in vifsInOrder { remove(vif, old) }
            old.detach()
            plugin = nil
            try forgetPlugin()
            logger.log(NetbackEvent.pluginUnloaded, ["plugin": "\(old.name)"])
        }
    }

    func setAcceleration(_ wanted: Bool, vif id: UInt32) {
        try? operate { () throws(NetbackError) in
            lock.withLock {
                guard let vif = vifs[id], vif.isWanted != wanted else { return }
                vif.isWanted = wanted
                tellWish(of: vif)
            }
        }
    }

    /// Tells the plugin whether the vif is to be accelerated. With the lock held.
    func tellWish(of vif: Vif) {
        let isWanted = vif.mayBeAccelerated
        if isWanted && vif.probed == nil { return introduce(vif) }
        try? withHotHooksAway { plugin in
            if let probed = vif.probed { plugin.want(isWanted, probed) }
        }
    }

    /// Asks the plugin to bring vifs back to the slow path as planned, and waits for it, for a while. What has not come back
    /// by then is taken away by force.
    func withdrawAcceleration(_ leaving: [Vif], within milliseconds: Int? = nil) throws(NetbackError) {
        try locked { () throws(NetbackError) in
            try withHotHooksAway { plugin in
                for vif in leaving {
                    if let probed = vif.probed { plugin.want(false, probed) }
                }
            }
        }
        let end = DispatchTime.now() + .milliseconds(milliseconds ?? configuration.withdrawalLimitMilliseconds)
        while DispatchTime.now() < end {
            let areAtRest = lock.withLock { plugin == nil || leaving.allSatisfy { $0.probed == nil || isAtRest($0) } }
            if areAtRest { return }
            usleep(1000)
        }
        logger.log(NetbackEvent.vifNotBack, ["netback": "\(configuration.name)"])
    }

    /// Whether the plugin uses nothing for the vif, as far as it says.
    func isAtRest(_ vif: Vif) -> Bool {
        switch directory.status(of: vif.id)?.state {
        case nil, .some(.none), .refused, .quarantined: true
        case .offered, .granted, .proving, .connected, .draining: false
        }
    }

    private var vifsInOrder: [Vif] { vifs.values.sorted { $0.id < $1.id } }

    /// Shows a vif to the plugin, if there is one. Nothing here can fail the vif.
    func introduce(_ vif: Vif) {
        try? withHotHooksAway { plugin in probe(vif, plugin) }
    }

    /// Makes the plugin let go of a vif.
    func removeFromPlugin(_ vif: Vif) throws(NetbackError) {
        if vif.probed == nil { return }
        try withHotHooksAway { plugin in remove(vif, plugin) }
    }

    private func probe(_ vif: Vif, _ plugin: LoadedPlugin) {
        vif.toldGeneration = 0
        vif.isToldConnected = false
        vif.probed = plugin.probe(vif.description)
        if let probed = vif.probed {
            // Nothing is offered to a guest that is not there yet.
            if vif.sharesNothing && !vif.presence.isThere { plugin.pathEvent(.guestDied, probed) }
            plugin.want(true, probed)
        } else if directory.status(of: vif.id) == nil {
            let reason = AccelerationReason(.noSteeringForm, "plugin \(plugin.name) refused the vif")
            directory.report(AccelerationStatus(state: .refused(reason), reason: reason), vif: vif.id)
        }
    }

    private func remove(_ vif: Vif, _ plugin: LoadedPlugin) {
        if let probed = vif.probed { plugin.remove(probed) }
        vif.probed = nil
        directory.forgetPlugin(vif.id)
    }

    /// Calls `body` while no hot hook runs, as the ABI promises to hooks that are not "alongside".
    func withHotHooksAway(_ body: (LoadedPlugin) -> Void) throws(NetbackError) {
        guard let plugin else { return }
        try takeHotHooksAway(plugin)
        body(plugin)
        hotHooks.store(plugin.word)
    }

    private func takeHotHooksAway(_ plugin: LoadedPlugin) throws(NetbackError) {
        hotHooks.store(0)
        if isLaneOutOfHooks() { return }
        leak(plugin)
        throw .pluginStuck(name: plugin.name)
    }

    /// Waits until the lane has begun a round since; false when it does not.
    private func isLaneOutOfHooks() -> Bool {
        laneQuiescence.synchronize(timeoutMilliseconds: CommandChannel.stuckAfterMilliseconds)
    }

    /// A hot hook does not return. Its memory, and that of its table, stay; no other hook of it is called.
    private func leak(_ stuck: LoadedPlugin) {
        Leaked.keep(stuck, host, vifs.values.compactMap(\.probed))
        plugin = nil
        let reason = AccelerationReason(.pluginRemoved, "plugin \(stuck.name) is stuck in a hook")
        for vif in vifs.values where vif.probed != nil {
            vif.probed = nil
            directory.report(AccelerationStatus(state: .refused(reason), reason: reason), vif: vif.id)
        }
        logger.log(NetbackEvent.pluginStuck, ["plugin": "\(stuck.name)"])
    }

    /// Undoes in the lane what the plugin asked for, so that the next one finds vifs at rest and gets no event of the last one.
    private func forgetPlugin() throws(NetbackError) {
        for vif in vifs.values {
            guard carryOut(LaneCommand(LaneCommand.Operation.reset, slot: vif.slot)) else { throw .laneStuck }
        }
        drainEvents()
    }
}
