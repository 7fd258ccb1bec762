// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
public import CViaductAccel
import DPDK

/// The accelerated frontend as a plugin: owns the table of hooks to load into netfronts.
///
/// Keep it until every netfront that it was loaded into has unloaded it.
@safe
public final class AcceleratedFrontendPlugin: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the table never changes.
    @unsafe public let hooks: UnsafePointer<viaduct_frontend_hooks>

    public init() {
        let table = UnsafeMutablePointer<viaduct_frontend_hooks>.allocate(capacity: 1)
        let name: StaticString = "accelerated"
        unsafe table.initialize(
            to: viaduct_frontend_hooks(
                api_version: UInt32(VIADUCT_ACCEL_API_VERSION), size: UInt32(MemoryLayout<viaduct_frontend_hooks>.size),
                name: UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self),
                plugin: UnsafeMutableRawPointer(table), new_device: acceleratedFrontendNewDevice,
                remove: acceleratedFrontendRemove, suspend: acceleratedFrontendSuspend, resume: acceleratedFrontendResume,
                backend_changed: acceleratedFrontendBackendChanged, poll: acceleratedFrontendPoll,
                transmit: acceleratedFrontendTransmit, transmit_done: acceleratedFrontendTransmitDone,
                clock: acceleratedFrontendClock, arm_wakeup: acceleratedFrontendArmWakeup,
                disarm_wakeup: acceleratedFrontendDisarmWakeup, is_ready: acceleratedFrontendIsReady,
                statistics: acceleratedFrontendStatistics))
        unsafe hooks = UnsafePointer(table)
    }

    deinit { unsafe hooks.deallocate() }
}

// One line a hook: Swift can form C functions from these and not from the generic bodies, and the compiler checks the hot ones.

@c func acceleratedFrontendNewDevice(
    _ plugin: UnsafeMutableRawPointer, _ vif: UnsafePointer<viaduct_vif>
) -> UnsafeMutableRawPointer? { unsafe AcceleratedFrontend._newDevice(vif) }
@c func acceleratedFrontendRemove(_ device: UnsafeMutableRawPointer) { unsafe AcceleratedFrontend._remove(device) }
@c func acceleratedFrontendSuspend(_ device: UnsafeMutableRawPointer) { unsafe AcceleratedFrontend._suspend(device) }
@c func acceleratedFrontendResume(_ device: UnsafeMutableRawPointer) { unsafe AcceleratedFrontend._resume(device) }
@c func acceleratedFrontendBackendChanged(
    _ device: UnsafeMutableRawPointer, _ grant: UnsafePointer<viaduct_grant>?
) -> Int32 { unsafe AcceleratedFrontend._backendChanged(device, grant) }
@c func acceleratedFrontendStatistics(
    _ device: UnsafeMutableRawPointer, _ statistics: UnsafeMutablePointer<viaduct_path_statistics>
) { unsafe AcceleratedFrontend._statistics(device, statistics) }

@inline(__always) @_noLocks
private func state(_ device: UnsafeMutableRawPointer) -> UnsafeMutablePointer<AcceleratedFrontend> {
    unsafe device.assumingMemoryBound(to: AcceleratedFrontend.self)
}

@c @_noLocks func acceleratedFrontendPoll(
    _ device: UnsafeMutableRawPointer, _ mbufs: viaduct_mbufs, _ capacity: UInt16
) -> UInt16 {
    unsafe UInt16(
        truncatingIfNeeded: state(device).pointee.poll(into: BorrowedBurst(UnsafeMutableRawPointer(mbufs), count: capacity)))
}
@c @_noLocks func acceleratedFrontendTransmit(
    _ device: UnsafeMutableRawPointer, _ mbufs: viaduct_mbufs, _ verdicts: UnsafeMutablePointer<UInt8>, _ count: UInt16
) {
    unsafe state(device).pointee.transmit(
        BorrowedBurst(UnsafeMutableRawPointer(mbufs), count: count), verdicts: Verdicts(verdicts, count: count))
}
@c @_noLocks func acceleratedFrontendTransmitDone(_ device: UnsafeMutableRawPointer) -> Int32 {
    guard let isDone = unsafe state(device).pointee.isTransmitDone() else { return -95 }
    return isDone ? 1 : 0
}
@c @_noLocks func acceleratedFrontendClock(_ device: UnsafeMutableRawPointer) -> UInt64 { unsafe state(device).pointee.clock() }
@c @_noLocks func acceleratedFrontendArmWakeup(_ device: UnsafeMutableRawPointer) -> Bool {
    unsafe state(device).pointee.armWakeup()
}
@c @_noLocks func acceleratedFrontendDisarmWakeup(_ device: UnsafeMutableRawPointer) {
    unsafe state(device).pointee.disarmWakeup()
}
@c @_noLocks func acceleratedFrontendIsReady(_ device: UnsafeMutableRawPointer) -> Bool { unsafe state(device).pointee.isReady }
