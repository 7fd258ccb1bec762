// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The far end of the uplink: two rings, behind one of which is a net_ring port.
final class WireEnd {
    let port: Port
    let pool: Mempool
    private let toHost: MbufRing
    private let fromHost: MbufRing

    var queuePair: QueuePair { port.queuePair(0) }

    init(name: String, capacity: Int, hostPool: MempoolHandle) throws {
        pool = try Mempool(name: "wire-\(name)", count: 16383)
        toHost = try MbufRing(name: "in-\(name)", capacity: 4096)
        fromHost = try MbufRing(name: "out-\(name)", capacity: capacity)
        let id = try Port.attach(name, receiveRings: [toHost.handle], transmitRings: [fromHost.handle])
        port = try Port(starting: id, queues: Port.Queues(), virtualDevice: "net_ring_\(name)") { _ in hostPool }
    }

    /// Puts frames on the wire to the host; false when they do not all fit.
    func send(_ frames: [Bytes]) -> Bool {
        var sent = 0
        var burst = MbufBurst(capacity: 64)
        while sent < frames.count {
            let upper = min(sent + 64, frames.count)
            guard toHost.handle.freeCount >= upper - sent else { return false }
            pool.handle.fill(&burst, with: frames[sent..<upper])
            toHost.handle.enqueue(&burst)
            sent = upper
        }
        return true
    }

    /// What the host sent since the last call, at most `limit` frames.
    func receive(limit: Int = .max) -> [Bytes] {
        var frames: [Bytes] = []
        var burst = MbufBurst(capacity: 32)
        while frames.count < limit, fromHost.handle.dequeue(into: &burst, limit: limit - frames.count) > 0 {
            for index in 0..<burst.count { frames.append(burst[index].frame) }
            burst.free()
        }
        return frames
    }

    /// Frames that the host has not taken yet.
    var waiting: Int { toHost.handle.count }
    /// Frames that the host sent and nobody read.
    var unread: Int { fromHost.handle.count }
}
