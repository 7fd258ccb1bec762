// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct TransmitTests {
    private func frames(_ queue: Int, _ range: Range<UInt32>, length: Int = 60) -> [TestFrame] {
        range.map { TestFrame(to: .guest(200), from: 0x02_0000_0002_00 + UInt64(queue), sequence: $0, length: length) }
    }

    @Test(arguments: [14, 60, 61, 590, 1514, 2048])
    func framesReachTheWireByteForByte(length: Int) throws {
        try Rig.run(queuePairs: 1) { rig in
            let sent = frames(0, 0..<30, length: length)
            #expect(rig.transmit(sent, on: 0) == 30)
            rig.advance(microseconds: 60)
            #expect(rig.takeFromWire() == sent)
        }
    }

    @Test func queuesAreServedInARandomOrderAndEachKeepsItsOwn() throws {
        try Rig.run(queuePairs: 4) { rig in
            for queue in 0..<4 { #expect(rig.transmit(frames(queue, 0..<200), on: queue) == 200) }
            rig.advance(microseconds: 100)
            let sent = rig.takeFromWire()
            #expect(sent.count == 800)
            let order = sent.map { Int($0.bytes[11]) }
            for queue in 0..<4 {
                #expect(sent.filter { Int($0.bytes[11]) == queue } == frames(queue, 0..<200))
            }
            // Runs of one queue: neither queue by queue, nor a fixed rotation with a fixed share.
            var runs: [(queue: Int, length: Int)] = []
            for queue in order {
                if runs.last?.queue == queue { runs[runs.count - 1].length += 1 } else { runs.append((queue, 1)) }
            }
            #expect(runs.count > 12)
            #expect(Set(runs.map(\.length)).count > 4)
            // While every queue has frames left, which the first three rounds leave each of them.
            let early = runs.prefix(9).map(\.queue)
            let steps = zip(early, early.dropFirst()).map { ($0.1 - $0.0 + 4) % 4 }
            #expect(Set(steps).count > 1)
        }
    }

    @Test func aFrameIsGivenBackNoSoonerThanItIsCompleted() throws {
        let delays = SoftNICDelays(deliveryNanoseconds: 0, ruleNanoseconds: 0, completionNanoseconds: 60_000)
        try Rig.run(queuePairs: 1, delays: delays) { rig in
            // No receive poll: only what was posted for sending is in use.
            #expect(rig.transmit(frames(0, 0..<32), on: 0) == 32)
            #expect(rig.ownerPool(0).inUse == 32)
            rig.advance(microseconds: 40)
            #expect(rig.takeFromWire().count == 32)
            let early = rig.nic.statistics.queues[0].completed
            #expect(early < 32, "completions should be late")
            rig.advance(microseconds: 100)
            #expect(rig.nic.statistics.queues[0].completed == 32)
            #expect(rig.ownerPool(0).inUse == 32, "the owner has not reaped yet")
            // An empty burst would not reach the driver.
            rig.transmit(frames(0, 32..<33), on: 0)
            #expect(rig.ownerPool(0).inUse == 1)
        }
    }

    @Test func receivePollsReapCompletionsToo() throws {
        try Rig.run(queuePairs: 1, shape: Rig.Shape(receiveDescriptors: 8)) { rig in
            rig.transmit(frames(0, 0..<50), on: 0)
            rig.advance(microseconds: 50)
            _ = rig.receive(0)
            #expect(rig.ownerPool(0).inUse == 8, "eight posted buffers, no frame")
            _ = rig.takeFromWire()
        }
    }

    @Test func transmitIsDoneWhenTheFramesAreOnTheWire() throws {
        try Rig.run(queuePairs: 2) { rig in
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 0) == true, "nothing was posted")
            rig.transmit(frames(0, 0..<10), on: 0)
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 0) == false)
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 9) == false)
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 10) == true)
            #expect(rig.queues[1].isTransmitDone(exceptNewest: 0) == true)
            rig.advance(microseconds: 20)
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 0) == true)
            rig.transmit(frames(0, 10..<13), on: 0)
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 0) == false)
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 3) == true)
            rig.advance(microseconds: 20)
            #expect(rig.takeFromWire().count == 13)
        }
    }

    @Test func transmitIsNotDoneWhileTheWireIsFull() throws {
        try Rig.run(queuePairs: 1, shape: Rig.Shape(wireRing: 8)) { rig in
            rig.transmit(frames(0, 0..<20), on: 0)
            rig.advance(microseconds: 50)
            let queue = rig.nic.statistics.queues[0]
            #expect(queue.sent == 8 && queue.completed == 8, "nothing comes back before it is on the wire")
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 12) == true)
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 11) == false)
            var sent: [TestFrame] = []
            for _ in 0..<50 {
                sent += rig.takeFromWire()
                rig.advance(microseconds: 1)
            }
            #expect(sent == frames(0, 0..<20))
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 0) == true)
        }
    }

    @Test func aFullWireHoldsFramesBackAndLosesNone() throws {
        try Rig.run(queuePairs: 4, delays: .hardware, shape: Rig.Shape(wireRing: 16)) { rig in
            var posted = [UInt32](repeating: 0, count: 4)
            var sent: [TestFrame] = []
            for round in 0..<2000 {
                for queue in 0..<4 where posted[queue] < 500 {
                    posted[queue] += UInt32(rig.transmit(frames(queue, posted[queue]..<posted[queue] + 1), on: queue))
                }
                rig.advance(microseconds: 1)
                if round % 7 == 0 { sent += rig.takeFromWire() }
            }
            for _ in 0..<500 {
                rig.advance(microseconds: 1)
                sent += rig.takeFromWire()
            }
            #expect(posted == [500, 500, 500, 500])
            for queue in 0..<4 { #expect(sent.filter { Int($0.bytes[11]) == queue } == frames(queue, 0..<500)) }
        }
    }

    @Test func aQueueTakesNoMoreFramesThanItHasDescriptors() throws {
        try Rig.run(queuePairs: 1, descriptors: 64) { rig in
            #expect(rig.transmit(frames(0, 0..<100), on: 0) == 64)
            rig.advance(microseconds: 30)
            // Completed, and given back with the next burst.
            #expect(rig.transmit(frames(0, 64..<164), on: 0) == 64)
            rig.advance(microseconds: 30)
            #expect(rig.takeFromWire().count == 128)
            #expect(rig.nic.statistics.queues[0].posted == 128)
        }
    }

    @Test func aFrameThatIsNotCompletedOccupiesItsDescriptor() throws {
        let delays = SoftNICDelays(deliveryNanoseconds: 0, ruleNanoseconds: 0, completionNanoseconds: 60_000)
        try Rig.run(queuePairs: 1, delays: delays, descriptors: 64) { rig in
            #expect(rig.transmit(frames(0, 0..<64), on: 0) == 64)
            rig.advance(microseconds: 30)
            let queue = rig.nic.statistics.queues[0]
            #expect(queue.sent == 64 && queue.completed < 64)
            #expect(rig.transmit(frames(0, 64..<164), on: 0) == Int(queue.completed))
            rig.advance(microseconds: 200)
            _ = rig.takeFromWire()
        }
    }

    // The seeds differ in how many frames the engine takes at once.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func aFrameLongerThanTheWiresBuffersIsDroppedAndDoneInItsTurn(seed: UInt64) throws {
        try Rig.run(queuePairs: 1, seed: seed, shape: Rig.Shape(wireRing: 4, wireRoom: 128 + 512)) { rig in
            let short = frames(0, 0..<12)
            let long = frames(0, 0..<12, length: 513)
            rig.transmit([long[0]] + Array(short[0..<6]) + [long[1], long[2]] + Array(short[6..<12]) + [long[3]], on: 0)
            rig.advance(microseconds: 50)
            // The wire has room for four: the first drop is done, those behind waiting frames are not.
            #expect(rig.nic.statistics.queues[0].oversized == 1)
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 11) == true)
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 10) == false)
            var sent: [TestFrame] = []
            for _ in 0..<50 {
                sent += rig.takeFromWire()
                rig.advance(microseconds: 1)
            }
            #expect(sent == short)
            #expect(rig.nic.statistics.queues[0].oversized == 4)
            #expect(rig.queues[0].isTransmitDone(exceptNewest: 0) == true)
            #expect(rig.nic.statistics.queues[0].pending == 0)
        }
    }

    @Test func anEmptyWirePoolHoldsFramesBack() throws {
        try Rig.run(queuePairs: 1, shape: Rig.Shape(wirePool: 40)) { rig in
            rig.transmit(frames(0, 0..<150), on: 0)
            var sent: [TestFrame] = []
            rig.advance(microseconds: 50)
            #expect(rig.nic.statistics.wireNoMbuf > 0)
            for _ in 0..<200 {
                sent += rig.takeFromWire()
                rig.advance(microseconds: 1)
            }
            #expect(sent == frames(0, 0..<150))
        }
    }
}
