// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Synchronization

/// What ethdev's control calls on the NIC's port arrive at.
@safe
final class SoftNICControl: SoftDeviceEngine {
    private let configuration: SoftNICConfiguration
    private let traits: PersonalityTraits
    private let mac: UInt64
    private let driver: PinnedBlock<SoftNICDriver>
    private let state: PinnedBlock<EngineState>
    private let progress: [PinnedBlock<QueueProgress>]
    private let queueCounters: [CounterBlock]
    private let flowTable: FlowTable
    private let addresses: AddressFilter
    private let life = Lock(Life())

    private struct Life {
        var phase = Phase.new
        var epoch: UInt32 = 0
        var stoppedQueues: Set<Int> = []
        var setUpQueues: Set<Int> = []
        /// The NIC could not repair itself: nothing but a reset helps.
        var needsReset = false
    }

    /// ``new`` is before the first start: the data path runs, and nobody has posted buffers.
    private enum Phase {
        case new, running, resetting, recovering, stopped

        /// Whether the port counts as started.
        var isStarted: Bool { self == .running || isDown }
        /// Started, and nothing moves.
        var isDown: Bool { self == .resetting || self == .recovering }
    }

    init(
        configuration: SoftNICConfiguration, mac: UInt64, driver: PinnedBlock<SoftNICDriver>,
        state: PinnedBlock<EngineState>, progress: [PinnedBlock<QueueProgress>], queueCounters: [CounterBlock],
        flowTable: FlowTable, addresses: AddressFilter
    ) {
        self.configuration = configuration
        traits = configuration.personality.flowEngine.traits
        self.mac = mac
        self.driver = driver
        self.state = state
        self.progress = progress
        self.queueCounters = queueCounters
        self.flowTable = flowTable
        self.addresses = addresses
    }

    // MARK: What it is

    var information: SoftDeviceInformation? {
        let faults = unsafe SoftNICFaults(rawValue: state.pointer.pointee.faults.load(ordering: .relaxed))
        return SoftDeviceInformation(
            driver: traits.driver, deviceID: traits.deviceID, mac: mac, isLinkUp: !faults.contains(.linkDown),
            maximumAddresses: traits.addressSlots, vmdq: addresses.poolLimits, canStopQueues: traits.canStopQueues,
            canSetUpQueuesWhileRunning: traits.canSetUpQueuesWhileRunning)
    }

    var statistics: PortStatistics? {
        func sum(_ counters: QueueCounter...) -> UInt64 {
            queueCounters.reduce(0) { total, block in
                counters.reduce(total) { $0 &+ block.counters[$1.rawValue] }
            }
        }
        return PortStatistics(
            receivedPackets: sum(.delivered), receivedBytes: sum(.deliveredBytes), transmittedPackets: sum(.sent),
            transmittedBytes: sum(.sentBytes), receiveMissed: sum(.missed, .stopped, .lostInReset),
            receiveErrors: sum(.truncated),
            transmitErrors: sum(.transmitErrors, .oversized, .unsentLinkDown, .unsentReset),
            receiveNoMbuf: sum(.noMbuf))
    }

    var queueStatistics: [QueueStatistics]? {
        queueCounters.map { block in
            func value(_ counter: QueueCounter) -> UInt64 { block.counters[counter.rawValue] }
            return QueueStatistics(
                receivedPackets: value(.delivered), receivedBytes: value(.deliveredBytes), transmittedPackets: value(.sent),
                transmittedBytes: value(.sentBytes))
        }
    }

    // MARK: Queues

    func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {
        try setUpQueue(queue, descriptors: descriptors, pool: pool, dropsWhenFull: true)
    }

    func setUpQueue(
        _ queue: UInt16, descriptors: Int, pool: MempoolHandle, dropsWhenFull: Bool
    ) throws(DPDKError) {
        let index = Int(queue)
        let operation = "set up queue \(queue) of \(configuration.name) with \(descriptors) descriptors"
        guard index < configuration.queuePairs, descriptors >= 1, descriptors <= configuration.descriptors else {
            throw DPDKError(operation, code: 22)
        }
        try life.withLock { (life) throws(DPDKError) in
            if life.phase.isStarted {
                guard traits.canSetUpQueuesWhileRunning, life.stoppedQueues.contains(index) else {
                    throw DPDKError(operation, code: FlowCode.busy)
                }
            }
            unsafe driver.pointer.pointee.queues[index].setUp(pool: pool, descriptors: descriptors)
            let stalls = !dropsWhenFull && !traits.alwaysDrops
            unsafe progress[index].pointer.pointee.stallsWhenFull.store(stalls, ordering: .relaxed)
            life.setUpQueues.insert(index)
        }
    }

    func startReceiveQueue(_ queue: Int) throws(DPDKError) { try setQueue(queue, stopped: false) }
    func stopReceiveQueue(_ queue: Int) throws(DPDKError) { try setQueue(queue, stopped: true) }

