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
        receive = try MbufRing(name: "\(nic)_rx\(queue)", capacity: descriptors, numaNode: numaNode)
        transmit = try MbufRing(name: "\(nic)_tx\(queue)", capacity: descriptors, numaNode: numaNode)
        posted = try MbufRing(name: "\(nic)_posted\(queue)", capacity: descriptors, numaNode: numaNode)
        completed = try MbufRing(name: "\(nic)_done\(queue)", capacity: descriptors, numaNode: numaNode)
    }
}
