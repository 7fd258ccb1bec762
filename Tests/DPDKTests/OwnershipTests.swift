// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing

/// What queues and rings still hold is given back with them, and what readers still hold is waited for.
@Suite(.serialized) struct OwnershipTests {
    @Test func aQueueFreesWhatIsLeftInIt() throws {
        try PoolFixture.run { pool in
            func fill(_ queue: inout MbufQueue) {
                var burst = MbufBurst(capacity: 8)
                burst.fill(60..<68, from: pool)
                for index in 0..<8 { _ = queue.append(burst[index]) }
                burst.removeAll()
            }
            var queue = MbufQueue(capacity: 8)
            fill(&queue)
            let freed = [queue.free(), queue.free()]
            #expect(freed == [8, 0] && pool.inUse == 0)
            do {
                var other = MbufQueue(capacity: 8)
                fill(&other)
                #expect(pool.inUse == 8)
            }
            #expect(pool.inUse == 0)
        }
    }

    @Test func aRingTakesAsMuchAsItHasRoomForAndFreesWhatIsLeft() throws {
        try PoolFixture.run { pool in
            do {
                let ring = try MbufRing(name: "dpdk-ring", capacity: 20)
                let handle = ring.handle
                var burst = MbufBurst(capacity: 32)
                burst.fill(60..<85, from: pool)
                #expect(handle.enqueue(&burst) == 20)
                #expect(burst.lengths == Array(80..<85))
                #expect(handle.count == 20 && handle.freeCount == 0)
                var out = MbufBurst(capacity: 8)
                let taken = [handle.dequeue(into: &out, limit: 3), handle.dequeue(into: &out), handle.dequeue(into: &out)]
                #expect(taken == [3, 5, 0] && out.lengths == Array(60..<68))
            }
            #expect(pool.inUse == 0)
        }
    }

    @Test func aDomainWaitsForItsReadersAndForNobodyElse() throws {
        try EALFixture.exclusively {
            let domain = try Quiescence(readers: 2)
            #expect(domain.synchronize(timeoutMilliseconds: 100), "nobody is online")
            let (one, two) = (domain.reader(0), domain.reader(1))
            one.online()
            two.online()
            #expect(!domain.synchronize(timeoutMilliseconds: 10))
            two.offline()
            #expect(!domain.synchronize(timeoutMilliseconds: 10))
            one.quiescent()
            // A state that was passed before the swap counts for nothing.
            #expect(!domain.synchronize(timeoutMilliseconds: 10))
            one.offline()
            #expect(domain.synchronize(timeoutMilliseconds: 100))
            #expect(throws: DPDKError.self) { _ = try Quiescence(readers: 0) }
        }
    }
}
