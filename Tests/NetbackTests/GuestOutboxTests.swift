// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing

@testable import Netback

/// How long and how much an outbox lets wait, by a clock in the test's hands.
@Suite struct GuestOutboxTests {
    private let patience = TSC.ticks(nanoseconds: GuestOutbox.patienceNanoseconds)

    private func run(_ body: (MempoolHandle, inout MbufBurst, inout GuestOutbox) throws -> Void) throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "outbox", count: 2047, cacheSize: 0)
            do {
                var fresh = MbufBurst(capacity: 1024)
                var outbox = GuestOutbox()
                try body(pool.handle, &fresh, &outbox)
                _ = outbox.reset()
                fresh.free()
            }
            #expect(pool.handle.inUse == 0)
        }
    }

    /// Appends up to `count` frames of one mbuf; how many there was room for.
    private func fill(_ outbox: inout GuestOutbox, _ count: Int, _ pool: MempoolHandle, _ fresh: inout MbufBurst) -> Int {
        var appended = 0
        while appended < count {
            guard pool.allocate(1, into: &fresh) else { break }
            guard outbox.hasRoom(for: fresh[0]) else { break }
            outbox.append(fresh[0])
            fresh.removeAll()
            appended += 1
        }
        fresh.free()
        return appended
    }

    @Test func aGuestIsGivenUpWhenItTookNothingForTheWholeTime() throws {
        try run { pool, fresh, outbox in
            let filled1 = fill(&outbox, 10, pool, &fresh)
            #expect(filled1 == 10)
            outbox.took(0, mbufs: 0, now: 1000)
            let holds2 = !outbox.isGivenUp && outbox.count == 10
            #expect(holds2)
            outbox.took(0, mbufs: 0, now: 1000 + patience - 1)
            let holds3 = !outbox.isGivenUp
            #expect(holds3)
            outbox.took(0, mbufs: 0, now: 1000 + patience)
            let holds4 = outbox.isGivenUp
            #expect(holds4)
            let freed5 = outbox.free()
            #expect(freed5 == 10)
        }
    }

    @Test func whatItTakesGivesItTimeAgain() throws {
        try run { pool, fresh, outbox in
            let filled6 = fill(&outbox, 10, pool, &fresh)
            #expect(filled6 == 10)
            outbox.took(0, mbufs: 0, now: 1000)
            outbox.took(1, mbufs: 1, now: 900 + patience)
            outbox.took(0, mbufs: 0, now: 899 + 2 * patience)
            let holds7 = !outbox.isGivenUp && outbox.count == 9
            #expect(holds7)
            outbox.took(0, mbufs: 0, now: 900 + 2 * patience)
            let holds8 = outbox.isGivenUp
            #expect(holds8)
        }
    }

    @Test func nothingWaitsForOneThatIsGivenUpUntilItTakesAFrame() throws {
        try run { pool, fresh, outbox in
            let filled9 = fill(&outbox, 1, pool, &fresh)
            #expect(filled9 == 1)
            outbox.took(0, mbufs: 0, now: 1)
            outbox.took(0, mbufs: 0, now: 1 + patience)
            let freed10 = outbox.free()
            #expect(freed10 == 1)
            let filled11 = fill(&outbox, 2, pool, &fresh)
            #expect(filled11 == 2)
            outbox.took(0, mbufs: 0, now: 2 + patience)
            let holds12 = outbox.isGivenUp
            #expect(holds12, "what comes later is not waited for")
            outbox.took(1, mbufs: 1, now: 3 + patience)
            let holds13 = !outbox.isGivenUp
            #expect(holds13)
            outbox.took(0, mbufs: 0, now: 2 + 2 * patience)
            let holds14 = !outbox.isGivenUp && outbox.count == 1
            #expect(holds14)
        }
    }

    @Test func mbufsAreCountedAndNotFrames() throws {
        try run { pool, fresh, outbox in
            let filled15 = fill(&outbox, 1000, pool, &fresh)
            #expect(filled15 == GuestOutbox.limit)
            // A fence has a place left.
            let holds16 = outbox.frames.freeCapacity == 1
            #expect(holds16)
            outbox.took(12, mbufs: 12, now: 5)
            let filled17 = fill(&outbox, 1000, pool, &fresh)
            #expect(filled17 == 12)
            let freed18 = outbox.reset()
            #expect(freed18 == GuestOutbox.limit)
            let filled19 = fill(&outbox, 1000, pool, &fresh)
            #expect(filled19 == GuestOutbox.limit)
        }
    }

    @Test func aTryInVainIsNotRepeatedInTheSameRound() throws {
        try run { pool, fresh, outbox in
            let filled20 = fill(&outbox, 10, pool, &fresh)
            #expect(filled20 == 10)
            outbox.took(4, mbufs: 4, now: 1)
            let holds21 = !outbox.isVain
            #expect(holds21)
            outbox.took(0, mbufs: 0, now: 1)
            let holds22 = outbox.isVain
            #expect(holds22)
            outbox.beginRound()
            let holds23 = !outbox.isVain
            #expect(holds23)
        }
    }
}
