// SPDX-License-Identifier: BSD-3-Clause
public import DPDK
public import Dataplane
import Synchronization

/// A multi-queue NIC in software: a port with queue pairs and a flow engine on one side, any DPDK port as its wire on
/// the other.
///
/// Its owner starts ``port`` with `Port(starting:queues:pool:)` as it would a real NIC's, and lets a poll loop run
/// ``poller``. To end: take the poller off its loop, end the port, then this NIC; then every mbuf is back in its pool.
@safe
public final class SoftNIC: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): `parts` is guarded by its lock; the rest never changes, and is Sendable.
    public let configuration: SoftNICConfiguration
    /// The NIC's port, to be started by its owner.
    public let port: PortID

    private let state: PinnedBlock<EngineState>
    let abandonments: [PinnedBlock<QueueAbandonment>]
    /// Shared by the engine and the driver's half.
    private let progress: [PinnedBlock<QueueProgress>]
    private let engineCounters: CounterBlock
    private let queueCounters: [CounterBlock]
    private let ownerCounters: [CounterBlock]
    private let flowTable: FlowTable
    private let control: SoftNICControl
    private let parts: Lock<Parts?>

    /// What ``close()`` takes down, in this order.
    private struct Parts: @unchecked Sendable {
        // SAFETY (@unchecked Sendable): moved as a whole, under the lock.
        var device: SoftDevice?
        var engine: PinnedBlock<SoftNICEngine>?
        var driver: PinnedBlock<SoftNICDriver>?
        var rings: [QueueRings]
    }

    /// Makes the NIC and attaches its port.
    ///
    /// - Parameters:
    ///   - wire: where frames from outside come from and go to; the engine's alone from now on.
    ///   - wirePool: where mbufs for frames to the wire come from; must outlive the NIC, as must the wire's port.
    /// - Throws: also for a configuration out of its limits, and for a name in use.
    public init(
        _ configuration: SoftNICConfiguration, wire: QueuePair, wirePool: MempoolHandle
    ) throws(DPDKError) {
        try configuration.validate()
        let indices = 0..<configuration.queuePairs
        var rings: [QueueRings] = []
        for queue in indices {
            rings.append(
                try QueueRings(
                    nic: configuration.name, queue: queue, descriptors: configuration.descriptors,
                    numaNode: configuration.numaNode))
        }
        let memory = try SharedNICMemory(
            nic: configuration.name, queueCount: configuration.queuePairs, numaNode: configuration.numaNode)
        let state = memory.makeState()
        let progress = indices.map { memory.makeProgress($0) }
        let abandonments = indices.map { _ in PinnedBlock(QueueAbandonment()) }
        let queueCounters = indices.map { _ in CounterBlock(count: QueueCounter.allCases.count) }
        let ownerCounters = indices.map { _ in CounterBlock(count: OwnerCounter.allCases.count) }
        let engineCounters = CounterBlock(count: EngineCounter.allCases.count)
        let commands = try EngineCommands(configuration)
        let flowTable = FlowTable(configuration, commands: commands, state: state)
        let mac = Self.address(of: configuration.name)
        let addresses = AddressFilter(configuration, own: mac, commands: commands, state: state)
        let engine = PinnedBlock(
            SoftNICEngine(
                configuration: configuration, wire: wire, wirePool: wirePool, state: state,
                counters: engineCounters.counters, ruleCounters: flowTable.ruleCounters, commands: commands.handle
            ) { [rings] index in
                EngineQueue(
                    rings: rings[index], progress: progress[index], abandonment: abandonments[index],
                    counters: queueCounters[index].counters, index: index, configuration: configuration)
            })
        let driver = PinnedBlock(
            SoftNICDriver(queueCount: configuration.queuePairs, state: state) { [rings] index in
                DriverQueue(
                    rings: rings[index], progress: progress[index], counters: ownerCounters[index].counters,
                    transmitDescriptors: configuration.descriptors)
            })
        port = try Port.attach(
            configuration.name, receiveRings: rings.map { $0.receive.handle },
            transmitRings: rings.map { $0.transmit.handle }, numaNode: configuration.numaNode)
        let control = SoftNICControl(
            configuration: configuration, mac: mac, driver: driver, state: state, progress: progress,
            queueCounters: queueCounters, flowTable: flowTable, addresses: addresses)
        let device = unsafe SoftDevice(
            port: port, engine: control,
            functions: SoftDeviceFunctions(
                context: UnsafeMutableRawPointer(driver.pointer), received: softnic_received,
                transmitting: softnic_transmitting, readClock: softnic_read_clock, transmitDone: softnic_transmit_done,
                admitted: softnic_admitted))
        self.configuration = configuration
        self.state = state
        self.abandonments = abandonments
        self.engineCounters = engineCounters
        self.queueCounters = queueCounters
        self.ownerCounters = ownerCounters
        self.flowTable = flowTable
        self.control = control
        self.progress = progress
        parts = Lock(Parts(device: device, engine: engine, driver: driver, rings: rings))
    }

    /// A locally administered address that is the same for the same name.
    private static func address(of name: String) -> UInt64 {
        let digest = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0100_0000_01B3 }
        return 0x02_53_4E_00_00_00 | digest & 0xFF_FFFF
    }

    deinit { close() }

    /// Takes the NIC down and gives every mbuf back; also what the owner posted and did not get back. Does nothing the
    /// second time.
    ///
    /// - Precondition: ``poller`` is on no loop any more, and the port has been closed or was never started.
    public func close() {
        parts.withLock { parts in
            guard parts != nil else { return }
            parts?.device = nil
            // The bus keeps a closed port's device, and its name.
            Port.detach("net_ring_\(configuration.name)")
            parts?.engine = nil
            parts?.driver = nil
            parts = nil
        }
    }

    /// Forgets what is in a stopped queue pair's rings.
    func resetRings(of queue: Int) { parts.withLock { $0?.rings[queue].handles.reset() } }

    // MARK: The engine

    /// The engine, for a poll loop; take it off the loop before ``close()``.
    public var poller: Poller {
        unsafe Poller(name: configuration.name, function: softnic_engine_poll, context: pollContext)
    }

    /// What ``poller`` runs.
    @unsafe public var pollFunction: Poller.Function { unsafe softnic_engine_poll }
    /// What ``poller`` works on; valid until ``close()``.
    @unsafe public var pollContext: UnsafeMutableRawPointer {
        guard let engine = parts.withLock({ $0?.engine }) else { preconditionFailure("the NIC was closed") }
        return unsafe UnsafeMutableRawPointer(engine.pointer)
    }

    /// Runs one round on the calling thread, for who has no poll loop. The engine must be on no other thread meanwhile.
    ///
    /// - Returns: how much there was to do or to wait for; 0 when the engine is idle.
    @discardableResult
    public func poll() -> Int {
        guard let engine = parts.withLock({ $0?.engine }) else { return 0 }
        return unsafe engine.pointer.pointee.poll()
    }

    /// As ``poll()``, with the engine's clock moved on by `nanoseconds` (at most 20,000) instead of the time that
    /// passed. Rounds that are all run so, on one thread, have the same outcome each time.
    @discardableResult
    public func poll(advancing nanoseconds: UInt64) -> Int {
        guard let engine = parts.withLock({ $0?.engine }) else { return 0 }
        return unsafe engine.pointer.pointee.poll(advancing: nanoseconds)
    }

    // MARK: What is seen from outside

    /// The engine's clock in nanoseconds; stands still while the engine does not run.
    public var clock: UInt64 { unsafe state.pointer.pointee.clock.load(ordering: .acquiring) }

    /// Rules that were created and not destroyed, whether they steer or not.
    public var ruleCount: Int { flowTable.count }

    /// The counters, also after ``close()``.
    public var statistics: SoftNICStatistics {
        func value(_ counter: EngineCounter) -> UInt64 { engineCounters.counters[counter.rawValue] }
        let indices = 0..<configuration.queuePairs
        let unread = parts.withLock { parts in
            indices.map { index in parts.map { $0.rings[index].receive.handle.count } ?? 0 }
        }
        return SoftNICStatistics(
            queues: indices.map { index in
                SoftNICStatistics.Queue(
                    engine: queueCounters[index].counters, owner: ownerCounters[index].counters, unread: unread[index])
            },
            wireReceived: value(.wireReceived), wireTransmitted: value(.wireTransmitted),
            receivedLinkDown: value(.receivedLinkDown), receivedStopped: value(.receivedStopped),
            droppedByRule: value(.droppedByRule), misdirected: value(.misdirected), replicated: value(.replicated),
            wireNoMbuf: value(.wireNoMbuf),
            rulesInEffect: value(.rulesInEffect))
    }
}

