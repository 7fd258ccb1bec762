// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing

@Suite struct MbufBurstTests {
    /// A pool, and `count` of its mbufs with their number as length.
    private func withBurst(_ count: Int, _ body: (inout MbufBurst, MempoolHandle) throws -> Void) throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "burst-tests", count: 255, cacheSize: 0)
            do {
                var burst = MbufBurst(capacity: 64)
                try #require(pool.handle.allocate(count, into: &burst))
                for index in 0..<count { try #require(burst[index].setLength(index + 1)) }
                try body(&burst, pool.handle)
            }
            #expect(pool.handle.inUse == 0)
        }
    }

    private func lengths(_ burst: borrowing MbufBurst) -> [Int] {
        (0..<burst.count).map { burst[$0].packetLength }
    }

    @Test func whatIsLeftIsFreedWithTheBurst() throws {
        try withBurst(5) { burst, pool in #expect(pool.inUse == 5 && burst.count == 5) }
    }

    @Test func freeingEmptiesItAndFillsThePool() throws {
        try withBurst(5) { burst, pool in
            #expect(burst.free() == 5)
            #expect(burst.isEmpty && pool.inUse == 0)
            #expect(burst.free() == 0)
        }
    }

    @Test func removingTheFirstKeepsTheOrderOfTheRest() throws {
        try withBurst(5) { burst, _ in
            var away = MbufBurst(capacity: 2)
            #expect(burst.move(to: &away) == 2)
            #expect(lengths(burst) == [3, 4, 5] && lengths(away) == [1, 2])
        }
    }

    @Test func aGapIsClosed() throws {
        try withBurst(6) { burst, _ in
            var away = MbufBurst(capacity: 8)
            away.append(burst[1])
            away.append(burst[2])
            burst.removeSubrange(from: 1, count: 2)
            #expect(lengths(burst) == [1, 4, 5, 6])
        }
    }

    @Test func movingHonoursTheLimitAndTheRoom() throws {
        try withBurst(6) { burst, _ in
            var away = MbufBurst(capacity: 4)
            #expect(burst.move(to: &away, limit: 3) == 3)
            #expect(burst.move(to: &away, limit: 3) == 1)
            #expect(lengths(away) == [1, 2, 3, 4] && lengths(burst) == [5, 6])
        }
    }

    @Test func allocationIsAllOrNothing() throws {
        try withBurst(1) { burst, pool in
            var hoard = MbufBurst(capacity: 256)
            #expect(!pool.allocate(255, into: &hoard) && hoard.isEmpty)
            #expect(pool.allocate(254, into: &hoard))
            #expect(!pool.allocate(1, into: &burst))
        }
    }

    @Test func aLengthThatDoesNotFitIsRefused() throws {
        try withBurst(1) { burst, _ in
            let mbuf = burst[0]
            let most = mbuf.dataLength + mbuf.tailroom
            #expect(mbuf.setLength(most) && mbuf.packetLength == most && mbuf.tailroom == 0)
            #expect(!mbuf.setLength(most + 1) && !mbuf.setLength(-1))
            mbuf.reset()
            #expect(mbuf.packetLength == 0)
        }
    }

    @Test func aSlotOutOfTheBurstIsAMistakeOfOurs() async {
        await #expect(processExitsWith: .failure) {
            let burst = MbufBurst(capacity: 4)
            _ = burst[0]
        }
    }
}