    private func setQueue(_ queue: Int, stopped: Bool) throws(DPDKError) {
        let operation = "\(stopped ? "stop" : "start") receive queue \(queue) of \(configuration.name)"
        guard traits.canStopQueues else { throw DPDKError(operation, code: FlowCode.notSupported) }
        try life.withLock { (life) throws(DPDKError) in
            guard life.setUpQueues.contains(queue) else { throw DPDKError(operation, code: FlowCode.invalid) }
            guard life.stoppedQueues.contains(queue) != stopped else { return }
            if stopped { life.stoppedQueues.insert(queue) } else { life.stoppedQueues.remove(queue) }
            let cell = unsafe progress[queue].pointer
            let before = unsafe cell.pointee.wanted.load(ordering: .relaxed)
            let count = (before & 0xFFFC) &+ 4 & 0xFFFC
            let flags = before & QueueProgress.portStopped | (stopped ? QueueProgress.queueStopped : 0)
            unsafe cell.pointee.wanted.store(before & 0xFFFF_0000 | count | flags, ordering: .releasing)
        }
    }

    // MARK: Start and stop

    func configure(queues: Int, pools: Int) throws(DPDKError) { try addresses.configure(queues: queues, pools: pools) }

    func start() throws(DPDKError) {
        let operation = "start \(configuration.name)"
        try life.withLock { (life) throws(DPDKError) in
            if life.phase == .new { life.phase = .running }
            // ethdev lets a port start that has not stopped: that ends no reset.
            guard life.phase == .stopped else { return }
            if life.needsReset { throw DPDKError(operation, code: FlowCode.inputOutput, detail: "the NIC needs a reset") }
            guard life.setUpQueues.count >= addresses.queues else {
                throw DPDKError(operation, code: FlowCode.invalid, detail: "not every queue is set up")
            }
            begin(&life)
        }
    }

    private func begin(_ life: inout Life) {
        life.phase = .running
        life.stoppedQueues = []
        setPort(stopped: false)
        life.epoch &+= 1
        flowTable.resume(epoch: life.epoch)
    }

    func stop() {
        life.withLock { life in
            guard life.phase != .stopped else { return }
            let wasDown = life.phase.isDown
            life.phase = .stopped
            if !wasDown { end(&life) }
        }
    }

    func reset() throws(DPDKError) {
        let faults = unsafe SoftNICFaults(rawValue: state.pointer.pointee.faults.load(ordering: .relaxed))
        if faults.contains(.resetRefused) {
            throw DPDKError(
                "reset \(configuration.name)", code: FlowCode.inputOutput, detail: "the firmware does not answer")
        }
        life.withLock { life in
            life.setUpQueues = []
            life.needsReset = false
        }
        // As its first configuration found it.
        try addresses.configure(queues: addresses.queues, pools: 0)
    }

    /// Ends the port's life until it was stopped and started; false when it has ended already.
    func requestReset() -> Bool { end(in: .resetting) }

    /// Ends the port's life until the NIC has repaired itself, or failed to; false when it has ended already.
    func beginRecovery() -> Bool { end(in: .recovering) }

    /// False when no recovery is under way any more.
    func endRecovery(succeeds: Bool) -> Bool {
        life.withLock { life in
            guard life.phase == .recovering else { return false }
            if succeeds {
                begin(&life)
            } else {
                life.phase = .resetting
                life.needsReset = true
            }
            return true
        }
    }

    private func end(in phase: Phase) -> Bool {
        life.withLock { life in
            guard life.phase == .running || life.phase == .new else { return false }
            life.phase = phase
            end(&life)
            return true
        }
    }

    private func end(_ life: inout Life) {
        life.epoch &+= 1
        flowTable.reset(
            epoch: life.epoch, pause: FlowError(code: FlowCode.inputOutput, message: "Device must be started"))
        setPort(stopped: true)
    }

    /// Tells all queues. The count of the port's changes goes on; starting a port starts each of its queues.
    private func setPort(stopped: Bool) {
        for block in progress {
            let cell = unsafe block.pointer
            let before = unsafe cell.pointee.wanted.load(ordering: .relaxed)
            let count = (before >> QueueProgress.portShift &+ 1) << QueueProgress.portShift
            let flags = stopped ? before & QueueProgress.queueStopped | QueueProgress.portStopped : 0
            unsafe cell.pointee.wanted.store(count | before & 0xFFFC | flags, ordering: .releasing)
        }
    }

    // MARK: Steering

    func addAddress(_ mac: UInt64, pool: Int) throws(DPDKError) { try addresses.add(mac, pool: pool) }
    func removeAddress(_ mac: UInt64) throws(DPDKError) { try addresses.remove(mac) }
    func validate(_ rule: FlowRule) throws(FlowError) { try flowTable.validate(rule, queues: addresses.queues) }
    func create(_ rule: FlowRule) throws(FlowError) -> UInt {
        try flowTable.create(rule, queues: addresses.queues)
    }
    func destroy(_ handle: UInt) throws(FlowError) { try flowTable.destroy(handle) }
    func query(_ handle: UInt) throws(FlowError) -> FlowCounts { try flowTable.query(handle) }
}
