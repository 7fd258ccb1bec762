// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
public import CViaductAccel

/// Both halves of a plugin that accelerates nothing and says which of its hooks are called: the template for plugin authors.
///
/// Read the files in this order: `DummyBackend`, `DummyFrontend`, `DummyFrontend+Hooks`, then this one, which makes the tables.
/// Keep the object until both hosts have let go of their plugin.
@safe
public final class DummyAccelerator: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): set up once, then only read; the journal has a lock.
    private let journal: DummyJournal
    private let backend: BackendHooks
    private let frontend: UnsafeMutablePointer<viaduct_frontend_hooks>
    private let hot: UnsafeMutablePointer<DummyCalls>
    private let name: UnsafeMutablePointer<CChar>

    /// - Parameter sink: takes one line, such as `dummy frontend: poll`, the first time that a hook is called. Called on
    ///   control-plane threads.
    public init(sink: @escaping @Sendable (String) -> Void) {
        journal = DummyJournal(sink: sink)
        unsafe hot = .allocate(capacity: 1)
        unsafe hot.initialize(to: journal.calls)
        unsafe backend = BackendHooks(
            name: "dummy", accelerator: DummyBackend(journal: journal), hot: UnsafeMutableRawPointer(hot),
            receivedFromWire: dummyReceivedFromWire, transmittedToWire: dummyTransmittedToWire)
        let characters = Array("dummy".utf8CString)
        unsafe name = .allocate(capacity: characters.count)
        for (index, character) in characters.enumerated() { unsafe (name + index).initialize(to: character) }
        unsafe frontend = .allocate(capacity: 1)
        // The version that this file was written for, and the size of the table then, tell an older or newer host what it has.
        unsafe frontend.initialize(
            to: viaduct_frontend_hooks(
                api_version: UInt32(VIADUCT_ACCEL_API_VERSION), size: UInt32(MemoryLayout<viaduct_frontend_hooks>.size),
                name: name, plugin: Unmanaged.passUnretained(journal).toOpaque(), new_device: dummyNewDevice,
                remove: dummyRemove, suspend: dummySuspend, resume: dummyResume, backend_changed: dummyBackendChanged,
                poll: dummyPoll, transmit: dummyTransmit, transmit_done: dummyTransmitDone, clock: dummyClock,
                arm_wakeup: dummyArmWakeup, disarm_wakeup: dummyDisarmWakeup, is_ready: dummyIsReady,
                statistics: dummyStatistics))
    }

    deinit {
        unsafe frontend.deallocate()
        unsafe hot.deallocate()
        unsafe name.deallocate()
    }

    /// What netback loads.
    @unsafe public var backendHooks: UnsafePointer<viaduct_backend_hooks> { unsafe backend.table }
    /// What netfront loads.
    @unsafe public var frontendHooks: UnsafePointer<viaduct_frontend_hooks> { unsafe UnsafePointer(frontend) }

    /// How often each hook was called so far, in the order of the tables.
    public var calls: [(name: String, count: UInt64)] {
        DummyHook.allCases.map { ($0.name, journal.calls[$0]) }
    }

    public func calls(of hook: DummyHook) -> UInt64 { journal.calls[hook] }

    /// Prints the hooks that were called and not printed yet: the hot ones, which can't do it themselves. Each call of a
    /// control-plane hook does the same.
    public func report() { journal.report() }
}
