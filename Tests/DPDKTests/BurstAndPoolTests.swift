// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing

@Suite(.serialized) struct BurstAndPoolTests {
    @Test(arguments: [(10, 4, Int.max, 4), (3, 8, Int.max, 3), (10, 8, 2, 2), (10, 8, 0, 0), (10, 8, -1, 0), (10, 0, Int.max, 0)])
    func moveTakesWhatBothSidesAndTheLimitAllow(_ filled: Int, _ room: Int, _ limit: Int, _ expected: Int) throws {
        try PoolFixture.run { pool in
            var from = MbufBurst(capacity: 16)
            var to = MbufBurst(capacity: 16)
            from.fill(60..<60 + filled, from: pool)
            to.fill(100..<116 - room, from: pool)
            let moved = from.move(to: &to, limit: limit)
            #expect(moved == expected)
            #expect(from.lengths == Array(60 + expected..<60 + filled))
            #expect(to.lengths == Array(100..<116 - room) + Array(60..<60 + expected))
        }
    }

    @Test func placesAreExchangedAndTailsForgotten() throws {
        try PoolFixture.run { pool in
            var burst = MbufBurst(capacity: 4)
            burst.fill(60..<63, from: pool)
            let (first, last) = (burst[0], burst[2])
            burst.place(last, at: 0)
            burst.place(first, at: 2)
            #expect(burst.lengths == [62, 61, 60])
            var tail = MbufBurst(capacity: 4)
            tail.append(burst[2])
            burst.truncate(to: 2)
            #expect(burst.lengths == [62, 61])
        }
    }

    @Test func aFrameIsCopiedWhereItFits() throws {
        try PoolFixture.run { pool in
            let small = try Mempool(name: "dpdk-small", count: 7, dataRoom: 128 + 100, cacheSize: 0)
            var burst = MbufBurst(capacity: 4)
            burst.fill(100..<102, from: pool)
            for index in 0..<100 { unsafe burst[0].unsafeData.storeBytes(of: UInt8(index), toByteOffset: index, as: UInt8.self) }
            var copies = MbufBurst(capacity: 4)
            try #require(small.handle.allocate(2, into: &copies))
            let fits = copies[0].copyFrame(from: burst[0])
            let doesNot = copies[1].copyFrame(from: burst[1])
            #expect(fits && !doesNot)
            let copied = (0..<100).map { unsafe copies[0].unsafeData.load(fromByteOffset: $0, as: UInt8.self) }
            #expect(copied == (0..<100).map { UInt8($0) } && copies.lengths[0] == 100)
            let longer = copies[0].setLength(101)
            #expect(!longer && copies.lengths[0] == 100)
            copies.free()
            #expect(small.handle.inUse == 0)
        }
    }

    @Test func poolsOutOfTheirLimitsAreRefused() throws {
        try EALFixture.exclusively {
            func code(_ name: String, _ count: Int, _ room: Int) -> Int32? {
                do throws(DPDKError) {
                    _ = try Mempool(name: name, count: count, dataRoom: room)
                    return nil
                } catch {
                    return error.code
                }
            }
            #expect(code("a-name-of-twenty-six-bytes", 7, 2176) == 22)
            #expect(code("p", 0, 2176) == 22 && code("p", 7, 128) == 22 && code("p", 7, 65536) == 22)
            #expect(code("p", 1 << 23, 2176) == 12, "more than the EAL's memory")
            let pool = try Mempool(name: "p", count: 7)
            #expect(code("p", 7, 2176) == 17)
            #expect(MempoolHandle(named: pool.name) != nil && MempoolHandle(named: "q") == nil)
        }
    }
}
