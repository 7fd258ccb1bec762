// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// A guest in this process: a virtio_user port on the vif's vhost-user socket.
final class Guest {
    private let port: Port
    private let queuePair: QueuePair

    init(name: String, socket: String, pool: MempoolHandle, queueSize: Int = 1024) throws {
        let id = try Port.attach(name, arguments: "path=\(socket),queue_size=\(queueSize)")
        port = try Port(
            starting: id,
            queues: Port.Queues(pairs: 1, receiveDescriptors: queueSize, transmitDescriptors: queueSize),
            virtualDevice: name
        ) { _ in pool }
        queuePair = port.queuePair(0)
        self.pool = pool
    }

    private let pool: MempoolHandle

    /// Gives frames to the transmit vring; how many it took.
    @discardableResult
    func send(_ frames: [Bytes]) -> Int {
        var sent = 0
        while sent < frames.count {
            var burst = MbufBurst(capacity: 32)
            pool.fill(&burst, with: frames[sent..<min(sent + 32, frames.count)])
            let taken = queuePair.transmit(&burst)
            sent += taken
            if !burst.isEmpty { return sent }
        }
        return sent
    }

    /// What came since the last call.
    func receive(limit: Int = .max) -> [Bytes] {
        var frames: [Bytes] = []
        var burst = MbufBurst(capacity: 32)
        while frames.count < limit, queuePair.receive(into: &burst, limit: limit - frames.count) > 0 {
            for index in 0..<burst.count { frames.append(burst[index].frame) }
            burst.free()
        }
        return frames
    }
}
