// SPDX-License-Identifier: BSD-3-Clause
public import DPDK
import Dataplane

/// The driver of one queue pair of a ``SoftNIC`` that runs in another process: for an attached guest, whose own memory pool it posts
/// buffers from and whose own lcore runs it.
///
/// It leaves nothing of its own in shared memory but the hooks of the queue's bursts. Keep it until the process ends.
@safe
public final class SoftNICAttachment: Sendable {
    public let port: PortID
    private let driver: PinnedBlock<SoftNICDriver>
    private let device: SoftDevice
    private let counters: [CounterBlock]

    /// - Parameters:
    ///   - nic: the NIC's name.
    ///   - descriptors: as many as the queue pair was set up with.
    ///   - pool: the queue's; this process's alone.
    public init(nic: String, queue: Int, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {
        let memory = try SharedNICMemory(ofNIC: nic)
        guard (0..<memory.queueCount).contains(queue) else {
            throw DPDKError("adopt queue pair \(queue) of \(nic)", code: 34, detail: "it has \(memory.queueCount)")
        }
        guard let port = PortID(named: "net_ring_\(nic)") else {
            throw DPDKError("open \(nic)", code: 19, detail: "this process did not find its port")
        }
        var rings: [QueueRingHandles] = []
        for queue in 0..<memory.queueCount { rings.append(try QueueRingHandles(nic: nic, queue: queue)) }
        let counters = (0..<memory.queueCount).map { _ in CounterBlock(count: OwnerCounter.allCases.count) }
        let driver = PinnedBlock(
            SoftNICDriver(queueCount: memory.queueCount, state: memory.state) { [rings] index in
                DriverQueue(
                    handles: rings[index], progress: memory.progress(index), counters: counters[index].counters,
                    transmitDescriptors: descriptors)
            })
        self.port = port
        self.driver = driver
        self.counters = counters
        device = unsafe SoftDevice(
            port: port, engine: AttachedQueueControl(driver: driver, descriptors: descriptors),
            functions: SoftDeviceFunctions(
                context: UnsafeMutableRawPointer(driver.pointer), received: softnic_received,
                transmitting: softnic_transmitting, readClock: softnic_read_clock, transmitDone: softnic_transmit_done,
                admitted: softnic_admitted))
        try port.adoptQueue(UInt16(queue), descriptors: descriptors, pool: pool)
    }
}

/// Rules are the business of the NIC's own process.
@safe
private final class AttachedQueueControl: SoftDeviceEngine {
    private let driver: PinnedBlock<SoftNICDriver>
    private let descriptors: Int

    init(driver: PinnedBlock<SoftNICDriver>, descriptors: Int) {
        self.driver = driver
        self.descriptors = descriptors
    }

    func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {
        unsafe driver.pointer.pointee.queues[Int(queue)].setUp(pool: pool, descriptors: descriptors)
    }

    private static let refusal = FlowError(code: 1, message: "flow rules are the host's")
    func validate(_ rule: FlowRule) throws(FlowError) { throw Self.refusal }
    func create(_ rule: FlowRule) throws(FlowError) -> UInt { throw Self.refusal }
    func destroy(_ handle: UInt) throws(FlowError) { throw Self.refusal }
}
