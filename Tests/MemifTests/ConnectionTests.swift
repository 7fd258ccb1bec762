// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Testing

@testable import Memif

struct ConnectionTests {
    @Test(arguments: [64, 1024, 2048]) func framesGoBothWaysWholeAndInOrder(bufferLength: Int) throws {
        try MemifRig.run { rig in
            let client = try rig.connect(bufferLength: bufferLength)
            #expect(rig.await { rig.server.isConnected })
            let lengths = [60, 64, 65, 128, 1000, 1514, 61, 2048 - 128, 1]
            for (from, to) in [(client.endpoint, rig.server.endpoint), (rig.server.endpoint, client.endpoint)] {
                for _ in 0..<50 {
                    var burst = MbufBurst(capacity: 32)
                    rig.frames(lengths, into: &burst)
                    var arrived: [Int] = []
                    while !burst.isEmpty {
                        let sent = from.transmit(&burst)
                        let taken = to.takeAll(rig)
                        arrived += taken
                        if sent == 0 && taken.isEmpty { break }
                    }
                    burst.free()
                    #expect(arrived == lengths)
                }
            }
            client.close()
            #expect(rig.await { !rig.server.isConnected })
            let counts = rig.server.statistics
            #expect(counts.connections == 1 && counts.broken == 0 && counts.received == 450 && counts.sent == 450)
        }
    }

    @Test func aFullRingKeepsTheRestInOrder() throws {
        try MemifRig.run { rig in
            let client = try rig.connect(log2RingSize: 4)
            for (from, to) in [(client.endpoint, rig.server.endpoint), (rig.server.endpoint, client.endpoint)] {
                var burst = MbufBurst(capacity: 64)
                rig.frames(Array(100..<140), into: &burst)
                #expect(from.transmit(&burst) == 16)
                #expect(from.transmit(&burst) == 0)
                #expect(to.takeAll(rig) == Array(100..<116))
                #expect(from.transmit(&burst) == 16)
                #expect(MemifRig.lengths(burst) == Array(132..<140))
                #expect(to.takeAll(rig) == Array(116..<132))
                burst.free()
            }
        }
    }

    @Test func aClientWithoutTheSecretIsSentAway() throws {
        try MemifRig.run { rig in
            #expect(throws: MemifError.self) { _ = try rig.connect(secret: "0123456789abcdee") }
            #expect(throws: MemifError.self) { _ = try rig.connect(secret: "") }
            #expect(!rig.server.isConnected && rig.server.statistics.refusals == 2)
            let client = try rig.connect()
            #expect(rig.await { rig.server.isConnected })
            client.close()
        }
    }

    @Test func oneClientAtATimeAndTheNextWhenItIsGone() throws {
        try MemifRig.run { rig in
            for round in 1...20 {
                let client = try rig.connect()
                #expect(throws: MemifError.self) { _ = try rig.connect() }
                var burst = MbufBurst(capacity: 4)
                rig.frames([60 + round], into: &burst)
                #expect(client.endpoint.transmit(&burst) == 1)
                #expect(rig.server.endpoint.takeAll(rig) == [60 + round])
                client.close()
                #expect(rig.await { !rig.server.isConnected })
                #expect(!rig.server.endpoint.isConnected)
            }
            #expect(rig.server.statistics.connections == 20)
        }
    }

    /// A client's memory is its own: it goes on when its server ends, until it is closed.
    @Test func aServerThatEndsTakesNothingAway() throws {
        try MemifRig.run { rig in
            let client = try rig.connect(log2RingSize: 3)
            rig.server.close()
            var burst = MbufBurst(capacity: 32)
            rig.frames(Array(60..<80), into: &burst)
            #expect(client.endpoint.transmit(&burst) == 8)
            #expect(client.endpoint.takeAll(rig).isEmpty)
            burst.free()
            client.close()
            #expect(throws: MemifError.self) { _ = try rig.connect() }
        }
    }

    /// DPDK's own driver as the client (DPDK guide "Memif Poll Mode Driver").
    @Test func dpdksClientIsServed() throws {
        try MemifRig.run { rig in
            for round in 0..<3 {
                let name = "net_memif\(round)"
                let id = try Port.attach(
                    name,
                    arguments:
                        "role=client,id=3,socket=\(rig.configuration.path),socket-abstract=no,secret=0123456789abcdef,rsize=6")
                do {
                    let pool = rig.pool
                    let port = try Port(
                        starting: id, queues: Port.Queues(receiveDescriptors: 64, transmitDescriptors: 64), virtualDevice: name,
                        pool: { _ in pool })
                    #expect(rig.await { rig.server.isConnected && (try? id.information.isLinkUp) == true })
                    let queues = QueuePair(port: id, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: 64)
                    var first = MbufBurst(capacity: 1)
                    // Its driver offers buffers as it is polled.
                    #expect(queues.receive(into: &first) == 0)
                    for _ in 0..<20 {
                        var burst = MbufBurst(capacity: 32)
                        let lengths = [60, 1514, 333]
                        rig.frames(lengths, into: &burst)
                        #expect(queues.transmit(&burst) == 3)
                        #expect(rig.server.endpoint.takeAll(rig) == lengths)
                        rig.frames(lengths, into: &burst)
                        #expect(rig.server.endpoint.transmit(&burst) == 3)
                        #expect(queues.receive(into: &burst) == 3 && MemifRig.lengths(burst) == lengths)
                        burst.free()
                    }
                    withExtendedLifetime(port) {}
                }
                #expect(rig.await { !rig.server.isConnected })
            }
            #expect(rig.server.statistics.broken == 0)
        }
    }
}
