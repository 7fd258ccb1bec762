// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct DeliveryTests {
    private let delivery = SoftNICDelays(deliveryNanoseconds: 80_000, ruleNanoseconds: 0, completionNanoseconds: 0)

    @Test(arguments: [14, 60, 61, 64, 590, 1513, 1514, 2048])
    func framesArriveByteForByte(length: Int) throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            let frames = (0..<40).map {
                TestFrame(to: .guest(UInt64($0)), sequence: UInt32($0) * 0x0103_0507, length: length)
            }
            rig.inject(frames)
            rig.nic.poll(advancing: 1000)
            #expect(rig.receive(0) == frames)
        }
    }

    @Test func orderInsideAQueueIsKeptAndQueuesOvertakeEachOther() throws {
        try Rig.run(queuePairs: 2, delays: delivery) { rig in
            _ = rig.receiveAll()
            let flow = try rig.steer(.guest(1), to: 1)
            rig.nic.poll(advancing: 1000)
            var arrived: [(queue: Int, sequence: UInt32)] = []
            for sequence in 0..<1000 as Range<UInt32> {
                rig.inject([TestFrame(to: .guest(UInt64(sequence % 2)), sequence: sequence)])
                rig.advance(microseconds: 1)
                for queue in 0...1 { arrived += rig.receive(queue).map { (queue, $0.sequence) } }
            }
            rig.advance(microseconds: 81)
            for queue in 0...1 { arrived += rig.receive(queue).map { (queue, $0.sequence) } }
            for queue in 0...1 {
                let own = arrived.filter { $0.queue == queue }.map(\.sequence)
                #expect(own == stride(from: UInt32(queue), to: 1000, by: 2).map { $0 })
            }
            let all = arrived.map(\.sequence)
            #expect(all.count == 1000 && all != all.sorted(), "the queues' delays should differ")
            try flow.destroy()
        }
    }

    @Test func noFrameWaitsLongerThanTheBound() throws {
        try Rig.run(delays: delivery) { rig in
            _ = rig.receiveAll()
            rig.inject((0..<50).map { TestFrame(to: .guest(1), sequence: $0) })
            rig.advance(microseconds: 1)
            let early = rig.receive(0).count
            #expect(early < 50, "some frames should wait")
            #expect(rig.nic.statistics.queues[0].held == UInt64(50 - early) && rig.nic.statistics.isBalanced)
            rig.advance(microseconds: 80)
            #expect(rig.receive(0).count == 50 - early)
        }
    }

    @Test func nothingIsDeliveredBeforeTheOwnerPostedBuffers() throws {
        try Rig.run { rig in
            rig.inject((0..<5).map { TestFrame(to: .guest(1), sequence: $0) })
            rig.nic.poll(advancing: 1000)
            #expect(rig.receive(0).isEmpty)
            #expect(rig.nic.statistics.queues[0].noMbuf == 5)
            // The poll has posted buffers.
            rig.inject([TestFrame(to: .guest(1), sequence: 9)])
            rig.nic.poll(advancing: 1000)
            #expect(rig.receive(0).map(\.sequence) == [9])
        }
    }

    @Test func anOwnerThatDoesNotPollGetsAsManyFramesAsItHasDescriptors() throws {
        try Rig.run(descriptors: 64) { rig in
            _ = rig.receiveAll()
            for sequence in 0..<100 as Range<UInt32> {
                rig.inject([TestFrame(to: .guest(1), sequence: sequence)])
                rig.nic.poll(advancing: 1000)
            }
            let queue = rig.nic.statistics.queues[0]
            #expect(queue.delivered == 64 && queue.noMbuf == 36)
            #expect(rig.receive(0).map(\.sequence) == Array(0..<64))
        }
    }

    @Test func buffersOutstandingNeverExceedTheDescriptors() throws {
        try Rig.run(descriptors: 64) { rig in
            for sequence in 0..<300 as Range<UInt32> {
                // Polls that take little, so that the receive ring stays full while buffers are posted.
                _ = rig.queues[0].receive(into: &rig.burst, limit: 1)
                rig.burst.free()
                #expect(rig.ownerPool(0).inUse <= 64)
                rig.inject([TestFrame(to: .guest(1), sequence: sequence), TestFrame(to: .guest(1), sequence: sequence)])
                rig.nic.poll(advancing: 1000)
            }
            #expect(rig.nic.statistics.queues[0].noMbuf > 0)
        }
    }

    @Test func aQueueMayBeSmallerThanTheNICsRings() throws {
        try Rig.run(descriptors: 256, shape: Rig.Shape(receiveDescriptors: 32)) { rig in
            _ = rig.receiveAll()
            #expect(rig.ownerPool(0).inUse == 32)
        }
    }

    @Test func anEmptyPoolMeansNoBuffersAndNoHarm() throws {
        try Rig.run(queuePairs: 1, shape: Rig.Shape(ownerPool: 40)) { rig in
            _ = rig.receive(0)
            #expect(rig.ownerPool(0).inUse == 32, "one batch fits the pool, a second one does not")
            rig.inject((0..<50).map { TestFrame(to: .guest(1), sequence: $0) })
            rig.nic.poll(advancing: 1000)
            #expect(rig.receive(0).count == 32)
            #expect(rig.nic.statistics.queues[0].noMbuf == 18)
            rig.inject([TestFrame(to: .guest(1), sequence: 99)])
            rig.nic.poll(advancing: 1000)
            #expect(rig.receive(0).map(\.sequence) == [99])
        }
    }

    @Test func aFullFIFOIsAMissedDrop() throws {
        try Rig.run(delays: delivery, configure: { $0.receiveFIFO = 10 }) { rig in
            _ = rig.receiveAll()
            rig.inject((0..<30).map { TestFrame(to: .guest(1), sequence: $0) })
            rig.nic.poll(advancing: 0)
            #expect(rig.nic.statistics.queues[0].missed == 20)
            rig.advance(microseconds: 81)
            #expect(rig.receive(0).map(\.sequence) == Array(0..<10))
        }
    }

    @Test func aFrameLongerThanItsBufferIsATruncatedDropAndTheBufferServesTheNext() throws {
        try Rig.run(queuePairs: 1, shape: Rig.Shape(ownerRoom: 128 + 256, receiveDescriptors: 8)) { rig in
            _ = rig.receive(0)
            for round in 0..<20 as Range<UInt32> {
                rig.inject([
                    TestFrame(to: .guest(1), sequence: round, length: 257),
                    TestFrame(to: .guest(1), sequence: round, length: 9000),
                    TestFrame(to: .guest(1), sequence: round, length: 256),
                ])
                rig.nic.poll(advancing: 1000)
                #expect(rig.receive(0) == [TestFrame(to: .guest(1), sequence: round, length: 256)])
            }
            #expect(rig.nic.statistics.queues[0].truncated == 40)
        }
    }

    @Test func whatWasNotTakenGoesBackToItsPoolsInTheEnd() throws {
        try Rig.run(delays: .hardware) { rig in
            _ = rig.receiveAll()
            for sequence in 0..<100 as Range<UInt32> {
                rig.inject([TestFrame(to: .guest(1), sequence: sequence)])
                rig.transmit([TestFrame(to: .guest(2), sequence: sequence)], on: Int(sequence % 4))
                rig.advance(microseconds: 1)
            }
            // Frames are now in every place that can hold one; the rig checks the pools.
            let queues = rig.nic.statistics.queues
            #expect(queues[0].held > 0 && queues[0].delivered > 0)
            #expect(queues.contains { $0.completed < $0.sent })
        }
    }
}
