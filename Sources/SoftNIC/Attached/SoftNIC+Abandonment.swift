// SPDX-License-Identifier: BSD-3-Clause
public import DPDK
import Foundation
import Synchronization

/// Takes a queue pair from an owner that died: between ``stopQueuePair(_:)`` and ``startQueuePair(_:)`` the NIC holds none of its mbufs,
/// so that the owner's pools can be put together again. Afterwards the queue pair is as new.
extension SoftNIC {
    /// Drops what is in the queue pair, in both directions. Frees nothing into its owner's pools.
    ///
    /// - Throws: when the engine does not run.
    public func stopQueuePair(_ queue: Int) throws(DPDKError) {
        try abandon(queue, stopped: true)
        resetRings(of: queue)
    }

    public func startQueuePair(_ queue: Int) throws(DPDKError) { try abandon(queue, stopped: false) }

    private func abandon(_ queue: Int, stopped: Bool) throws(DPDKError) {
        let name = "\(stopped ? "stop" : "start") queue pair \(queue) of \(configuration.name)"
        guard abandonments.indices.contains(queue), queue > 0 else { throw DPDKError(name, code: 22) }
        let cell = unsafe abandonments[queue].pointer
        let now = unsafe cell.pointee.wanted.load(ordering: .relaxed)
        let next = (now & 1 != 0) == stopped ? now : now &+ 1
        unsafe cell.pointee.wanted.store(next, ordering: .releasing)
        for _ in 0..<20_000 {
            if unsafe cell.pointee.reached.load(ordering: .acquiring) == next { return }
            usleep(50)
        }
        throw DPDKError(name, code: 110, detail: "its engine does not run")
    }
}

/// What the control plane wants of a queue pair, and what the engine has done about it: odd while it is stopped.
struct QueueAbandonment: ~Copyable {
    let wanted = Atomic<UInt64>(0)
    let reached = Atomic<UInt64>(0)
}
