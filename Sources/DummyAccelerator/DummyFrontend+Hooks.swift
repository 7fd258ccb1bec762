// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK

// The frontend's hooks as C functions. A C function pointer can't be made from a generic function, so each plugin writes these
// lines for its own type; `@c` gives them C's calling convention, and `@_noLocks` lets the compiler refuse a hot one that locks,
// allocates or counts references, in whatever it calls. The names in `@c(…)` are symbols of the whole process: give them a prefix.

/// What `device` points at: made by `_newDevice`, freed by `_remove`.
@_noLocks
private func frontend(_ device: UnsafeMutableRawPointer) -> UnsafeMutablePointer<DummyFrontend> {
    unsafe device.assumingMemoryBound(to: DummyFrontend.self)
}

// MARK: Control plane

@c(viaduct_dummy_new_device)
func dummyNewDevice(_ plugin: UnsafeMutableRawPointer, _ vif: UnsafePointer<viaduct_vif>) -> UnsafeMutableRawPointer? {
    // `plugin` is whatever the table says: here the journal, which the plugin's object keeps alive.
    let journal = unsafe Unmanaged<DummyJournal>.fromOpaque(plugin).takeUnretainedValue()
    journal.called(.newDevice)
    guard let device = unsafe DummyFrontend._newDevice(vif) else { return nil }
    unsafe frontend(device).pointee.calls = journal.calls
    unsafe frontend(device).pointee.journal = journal
    return unsafe device
}

@c(viaduct_dummy_remove)
func dummyRemove(_ device: UnsafeMutableRawPointer) {
    unsafe frontend(device).pointee.journal?.called(.removeDevice)
    // No hook of this device is called again, so its memory may go.
    unsafe DummyFrontend._remove(device)
}

@c(viaduct_dummy_suspend)
func dummySuspend(_ device: UnsafeMutableRawPointer) {
    unsafe frontend(device).pointee.journal?.called(.suspend)
    unsafe DummyFrontend._suspend(device)
}

@c(viaduct_dummy_resume)
func dummyResume(_ device: UnsafeMutableRawPointer) {
    unsafe frontend(device).pointee.journal?.called(.resume)
    unsafe DummyFrontend._resume(device)
}

@c(viaduct_dummy_backend_changed)
func dummyBackendChanged(_ device: UnsafeMutableRawPointer, _ grant: UnsafePointer<viaduct_grant>?) -> Int32 {
    unsafe frontend(device).pointee.journal?.called(.backendChanged)
    // Turns the error of `open` into -errno.
    return unsafe DummyFrontend._backendChanged(device, grant)
}

@c(viaduct_dummy_statistics)
func dummyStatistics(_ device: UnsafeMutableRawPointer, _ statistics: UnsafeMutablePointer<viaduct_path_statistics>) {
    unsafe frontend(device).pointee.journal?.called(.frontendStatistics)
    unsafe DummyFrontend._statistics(device, statistics)
}

// MARK: Hot

@c(viaduct_dummy_poll) @_noLocks
func dummyPoll(
    _ device: UnsafeMutableRawPointer, _ mbufs: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ capacity: UInt16
) -> UInt16 {
    let burst = unsafe BorrowedBurst(UnsafeMutableRawPointer(mbufs), count: capacity)
    return unsafe UInt16(truncatingIfNeeded: frontend(device).pointee.poll(into: burst))
}

@c(viaduct_dummy_transmit) @_noLocks
func dummyTransmit(
    _ device: UnsafeMutableRawPointer, _ mbufs: UnsafeMutablePointer<UnsafeMutableRawPointer?>,
    _ verdicts: UnsafeMutablePointer<UInt8>, _ count: UInt16
) {
    let burst = unsafe BorrowedBurst(UnsafeMutableRawPointer(mbufs), count: count)
    unsafe frontend(device).pointee.transmit(burst, verdicts: Verdicts(verdicts, count: count))
}

@c(viaduct_dummy_transmit_done) @_noLocks
func dummyTransmitDone(_ device: UnsafeMutableRawPointer) -> Int32 {
    guard let isDone = unsafe frontend(device).pointee.isTransmitDone() else { return -95 }
    return isDone ? 1 : 0
}

@c(viaduct_dummy_clock) @_noLocks
func dummyClock(_ device: UnsafeMutableRawPointer) -> UInt64 { unsafe frontend(device).pointee.clock() }

@c(viaduct_dummy_arm_wakeup) @_noLocks
func dummyArmWakeup(_ device: UnsafeMutableRawPointer) -> Bool { unsafe frontend(device).pointee.armWakeup() }

@c(viaduct_dummy_disarm_wakeup) @_noLocks
func dummyDisarmWakeup(_ device: UnsafeMutableRawPointer) { unsafe frontend(device).pointee.disarmWakeup() }

@c(viaduct_dummy_is_ready) @_noLocks
func dummyIsReady(_ device: UnsafeMutableRawPointer) -> Bool { unsafe frontend(device).pointee.isReady }
