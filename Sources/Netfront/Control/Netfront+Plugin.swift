// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
public import CViaductAccel
import DPDK
import Dataplane
import EventLog
import Foundation
import Logging
import Synchronization

/// A plugin that this device uses.
@safe
struct LoadedPlugin {
    let name: String
    /// What the lcore is shown.
    let binding: UnsafeMutablePointer<PluginBinding>

    /// Why a guest is not accelerated that has this plugin when it is stuck.
    var stuckReason: AccelerationReason { AccelerationReason(.pluginRemoved, "plugin \(name) is stuck in a hook") }
}

extension Netfront {
    /// Accelerates the device by that plugin from now on: early or late, with packets flowing.
    ///
    /// - Parameter hooks: must stay valid, and what they call must stay loaded, until ``unloadPlugin()`` returned.
    @unsafe
    public func loadPlugin(_ hooks: UnsafePointer<viaduct_frontend_hooks>) throws(NetfrontError) {
        lock.lock()
        defer { lock.unlock() }
        let version = unsafe hooks.pointee.api_version
        if version > UInt32(VIADUCT_ACCEL_API_VERSION) {
            throw .pluginTooNew(version: version, host: UInt32(VIADUCT_ACCEL_API_VERSION))
        }
        let size = unsafe hooks.pointee.size
        if unsafe version < UInt32(VIADUCT_ACCEL_API_OLDEST) || size < UInt32(MemoryLayout<viaduct_frontend_hooks>.size) {
            throw .pluginTooOld(version: version, oldest: UInt32(VIADUCT_ACCEL_API_OLDEST))
        }
        if let missing = unsafe Self.firstMissing(hooks) { throw .pluginInvalid("\(missing) is missing") }
        let name = unsafe String(cString: hooks.pointee.name)
        if let plugin { throw .pluginAlreadyLoaded(plugin.name) }
        // Its VI was never closed, so this device gets no other one.
        if let stuckPlugin { throw .pluginStuck(stuckPlugin.name) }
        var description = VifDescription(id: 0, name: configuration.name, mac: configuration.mac)
        description.mempool = pool.name
        var vif = description.c
        guard let state = unsafe hooks.pointee.new_device(hooks.pointee.plugin, &vif) else { throw .pluginRefused(name) }
        let binding = UnsafeMutablePointer<PluginBinding>.allocate(capacity: 1)
        unsafe binding.initialize(to: PluginBinding(hooks: hooks, device: state))
        plugin = unsafe LoadedPlugin(name: name, binding: binding)
        unsafe device.pointee.plugin.store(UInt(bitPattern: binding), ordering: .releasing)
        step(.available(.yes))
    }

    /// Everything behind the size is a pointer that must not be NULL, which a table written in C cannot promise.
    @unsafe
    private static func firstMissing(_ table: UnsafePointer<viaduct_frontend_hooks>) -> String? {
        let names = [
            "name", "plugin", "new_device", "remove", "suspend", "resume", "backend_changed", "poll", "transmit", "transmit_done",
            "clock", "arm_wakeup", "disarm_wakeup", "is_ready", "statistics",
        ]
        let start = unsafe MemoryLayout<viaduct_frontend_hooks>.offset(of: \.name) ?? 8
        for (place, name) in names.enumerated() {
            let word = unsafe UnsafeRawPointer(table).load(fromByteOffset: start + place * MemoryLayout<UInt>.size, as: UInt.self)
            if word == 0 { return name }
        }
        return nil
    }

    /// Takes the plugin away. A VI in use is given back as planned, without loss; after this returned no hook is called again.
    ///
    /// - Throws: `pluginStuck` when a hook does not return. Then no other hook is called any more either, `remove` included; the
    ///   plugin's VI stays open, and the device on the slow path for good.
    public func unloadPlugin() throws(NetfrontError) {
        lock.withLock { step(.available(.no(AccelerationReason(.pluginRemoved)))) }
        let isIdle = wait(milliseconds: Int(configuration.limits.withdrawal / 1_000_000)) { $0.machine.isIdle }
        lock.lock()
        defer { lock.unlock() }
        if let stuckPlugin { throw .pluginStuck(stuckPlugin.name) }
        guard let name = plugin?.name else { return }
        if !isIdle { logger.log(NetfrontEvent.pluginHurried, ["guest": "\(configuration.name)", "plugin": "\(name)"]) }
        if !dropPlugin() { throw .pluginStuck(name) }
    }

    /// Takes the hooks away and lets the plugin go; false when it is stuck.
    @discardableResult
    func dropPlugin() -> Bool {
        guard let plugin else { return true }
        unsafe device.pointee.plugin.store(0, ordering: .releasing)
        guard group.synchronize() else {
            leak(plugin)
            return false
        }
        unsafe keepStatistics(plugin.binding.pointee)
        unsafe plugin.binding.pointee.hooks.pointee.remove(plugin.binding.pointee.device)
        unsafe plugin.binding.deallocate()
        self.plugin = nil
        return true
    }

    /// Runs `body` while no lcore is inside a hook of the plugin, or can get there; false, without running it, when one is stuck.
    @unsafe
    func withoutHotHooks(_ body: (PluginBinding) -> Void) -> Bool {
        guard let plugin else { return true }
        unsafe device.pointee.plugin.store(0, ordering: .releasing)
        guard group.synchronize() else {
            leak(plugin)
            return false
        }
        unsafe body(plugin.binding.pointee)
        unsafe device.pointee.plugin.store(UInt(bitPattern: plugin.binding), ordering: .releasing)
        return true
    }

    /// A hot hook does not return: the plugin keeps what it has, and is not called again when it does return.
    private func leak(_ stuck: LoadedPlugin) {
        plugin = nil
        stuckPlugin = stuck
        logger.log(NetfrontEvent.pluginStuck, ["guest": "\(configuration.name)", "plugin": "\(stuck.name)"])
        step(.available(.no(stuck.stuckReason)))
    }

    /// The plugin's last words: totals go on over its removal.
    private func keepStatistics(_ binding: PluginBinding) {
        var last = viaduct_path_statistics()
        unsafe binding.hooks.pointee.statistics(binding.device, &last)
        retired = retired.adding(last)
    }

    /// What the plugins of this device moved so far, in their own count.
    public var pluginStatistics: viaduct_path_statistics {
        lock.withLock {
            guard let plugin else { return retired }
            var current = viaduct_path_statistics()
            unsafe plugin.binding.pointee.hooks.pointee.statistics(plugin.binding.pointee.device, &current)
            return retired.adding(current)
        }
    }
}

extension viaduct_path_statistics {
    func adding(_ other: viaduct_path_statistics) -> viaduct_path_statistics {
        viaduct_path_statistics(
            rx_packets: rx_packets &+ other.rx_packets, rx_bytes: rx_bytes &+ other.rx_bytes,
            tx_packets: tx_packets &+ other.tx_packets, tx_bytes: tx_bytes &+ other.tx_bytes,
            tx_busy: tx_busy &+ other.tx_busy, rx_dropped: rx_dropped &+ other.rx_dropped)
    }
}
