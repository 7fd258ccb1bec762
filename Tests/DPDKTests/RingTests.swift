// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing

@Suite struct RingTests {
    @Test func mbufsPassInOrderAndWhatDoesNotFitStays() throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "ring-tests", count: 63, cacheSize: 0)
            do {
                let ring = try MbufRing(name: "ring-tests", capacity: 5)
                var burst = MbufBurst(capacity: 8)
                try #require(pool.handle.allocate(8, into: &burst))
                for index in 0..<8 { try #require(burst[index].setLength(index + 1)) }
                #expect(ring.handle.enqueue(&burst) == 5 && burst.count == 3)
                #expect(ring.handle.count == 5 && ring.handle.freeCount == 0)
                var out = MbufBurst(capacity: 8)
                #expect(ring.handle.dequeue(into: &out, limit: 2) == 2)
                #expect(out[0].packetLength == 1 && out[1].packetLength == 2)
            }
            // The ring frees what is left in it.
            #expect(pool.handle.inUse == 0)
        }
    }

    @Test func wordsPassInOrder() throws {
        try EALFixture.exclusively {
            let ring = try WordRing(name: "word-tests", capacity: 3)
            let sent = [0, UInt64.max, 42].map { ring.handle.enqueue($0) }
            #expect(sent == [true, true, true])
            #expect(!ring.handle.enqueue(1))
            #expect(ring.handle.dequeue() == 0)
            #expect(ring.handle.dequeue() == .max)
            #expect(ring.handle.dequeue() == 42)
            #expect(ring.handle.dequeue() == nil)
        }
    }

    @Test func twoRingsOfOneNameAreRefused() throws {
        try EALFixture.exclusively {
            let ring = try WordRing(name: "same-name", capacity: 3)
            #expect(throws: DPDKError.self) { _ = try WordRing(name: "same-name", capacity: 3) }
            #expect(ring.handle.enqueue(1))
        }
    }
}
