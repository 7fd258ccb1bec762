// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing

enum PoolFixture {
    /// Runs `body` alone with a pool, all of whose mbufs must be back at the end.
    static func run(
        count: Int = 1023, sourceLocation: SourceLocation = #_sourceLocation, _ body: (MempoolHandle) throws -> Void
    ) throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "dpdk-tests", count: count)
            try body(pool.handle)
            let left = pool.handle.inUse
            #expect(left == 0, "mbufs leaked", sourceLocation: sourceLocation)
        }
    }
}

extension MbufBurst {
    /// The packets' lengths, by which these tests tell them apart.
    var lengths: [Int] { (0..<count).map { self[$0].packetLength } }

    /// Adds mbufs of the given lengths.
    mutating func fill(_ lengths: Range<Int>, from pool: MempoolHandle) {
        for length in lengths {
            precondition(pool.allocate(1, into: &self) && self[count - 1].setLength(length))
        }
    }
}
