// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import TestSupport
import Testing
import Wire

/// A second guest on the same host, driven by the test.
final class Neighbour {
    let pool: Mempool
    private var port: DPDK.Port?
    private var burst = MbufBurst(capacity: 64)
    private(set) var numbers: [UInt64] = []
    /// Frames of the other kinds, floods among them.
    private(set) var others = 0

    init(name: String, socket: String) throws {
        pool = try Mempool(name: "\(name)-other", count: 8191)
        let handle = pool.handle
        let device = "virtio_user_\(name)b"
        let id = try DPDK.Port.attach(device, arguments: "path=\(socket),queues=1,queue_size=1024")
        port = try DPDK.Port(starting: id, queues: DPDK.Port.Queues(), virtualDevice: device) { _ in handle }
    }

    /// Takes what came for flow 0.
    func receive() {
        while let queuePair = port?.queuePair(0), queuePair.receive(into: &burst) > 0 {
            for index in 0..<burst.count {
                if let frame = Traffic.read(burst[index]), frame.flow == 0 {
                    numbers.append(frame.sequence)
                } else {
                    others += 1
                }
            }
            burst.free()
        }
    }

    /// Says that `address` is here now.
    func announce(_ address: MACAddress) throws {
        try #require(pool.handle.allocate(1, into: &burst))
        #expect(burst[0].setLength(60))
        burst[0].mutableBytes.set(mac: .broadcast, at: 0)
        burst[0].mutableBytes.set(mac: address, at: 6)
        burst[0].mutableBytes.set(u16: 0x88B6, at: 12)
        burst[0].mutableBytes.set(u16: 0xFFFF, at: 14)
        #expect(port?.queuePair(0).transmit(&burst) == 1)
    }

    func close() {
        port = nil
        burst.free()
    }
}
