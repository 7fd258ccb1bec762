// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing

@Suite struct MbufQueueTests {
    @Test func whatGoesInComesOutInOrderAcrossTheEndOfTheStore() throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "queue-tests", count: 63, cacheSize: 0)
            do {
                var queue = MbufQueue(capacity: 5)
                var burst = MbufBurst(capacity: 8)
                var next = 1
                var expected = 1
                for _ in 0..<20 {
                    try #require(pool.handle.allocate(3, into: &burst))
                    for index in 0..<3 {
                        try #require(burst[index].setLength(next))
                        let isTaken = queue.append(burst[index])
                        #expect(isTaken)
                        next += 1
                    }
                    burst.removeAll()
                    while let mbuf = queue.removeFirst() {
                        #expect(mbuf.packetLength == expected)
                        expected += 1
                        burst.append(mbuf)
                    }
                    burst.free()
                }
            }
            #expect(pool.handle.inUse == 0)
        }
    }

    @Test func aFullQueueLeavesTheMbufToItsOwner() throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "queue-tests", count: 63, cacheSize: 0)
            do {
                var queue = MbufQueue(capacity: 3)
                var burst = MbufBurst(capacity: 4)
                try #require(pool.handle.allocate(4, into: &burst))
                var taken: [Bool] = []
                for index in 0..<4 { taken.append(queue.append(burst[index])) }
                let count = queue.count
                #expect(taken == [true, true, true, false] && count == 3)
                // The fourth is still the burst's.
                burst.removeFirst(3)
            }
            // The queue frees its three.
            #expect(pool.handle.inUse == 0)
        }
    }

    @Test func movingStopsAtTheRoomOfTheBurst() throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "queue-tests", count: 63, cacheSize: 0)
            do {
                var queue = MbufQueue(capacity: 8)
                var burst = MbufBurst(capacity: 8)
                try #require(pool.handle.allocate(8, into: &burst))
                for index in 0..<8 { _ = queue.append(burst[index]) }
                burst.removeAll()
                var small = MbufBurst(capacity: 5)
                let moved = queue.move(to: &small)
                let freed = queue.free()
                let isEmpty = queue.isEmpty
                #expect(moved == 5 && freed == 3 && isEmpty)
            }
            #expect(pool.handle.inUse == 0)
        }
    }
}
