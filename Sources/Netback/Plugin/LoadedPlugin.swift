// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import Wire

/// A plugin that netback hosts: a copy of its table of hooks. All calls come from the control plane, one at a time.
@safe
final class LoadedPlugin {
    let name: String
    private let hooks: UnsafeMutablePointer<viaduct_backend_hooks>

    /// Checks the table by the version rule of `viaduct_accel.h`, and takes a copy.
    @unsafe
    init(_ table: UnsafePointer<viaduct_backend_hooks>) throws(NetbackError) {
        let version = unsafe table.pointee.api_version
        if version > UInt32(VIADUCT_ACCEL_API_VERSION) {
            throw .pluginTooNew(plugin: version, host: UInt32(VIADUCT_ACCEL_API_VERSION))
        }
        if version < UInt32(VIADUCT_ACCEL_API_OLDEST) {
            throw .pluginTooOld(plugin: version, oldest: UInt32(VIADUCT_ACCEL_API_OLDEST))
        }
        let size = unsafe Int(table.pointee.size)
        let known = unsafe MemoryLayout<viaduct_backend_hooks>.size
        guard size >= known else { throw .pluginInvalid("it has \(size) bytes, this version has \(known)") }
        if let missing = unsafe Self.firstMissing(table) { throw .pluginInvalid("\(missing) is missing") }
        unsafe hooks = .allocate(capacity: 1)
        unsafe hooks.initialize(to: table.pointee)
        unsafe name = String(cString: hooks.pointee.name)
    }

    deinit { unsafe hooks.deallocate() }

    /// Everything behind the size is a pointer that must not be NULL, which a table written in C cannot promise.
    @unsafe
    private static func firstMissing(_ table: UnsafePointer<viaduct_backend_hooks>) -> String? {
        let names = [
            "name", "plugin", "attach", "detach", "probe", "remove", "want", "received_from_wire", "transmitted_to_wire",
            "control_message", "path_event", "local_addresses", "port_suspended", "port_resumed", "link_changed", "tick",
        ]
        let start = unsafe MemoryLayout<viaduct_backend_hooks>.offset(of: \.name) ?? 8
        for (place, name) in names.enumerated() {
            let word = unsafe UnsafeRawPointer(table).load(fromByteOffset: start + place * MemoryLayout<UInt>.size, as: UInt.self)
            if word == 0 { return name }
        }
        return nil
    }

    /// The table's address, for the lane.
    var word: UInt64 { unsafe UInt64(UInt(bitPattern: hooks)) }

    private var plugin: UnsafeMutableRawPointer { unsafe hooks.pointee.plugin }

    func attach(_ host: PluginHost) -> Int32 { unsafe hooks.pointee.attach(plugin, host.table) }
    func detach() { unsafe hooks.pointee.detach(plugin) }

    /// A plugin's state for one vif.
    @safe
    struct Probed {
        fileprivate let state: UnsafeMutableRawPointer
    }

    /// nil when the plugin refuses the vif.
    func probe(_ vif: VifDescription) -> Probed? {
        var description = vif.c
        return unsafe hooks.pointee.probe(plugin, &description).map { unsafe Probed(state: $0) }
    }

    func remove(_ vif: Probed) { unsafe hooks.pointee.remove(vif.state) }
    func want(_ wanted: Bool, _ vif: Probed) { unsafe hooks.pointee.want(vif.state, wanted) }

    /// Empty when the frontend broke the rules of the link, which the plugin takes for a violation.
    func controlMessage(_ bytes: [UInt8], _ vif: Probed) {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count + 1) { buffer in
            guard let base = buffer.baseAddress else { return }
            for (index, byte) in bytes.enumerated() { unsafe buffer[index] = byte }
            unsafe hooks.pointee.control_message(vif.state, base, bytes.count)
        }
    }

    func pathEvent(_ event: PathEvent, _ vif: Probed) {
        let c = event.c
        unsafe hooks.pointee.path_event(vif.state, c.event, c.argument)
    }

    func localAddresses(_ addresses: [MACAddress], generation: UInt64) {
        let words = addresses.map(\.rawValue) + [0]
        unsafe words.withUnsafeBufferPointer { buffer in
            unsafe hooks.pointee.local_addresses(plugin, generation, buffer.baseAddress!, addresses.count)
        }
    }

    func portSuspended() { unsafe hooks.pointee.port_suspended(plugin) }
    func portResumed() { unsafe hooks.pointee.port_resumed(plugin) }
    func linkChanged(isUp: Bool) { unsafe hooks.pointee.link_changed(plugin, isUp) }
    func tick(now: UInt64) { unsafe hooks.pointee.tick(plugin, now) }
}
