// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The four one-way rings between the engine and the owner of one queue pair. Every mbuf in them is of the owner's
/// pools.
final class QueueRings: Sendable {
    /// Engine to owner: frames received. net_ring's receive queue.
    let receive: MbufRing
    /// Owner to engine: frames to send. net_ring's transmit queue.
    let transmit: MbufRing
    /// Owner to engine: empty buffers.
    let posted: MbufRing
    /// Engine to owner: frames that were sent.
    let completed: MbufRing

    init(nic: String, queue: Int, descriptors: Int, numaNode: Int) throws(DPDKError) {
        let names = QueueRingHandles.names(nic: nic, queue: queue)
        receive = try MbufRing(name: names.receive, capacity: descriptors, numaNode: numaNode)
        transmit = try MbufRing(name: names.transmit, capacity: descriptors, numaNode: numaNode)
        posted = try MbufRing(name: names.posted, capacity: descriptors, numaNode: numaNode)
        completed = try MbufRing(name: names.completed, capacity: descriptors, numaNode: numaNode)
    }

    var handles: QueueRingHandles {
        QueueRingHandles(
            receive: receive.handle, transmit: transmit.handle, posted: posted.handle, completed: completed.handle)
    }
}

/// Borrowed ``QueueRings``, of this process or of another.
struct QueueRingHandles: Sendable {
    let receive, transmit, posted, completed: MbufRingHandle

    init(receive: MbufRingHandle, transmit: MbufRingHandle, posted: MbufRingHandle, completed: MbufRingHandle) {
        self.receive = receive
        self.transmit = transmit
        self.posted = posted
        self.completed = completed
    }

    static func names(nic: String, queue: Int) -> (receive: String, transmit: String, posted: String, completed: String) {
        ("\(nic)_rx\(queue)", "\(nic)_tx\(queue)", "\(nic)_posted\(queue)", "\(nic)_done\(queue)")
    }

    /// Those of a NIC in another process.
    init(nic: String, queue: Int) throws(DPDKError) {
        func find(_ name: String) throws(DPDKError) -> MbufRingHandle {
            guard let ring = MbufRingHandle(named: name) else { throw DPDKError("find ring \(name)", code: 2) }
            return ring
        }
        let names = Self.names(nic: nic, queue: queue)
        receive = try find(names.receive)
        transmit = try find(names.transmit)
        posted = try find(names.posted)
        completed = try find(names.completed)
    }

    /// Forgets what is inside.
    ///
    /// - Precondition: nobody uses the rings.
    func reset() {
        receive.reset()
        transmit.reset()
        posted.reset()
        completed.reset()
    }
}
