// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK
import Logging
import Testing
import Wire

@testable import AcceleratedBackend

/// A backend between a fake netback, a scripted flow engine and frontends that answer as honest ones do, driven through its hooks.
@safe
final class BackendRig {
    let host: FakeHost
    let programmer = ScriptedProgrammer()
    let backend: AcceleratedBackend
    private let plugin: AcceleratedBackendPlugin
    private let hooks: UnsafePointer<viaduct_backend_hooks>
    private var states: [UInt32: UnsafeMutableRawPointer] = unsafe [:]
    private var macs: [UInt32: MACAddress] = [:]
    /// VIs that a frontend has open, by grant.
    private(set) var open: Set<UInt32> = []
    private(set) var grants: [UInt32: [UInt32]] = [:]
    /// What each offer said of the stash.
    private(set) var stashes: [UInt32: [UInt32]] = [:]
    /// Frontends that say nothing.
    var silent: Set<UInt32> = []
    /// The newest version that frontends speak.
    var frontendVersion = ControlProtocol.flowVersion
    /// Fences do not come to frontends.
    var keepsFences = false
    /// The numbers of each vif's flows, by port.
    private(set) var flowIDs: [UInt32: [UInt16: UInt32]] = [:]
    /// Batches that remove flows, by sequence.
    private var draining: Set<UInt32> = []

    static let settle: UInt64 = 500_000

    init(
        driver: String = "net_ring", device: UInt16? = nil, mac: UInt64 = 0, queues: Int = 2, hasPools: Bool = false,
        software: [VirtualInterface] = [], host: FakeHost = FakeHost(),
        attaches: Bool = true, configure: (inout AcceleratedBackendConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = AcceleratedBackendConfiguration()
        configuration.limits.reoffer = 0
        configure(&configuration)
        self.host = host
        let hardware = (0..<queues).map { index in
            let queue = UInt16(index + 1)
            return VirtualInterface(
                queuePair: QueuePair(
                    port: PortID(rawValue: 0), receiveQueue: queue, transmitQueue: queue, transmitDescriptors: 1024),
                mempool: "vi\(queue)", pool: hasPools ? index + 1 : nil)
        }
        backend = try AcceleratedBackend(
            configuration: configuration, driver: driver, device: device, mac: mac, programmer: programmer,
            virtualInterfaces: hardware + software, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        plugin = AcceleratedBackendPlugin(backend)
        unsafe hooks = plugin.hooks
        if attaches { attach() }
    }

    /// Netback's clock, which began long before the plugin was loaded.
    private(set) var now: UInt64 = 5_000_000_000_000

    deinit {
        for unsafe(_, state) in unsafe states { unsafe hooks.pointee.remove(state) }
        unsafe hooks.pointee.detach(hooks.pointee.plugin)
    }

    /// - Parameter ticks: whether the first tick follows at once.
    func attach(ticks: Bool = true) {
        unsafe _ = hooks.pointee.attach(hooks.pointee.plugin, host.table)
        if ticks { tick() }
    }

    func detach() { unsafe hooks.pointee.detach(hooks.pointee.plugin) }

    // MARK: What netback does

    @discardableResult
    func add(_ vif: UInt32, mac: UInt64? = nil, vlan: UInt16? = nil, wanted: Bool = true) -> Bool {
        let mac = MACAddress(rawValue: mac ?? 0x0200_0000_0000 + UInt64(vif))
        var description = VifDescription(id: vif, name: "vif\(vif)", mac: mac, vlan: vlan).c
        guard let state = unsafe hooks.pointee.probe(hooks.pointee.plugin, &description) else { return false }
        unsafe states[vif] = state
        macs[vif] = mac
        if wanted { want(true, vif) }
        return true
    }

    func remove(_ vif: UInt32) {
        guard let state = unsafe states.removeValue(forKey: vif) else { return }
        unsafe hooks.pointee.remove(state)
    }

    func want(_ wanted: Bool, _ vif: UInt32) {
        guard let state = unsafe states[vif] else { return }
        unsafe hooks.pointee.want(state, wanted)
    }

    func say(_ message: ControlMessage, _ vif: UInt32) { say(ControlCodec.encode(message), vif) }

    func say(_ bytes: [UInt8], _ vif: UInt32) {
        guard let state = unsafe states[vif] else { return }
        unsafe (bytes + [0]).withUnsafeBufferPointer { buffer in
            unsafe hooks.pointee.control_message(state, buffer.baseAddress!, bytes.count)
        }
    }

    func happen(_ event: PathEvent, _ vif: UInt32) {
        guard let state = unsafe states[vif] else { return }
        let (code, argument) = event.c
        unsafe hooks.pointee.path_event(state, code, argument)
    }

    /// A frame comes by the default queue.
    func look(_ frame: [UInt8]) {
        unsafe frame.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return }
            let view = unsafe ByteView(unsafeStart: base, count: raw.count)
            var run = FlowWatch.Run()
            unsafe backend.flowWatch.watch.pointee.look(at: view, in: &run)
            unsafe backend.sightings.sightings.pointee.saw(
                SightingKey(mac: view.mac(at: 0).rawValue, vlan: 0), isPlainIPv4: true)
        }
    }