// MARK: - Faults

extension SoftNIC {
    /// What goes wrong from now on. Setting ``SoftNICFaults/linkDown``, or taking it back, raises a link event on this thread.
    public var faults: SoftNICFaults {
        get { unsafe SoftNICFaults(rawValue: state.pointer.pointee.faults.load(ordering: .relaxed)) }
        set {
            let before = unsafe state.pointer.pointee.faults.exchange(newValue.rawValue, ordering: .relaxed)
            let changed = SoftNICFaults(rawValue: before).symmetricDifference(newValue)
            if changed.contains(.linkDown) { raise(.linkChanged) }
        }
    }

    /// Of how many frames one meets ``SoftNICFaults/transmitErrors`` and ``SoftNICFaults/framesCut``, at random; 1: all do.
    public var faultOdds: Int {
        get { unsafe Int(state.pointer.pointee.faultOdds.load(ordering: .relaxed)) }
        set { unsafe state.pointer.pointee.faultOdds.store(UInt32(Swift.max(1, newValue)), ordering: .relaxed) }
    }

    /// Receive queues that deliver nothing: their frames wait, and are missed when the FIFO is full.
    public var stuckReceiveQueues: Set<Int> {
        get { stuckQueues(shift: 0) }
        set { setStuckQueues(newValue, shift: 0) }
    }

