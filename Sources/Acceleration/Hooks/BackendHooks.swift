// SPDX-License-Identifier: BSD-3-Clause
public import CViaductAccel
import Wire

/// The hooks table of a backend plugin written in Swift: all hooks but the two hot ones call a ``BackendAccelerator``.
///
/// The hot ones are C functions of the plugin's own, marked `@c @_noLocks`, so that the compiler checks them; they find what they
/// work on with ``HotContext/of(_:)``. Keep this object until the host let go of the plugin.
@safe
public final class BackendHooks: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): set up once, then only read.

    /// Looks at a burst: the hook's `plugin`, the slots, how many there are.
    public typealias Look =
        @convention(c) (UnsafeMutableRawPointer, UnsafeMutablePointer<UnsafeMutableRawPointer?>, UInt16) -> Void

    /// What a host calls; valid as long as this object.
    @unsafe public var table: UnsafePointer<viaduct_backend_hooks> { unsafe UnsafePointer(hooks) }

    private let hooks: UnsafeMutablePointer<viaduct_backend_hooks>
    private let context: UnsafeMutablePointer<PluginContext>
    private let name: UnsafeMutablePointer<CChar>

    /// - Parameters:
    ///   - name: for logs and status; unique among a host's plugins.
    ///   - hot: what the hot hooks work on; outlives this object.
    @unsafe
    public init(
        name: String, accelerator: any BackendAccelerator, hot: UnsafeMutableRawPointer, receivedFromWire: @escaping Look,
        transmittedToWire: @escaping Look, version: UInt32 = UInt32(VIADUCT_ACCEL_API_VERSION)
    ) {
        let characters = Array(name.utf8CString)
        unsafe self.name = .allocate(capacity: characters.count)
        for (index, character) in characters.enumerated() { unsafe (self.name + index).initialize(to: character) }
        unsafe context = .allocate(capacity: 1)
        unsafe context.initialize(to: PluginContext(hot: hot, accelerator: accelerator))
        unsafe hooks = .allocate(capacity: 1)
        unsafe hooks.initialize(
            to: viaduct_backend_hooks(
                api_version: version, size: UInt32(MemoryLayout<viaduct_backend_hooks>.size), name: self.name,
                plugin: context, attach: attach, detach: detach, probe: probe, remove: remove, want: want,
                received_from_wire: receivedFromWire, transmitted_to_wire: transmittedToWire,
                control_message: controlMessage, path_event: pathEvent, local_addresses: localAddresses,
                port_suspended: portSuspended, port_resumed: portResumed, link_changed: linkChanged, tick: tick))
    }

    deinit {
        unsafe hooks.deallocate()
        unsafe context.deinitialize(count: 1)
        unsafe context.deallocate()
        unsafe name.deallocate()
    }
}

/// How the hot hooks find what they work on. Not part of the class, whose metadata hot code must not ask for.
public enum HotContext {
    /// The `hot` that the table of hooks was made with, by the `plugin` that a hook gets.
    @inlinable @inline(always) @_noLocks
    @unsafe public static func of(_ plugin: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        // The first field of PluginContext.
        unsafe plugin.load(as: UnsafeMutableRawPointer.self)
    }
}

/// What the hooks' `plugin` points at.
@safe
private struct PluginContext {
    let hot: UnsafeMutableRawPointer
    let accelerator: any BackendAccelerator

    static func accelerator(_ plugin: UnsafeMutableRawPointer) -> any BackendAccelerator {
        unsafe plugin.assumingMemoryBound(to: PluginContext.self).pointee.accelerator
    }
}

/// What the hooks' `vif` points at: made by `probe`, freed by `remove`.
private struct VifContext {
    let accelerator: any BackendAccelerator
    let id: UInt32

    static func at(_ vif: UnsafeMutableRawPointer) -> VifContext {
        unsafe vif.assumingMemoryBound(to: VifContext.self).pointee
    }
}

private func attach(_ plugin: UnsafeMutableRawPointer, _ host: UnsafePointer<viaduct_backend_host>) -> Int32 {
    unsafe PluginContext.accelerator(plugin).attach(BackendHost(host))
    return 0
}

private func detach(_ plugin: UnsafeMutableRawPointer) { unsafe PluginContext.accelerator(plugin).detach() }

private func probe(_ plugin: UnsafeMutableRawPointer, _ vif: UnsafePointer<viaduct_vif>) -> UnsafeMutableRawPointer? {
    let accelerator = unsafe PluginContext.accelerator(plugin)
    let description = unsafe VifDescription(vif.pointee)
    guard accelerator.probe(description) else { return nil }
    let context = UnsafeMutablePointer<VifContext>.allocate(capacity: 1)
    unsafe context.initialize(to: VifContext(accelerator: accelerator, id: description.id))
    return UnsafeMutableRawPointer(context)
}

private func remove(_ vif: UnsafeMutableRawPointer) {
    let context = unsafe vif.assumingMemoryBound(to: VifContext.self)
    unsafe context.pointee.accelerator.remove(vif: context.pointee.id)
    unsafe context.deinitialize(count: 1)
    unsafe context.deallocate()
}

private func want(_ vif: UnsafeMutableRawPointer, _ wanted: Bool) {
    let context = unsafe VifContext.at(vif)
    context.accelerator.want(wanted, vif: context.id)
}

private func controlMessage(_ vif: UnsafeMutableRawPointer, _ bytes: UnsafePointer<UInt8>, _ length: Int) {
    let context = unsafe VifContext.at(vif)
    // One octet too many is enough to see that a message is too long.
    let count = min(length, ControlProtocol.maximumMessageLength + 1)
    context.accelerator.controlMessage(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)), vif: context.id)
}

private func pathEvent(_ vif: UnsafeMutableRawPointer, _ event: UInt32, _ argument: UInt64) {
    guard let known = PathEvent(event, argument: argument) else { return }
    let context = unsafe VifContext.at(vif)
    context.accelerator.pathEvent(known, vif: context.id)
}

private func localAddresses(
    _ plugin: UnsafeMutableRawPointer, _ generation: UInt64, _ macs: UnsafePointer<UInt64>, _ count: Int
) {
    let addresses = unsafe UnsafeBufferPointer(start: macs, count: count).map { MACAddress(rawValue: $0) }
    unsafe PluginContext.accelerator(plugin).localAddresses(addresses, generation: generation)
}

private func portSuspended(_ plugin: UnsafeMutableRawPointer) { unsafe PluginContext.accelerator(plugin).portSuspended() }

private func portResumed(_ plugin: UnsafeMutableRawPointer) { unsafe PluginContext.accelerator(plugin).portResumed() }

private func linkChanged(_ plugin: UnsafeMutableRawPointer, _ isUp: Bool) {
    unsafe PluginContext.accelerator(plugin).linkChanged(isUp: isUp)
}

private func tick(_ plugin: UnsafeMutableRawPointer, _ now: UInt64) {
    unsafe PluginContext.accelerator(plugin).tick(now: now)
}