    func setLocalAddresses(_ macs: [UInt64], generation: UInt64) {
        unsafe (macs + [0]).withUnsafeBufferPointer { buffer in
            unsafe hooks.pointee.local_addresses(hooks.pointee.plugin, generation, buffer.baseAddress!, macs.count)
        }
    }

    func suspendPort() {
        unsafe hooks.pointee.port_suspended(hooks.pointee.plugin)
        programmer.forgetRules()
    }

    func resumePort() { unsafe hooks.pointee.port_resumed(hooks.pointee.plugin) }

    /// `count` frames for the vif come by the default queue.
    func receive(_ count: Int = 1, for vif: UInt32, vlan: UInt16 = 0, isPlainIPv4: Bool = true) {
        guard let mac = macs[vif] else { return }
        for _ in 0..<count {
            unsafe backend.sightings.sightings.pointee.saw(
                SightingKey(mac: mac.rawValue, vlan: vlan), isPlainIPv4: isPlainIPv4)
        }
    }

    func tick(milliseconds: UInt64 = 1) {
        now += milliseconds * 1_000_000
        unsafe hooks.pointee.tick(hooks.pointee.plugin, now)
    }

    // MARK: What follows

    /// Lets netback and the frontends answer, a few times over.
    func run(rounds: Int = 8) {
        for _ in 0..<rounds {
            tick()
            deliverEvents()
            answer()
        }
    }

    func deliverEvents() {
        let events = host.events
        host.events = []
        for event in events {
            happen(event.event, event.vif)
            guard case .fenceSent(let sequence) = event.event, !silent.contains(event.vif),
                let id = grants[event.vif]?.last, open.contains(id)
            else { continue }
            if keepsFences { continue }
            if sequence >= ControlProtocol.firstFlowSequence {
                say(.flowFenceReached(id: id, sequence: sequence, stashed: 0), event.vif)
                continue
            }
            say(.fenceReached(id: id, sequence: sequence, stashed: 0), event.vif)
            say(.proven(id: id), event.vif)
        }
    }

    func answer() {
        for (vif, messages) in host.sent.sorted(by: { $0.key < $1.key }) {
            host.sent[vif] = []
            for message in messages where !silent.contains(vif) { answer(message, vif) }
        }
    }

    func answer(_ message: ControlMessage, _ vif: UInt32) {
        switch message {
        case .offer(let version, _, _, let stash):
            stashes[vif, default: []].append(stash)
            say(.accept(version: min(version, frontendVersion)), vif)
        case .changeFlows(let id, let sequence, let adds, let removes):
            for entry in adds { flowIDs[vif, default: [:]][entry.selector.port] = entry.id }
            if !removes.isEmpty { draining.insert(sequence) }
            say(.flowsReady(id: id, sequence: sequence), vif)
        case .flowRulesChanged(let id, let sequence, _):
            if draining.remove(sequence) != nil { say(.flowsDrained(id: id, sequence: sequence), vif) }
        case .grant(let id, _, _, _):
            grants[vif, default: []].append(id)
            open.insert(id)
            say(.opened(id: id), vif)
        case .rulesRemoved(let id) where open.contains(id):
            say(.drained(id: id), vif)
            close(id, vif)
        case .revoke(let id, _) where open.contains(id): close(id, vif)
        default: break
        }
    }

    func close(_ id: UInt32, _ vif: UInt32) {
        open.remove(id)
        say(.closed(id: id), vif)
    }

    /// From wanted to connected, by an honest pair.
    func connect(_ vif: UInt32) {
        run()
        receive(for: vif)
        run()
    }

    func state(_ vif: UInt32) -> AccelerationState? { backend.status(vif: vif)?.state }

    /// Nothing is granted, steered, held or in the port, and all of `queues` VIs are free.
    func expectNothingInUse(
        free: Int, quarantined: Int = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            backend.counts == VirtualInterfaceCounts(free: free, granted: 0, quarantined: quarantined),
            sourceLocation: sourceLocation)
        #expect(programmer.live.isEmpty, sourceLocation: sourceLocation)
        #expect(backend.ruleCount == 0, sourceLocation: sourceLocation)
        #expect(programmer.addresses.isEmpty, sourceLocation: sourceLocation)
        #expect(host.held.isEmpty, sourceLocation: sourceLocation)
        unsafe #expect(host.steered.isEmpty, sourceLocation: sourceLocation)
        for (vif, nonce) in host.nonces { #expect(nonce == 0, "vif \(vif)", sourceLocation: sourceLocation) }
    }
}
