// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Synchronization

/// What ethdev's control calls on the NIC's port arrive at.
@safe
final class SoftNICControl: SoftDeviceEngine {
    private let configuration: SoftNICConfiguration
    private let driver: PinnedBlock<SoftNICDriver>
    private let flowTable: FlowTable
    /// Queues that were set up: those that a rule may name.
    private let queueCount = Atomic<Int>(0)

    init(configuration: SoftNICConfiguration, driver: PinnedBlock<SoftNICDriver>, flowTable: FlowTable) {
        self.configuration = configuration
        self.driver = driver
        self.flowTable = flowTable
    }

    func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {
        guard Int(queue) < configuration.queuePairs, descriptors >= 1, descriptors <= configuration.descriptors else {
            throw DPDKError("set up queue \(queue) of \(configuration.name) with \(descriptors) descriptors", code: 22)
        }
        unsafe driver.pointer.pointee.queues[Int(queue)].setUp(pool: pool, descriptors: descriptors)
        _ = queueCount.max(Int(queue) + 1, ordering: .relaxed)
    }

    func validate(_ rule: FlowRule) throws(FlowError) {
        try flowTable.validate(rule, queuePairs: queueCount.load(ordering: .relaxed))
    }

    func create(_ rule: FlowRule) throws(FlowError) -> UInt {
        try flowTable.create(rule, queuePairs: queueCount.load(ordering: .relaxed))
    }

    func destroy(_ handle: UInt) throws(FlowError) { try flowTable.destroy(handle) }
}
