// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import Foundation
import Synchronization
import Wire

/// A backend plugin that writes down what it is told, and counts in its hot hooks.
@safe
final class CountingPlugin: BackendAccelerator, @unchecked Sendable {
    enum Call: Equatable {
        case attach
        case detach
        case probe(UInt32)
        case remove(UInt32)
        case want(UInt32, Bool)
        case message(UInt32, [UInt8])
        case event(UInt32, PathEvent)
        case localAddresses(UInt64, [MACAddress])
        case linkChanged(Bool)
    }

    /// What the hot hooks work on.
    struct Hot: ~Copyable {
        let received = Atomic<UInt64>(0)
        let transmitted = Atomic<UInt64>(0)
        /// Calls after the plugin was to be out of service.
        let late = Atomic<UInt64>(0)
        let isGone = Atomic<Bool>(false)
        /// Keeps a hot hook from returning.
        let isBlocked = Atomic<Bool>(false)
    }

    private let lock = NSLock()
    private var journal: [Call] = []
    private var ticksSoFar = 0
    private var table: BackendHost?
    private var refused: Set<String> = []
    private var task: (tick: Int, body: () -> Void)?
    private var reportsWhenWanted: AccelerationStatus?
    private var reportsWhenUnwanted: AccelerationStatus?
    let hot: UnsafeMutablePointer<Hot>

    init() {
        unsafe hot = .allocate(capacity: 1)
        unsafe hot.initialize(to: Hot())
    }

    deinit {
        unsafe hot.deinitialize(count: 1)
        unsafe hot.deallocate()
    }

    /// The table that netback loads. Keep it as long as the plugin is loaded.
    func makeHooks(version: UInt32 = UInt32(VIADUCT_ACCEL_API_VERSION)) -> BackendHooks {
        unsafe BackendHooks(
            name: "counting", accelerator: self, hot: UnsafeMutableRawPointer(hot), receivedFromWire: counting_received,
            transmittedToWire: counting_transmitted, version: version)
    }

    var calls: [Call] { lock.withLock { journal } }
    var ticks: Int { lock.withLock { ticksSoFar } }
    var host: BackendHost { lock.withLock { table! } }
    var received: UInt64 { unsafe hot.pointee.received.load(ordering: .acquiring) }
    var transmitted: UInt64 { unsafe hot.pointee.transmitted.load(ordering: .acquiring) }
    var lateCalls: UInt64 { unsafe hot.pointee.late.load(ordering: .acquiring) }

    func markGone() { unsafe hot.pointee.isGone.store(true, ordering: .sequentiallyConsistent) }
    func setBlocked(_ blocked: Bool) { unsafe hot.pointee.isBlocked.store(blocked, ordering: .sequentiallyConsistent) }
    func refuse(_ name: String) { lock.withLock { _ = refused.insert(name) } }
    /// What is reported when acceleration of a vif is wanted, and when it is not any more.
    func reportWhenWanted(_ wanted: AccelerationStatus, unwanted: AccelerationStatus) {
        lock.withLock { (reportsWhenWanted, reportsWhenUnwanted) = (wanted, unwanted) }
    }

    /// Forgets what was written down: a leak checker does not see that a plugin that was leaked still holds it.
    func clearCalls() { lock.withLock { journal = [] } }

    /// Does something inside a later tick.
    func atTick(_ tick: Int, _ body: @escaping () -> Void) { lock.withLock { task = (tick, body) } }

    func events(of vif: UInt32) -> [PathEvent] {
        calls.compactMap { if case .event(vif, let event) = $0 { event } else { nil } }
    }
    func count(_ call: Call) -> Int { calls.filter { $0 == call }.count }
    var newestLocalAddresses: [MACAddress]? {
        calls.reduce(nil) { if case .localAddresses(_, let set) = $1 { set } else { $0 } }
    }

    private func note(_ call: Call) { lock.withLock { journal.append(call) } }

    func attach(_ host: BackendHost) {
        lock.withLock { table = host }
        note(.attach)
    }
    func detach() { note(.detach) }
    func probe(_ vif: VifDescription) -> Bool {
        note(.probe(vif.id))
        return lock.withLock { !refused.contains(vif.name) }
    }
    func remove(vif: UInt32) { note(.remove(vif)) }
    func want(_ wanted: Bool, vif: UInt32) {
        note(.want(vif, wanted))
        let status = lock.withLock { wanted ? reportsWhenWanted : reportsWhenUnwanted }
        if let status { host.report(status, vif: vif) }
    }
    func controlMessage(_ bytes: [UInt8], vif: UInt32) { note(.message(vif, bytes)) }
    func pathEvent(_ event: PathEvent, vif: UInt32) { note(.event(vif, event)) }
    func localAddresses(_ addresses: [MACAddress], generation: UInt64) { note(.localAddresses(generation, addresses)) }
    func portSuspended() {}
    func portResumed() {}
    func linkChanged(isUp: Bool) { note(.linkChanged(isUp)) }
    func tick(now: UInt64) {
        let due: (() -> Void)? = lock.withLock {
            ticksSoFar += 1
            return task?.tick == ticksSoFar ? task?.body : nil
        }
        due?()
    }
}

@c @_noLocks
func counting_received(
    _ plugin: UnsafeMutableRawPointer, _ mbufs: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ count: UInt16
) {
    let hot = unsafe HotContext.of(plugin).assumingMemoryBound(to: CountingPlugin.Hot.self)
    unsafe hot.pointee.received.wrappingAdd(UInt64(count), ordering: .relaxed)
    if unsafe hot.pointee.isGone.load(ordering: .acquiring) { unsafe hot.pointee.late.wrappingAdd(1, ordering: .relaxed) }
    while unsafe hot.pointee.isBlocked.load(ordering: .acquiring) {}
}

@c @_noLocks
func counting_transmitted(
    _ plugin: UnsafeMutableRawPointer, _ mbufs: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ count: UInt16
) {
    let hot = unsafe HotContext.of(plugin).assumingMemoryBound(to: CountingPlugin.Hot.self)
    unsafe hot.pointee.transmitted.wrappingAdd(UInt64(count), ordering: .relaxed)
    if unsafe hot.pointee.isGone.load(ordering: .acquiring) { unsafe hot.pointee.late.wrappingAdd(1, ordering: .relaxed) }
}