    /// Transmit queues that take nothing out of their rings and complete nothing.
    public var stuckTransmitQueues: Set<Int> {
        get { stuckQueues(shift: 16) }
        set { setStuckQueues(newValue, shift: 16) }
    }

    /// The NIC asks for a reset: the event is raised on this thread, rules are gone, what the queues hold is lost, and nothing
    /// moves until the port was stopped and started. Does nothing, and is false, when the port is down already.
    @discardableResult
    public func requestReset() -> Bool {
        guard control.requestReset() else { return false }
        raise(.resetRequested)
        return true
    }

    /// The NIC begins to repair itself, as drivers do that handle errors by themselves (RTE_ETH_ERROR_HANDLE_MODE_PROACTIVE): the
    /// event is raised on this thread, what the queues hold is lost, and nothing moves until ``endRecovery(succeeds:)``. Does nothing,
    /// and is false, while the port is down.
    @discardableResult
    public func beginRecovery() -> Bool {
        guard control.beginRecovery() else { return false }
        raise(.recovering)
        return true
    }

    /// The NIC has repaired itself, which is like a restart of its port: rules are gone, queues and addresses are as they were. Or it
    /// failed to: then nothing but a reset of the port helps. The event is raised on this thread. Does nothing when
    /// no repair is under way, also because the port was stopped meanwhile.
    public func endRecovery(succeeds: Bool) {
        if control.endRecovery(succeeds: succeeds) { raise(succeeds ? .recovered : .recoveryFailed) }
    }

    private func raise(_ event: PortEvent) {
        // Outside of the lock: a handler may ask the NIC things.
        let device = parts.withLock { $0?.device }
        device?.raise(event)
    }

    private func stuckQueues(shift: UInt32) -> Set<Int> {
        let bits = unsafe state.pointer.pointee.stuckQueues.load(ordering: .relaxed) >> shift
        return Set((0..<16).filter { bits & 1 << UInt32($0) != 0 })
    }

    private func setStuckQueues(_ queues: Set<Int>, shift: UInt32) {
        let bits = queues.reduce(0 as UInt32) { $0 | 1 << (UInt32($1) & 15) } << shift
        let others: UInt32 = shift == 0 ? 0xFFFF_0000 : 0xFFFF
        parts.withLock { _ in
            let before = unsafe state.pointer.pointee.stuckQueues.load(ordering: .relaxed)
            unsafe state.pointer.pointee.stuckQueues.store(before & others | bits, ordering: .relaxed)
        }
    }
}
