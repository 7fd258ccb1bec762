// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Foundation
import Testing
import Wire

@testable import SoftNIC

/// A queue pair whose owner died, and its next owner, whose driver's half is made from names as in another process.
@Suite struct AbandonmentTests {
    private static let delays = SoftNICDelays(deliveryNanoseconds: 80_000, ruleNanoseconds: 0, completionNanoseconds: 80_000)

    /// Runs `body` on a thread of its own while the engine runs.
    private func whileRunning(_ rig: Rig, _ body: @escaping @Sendable (SoftNIC) throws(DPDKError) -> Void) throws {
        let nic = rig.nic
        let cell = Cell()
        Thread { cell.set(Result { () throws(DPDKError) in try body(nic) }) }.start()
        while true {
            if let outcome = cell.outcome { return try outcome.get() }
            rig.nic.poll(advancing: 1000)
            usleep(20)
        }
    }

    private final class Cell: Sendable {
        private let result = Lock<Result<Void, DPDKError>?>(nil)
        func set(_ outcome: Result<Void, DPDKError>) { result.withLock { $0 = outcome } }
        var outcome: Result<Void, DPDKError>? { result.withLock { $0 } }
    }

    @Test(arguments: 1...20)
    func whatADeadOwnerHadInTheNICIsForgotten(seed: UInt64) throws {
        try Rig.run(queuePairs: 3, delays: Self.delays, seed: seed) { rig in
            _ = rig.receiveAll()
            let first = try rig.steer(.guest(1), to: 1)
            let second = try rig.steer(.guest(2), to: 2)
            rig.nic.poll(advancing: 1000)
            let others = (0..<40).map { TestFrame(to: .guest(2), sequence: $0) }
            for number in UInt32(0)..<40 {
                rig.inject([TestFrame(to: .guest(1), sequence: number), others[Int(number)]])
                rig.transmit([TestFrame(to: .guest(9), sequence: number)], on: 1)
                // Frames are in every place when the owner dies.
                rig.advance(microseconds: Int(seed) / 4)
            }
            let map = try PoolMap(rig.ownerPool(1))
            map.reset()
            try whileRunning(rig) { nic throws(DPDKError) in try nic.stopQueuePair(1) }
            try map.rebuild()
            #expect(rig.ownerPool(1).inUse == 0)
            // Nobody is there: frames for it are dropped, those on the wire and the next ones.
            rig.advance(microseconds: 200)
            let missed = rig.nic.statistics.queues[1].missed
            rig.inject([TestFrame(to: .guest(1), sequence: 99)])
            rig.advance(microseconds: 200)
            #expect(rig.nic.statistics.queues[1].missed == missed + 1)
            #expect(rig.receive(2) == others)
            try whileRunning(rig) { nic throws(DPDKError) in try nic.startQueuePair(1) }
            _ = rig.takeFromWire()
            try useAsNew(rig)
            _ = consume first
            _ = consume second
        }
    }

    /// The next owner finds a queue pair as new.
    private func useAsNew(_ rig: Rig) throws {
        let name = rig.nic.configuration.name
        let memory = try SharedNICMemory(ofNIC: name)
        #expect(memory.queueCount == 3)
        let handles = try QueueRingHandles(nic: name, queue: 1)
        let counters = CounterBlock(count: OwnerCounter.allCases.count)
        var driver = DriverQueue(
            handles: handles, progress: memory.progress(1), counters: counters.counters, transmitDescriptors: 256)
        driver.setUp(pool: rig.ownerPool(1), descriptors: 256)
        driver.received()
        let frames = (100..<300).map { TestFrame(to: .guest(1), sequence: $0) }
        var burst = MbufBurst(capacity: 256)
        var arrived: [TestFrame] = []
        for frame in frames {
            rig.inject([frame])
            rig.advance(microseconds: 100)
            while handles.receive.dequeue(into: &burst) > 0 {}
            driver.received()
            for index in 0..<burst.count { arrived.append(TestFrame(burst[index])) }
            burst.free()
        }
        #expect(arrived == frames)
        for frame in frames {
            #expect(rig.ownerPool(1).allocate(1, into: &burst))
            #expect(frame.write(to: burst[0]))
            let taken = driver.transmitting(1)
            #expect(taken == 1 && handles.transmit.enqueue(&burst) == 1)
            rig.advance(microseconds: 100)
        }
        let isDone = driver.isTransmitDone(exceptNewest: 0)
        #expect(isDone)
        #expect(rig.takeFromWire() == frames)
        driver.received()
    }

    /// A restart in an owner's time hides from it what came before, and nothing from the next owner.
    @Test func framesFromBeforeARestartAreNotTheOwnersAndAllBehindADeathAreTheNextOnes() throws {
        try Rig.run(queuePairs: 2, delays: Self.delays) { rig in
            _ = rig.receiveAll()
            let flow = try rig.steer(.guest(1), to: 1)
            rig.nic.poll(advancing: 1000)
            try deliver(0..<20, rig)
            try restart(rig)
            let map = try PoolMap(rig.ownerPool(1))
            for range in [100..<130, 200..<230] as [Range<UInt32>] {
                map.reset()
                try whileRunning(rig) { nic throws(DPDKError) in try nic.stopQueuePair(1) }
                try map.rebuild()
                try whileRunning(rig) { nic throws(DPDKError) in try nic.startQueuePair(1) }
                let again = try rig.steer(.guest(1), to: 1)
                let memory = try SharedNICMemory(ofNIC: rig.nic.configuration.name)
                let counters = CounterBlock(count: OwnerCounter.allCases.count)
                let handles = try QueueRingHandles(nic: rig.nic.configuration.name, queue: 1)
                var driver = DriverQueue(
                    handles: handles, progress: memory.progress(1), counters: counters.counters, transmitDescriptors: 256)
                driver.setUp(pool: rig.ownerPool(1), descriptors: 256)
                driver.received()
                try deliver(range, rig)
                #expect(take(&driver, handles).map(\.sequence) == Array(range))
                try deliver(0..<7, rig)
                try restart(rig)
                #expect(take(&driver, handles).isEmpty)
                #expect(counters.counters[OwnerCounter.stale.index] == 7)
                _ = consume again
            }
            _ = consume flow
        }
    }

    private func deliver(_ numbers: Range<UInt32>, _ rig: Rig) throws {
        rig.inject(numbers.map { TestFrame(to: .guest(1), sequence: $0) })
        rig.advance(microseconds: 200)
    }

    private func restart(_ rig: Rig) throws {
        try rig.stopPort()
        rig.advance(microseconds: 10)
        try rig.startPort()
        rig.advance(microseconds: 10)
    }

    /// What a receive burst of the driver's yields.
    private func take(_ driver: inout DriverQueue, _ handles: QueueRingHandles) -> [TestFrame] {
        var burst = MbufBurst(capacity: 256)
        while handles.receive.dequeue(into: &burst) > 0 {}
        let admitted = unsafe driver.admit(burst.unsafeSlots, burst.count)
        burst.truncate(to: admitted)
        let frames = (0..<burst.count).map { TestFrame(burst[$0]) }
        burst.free()
        driver.received()
        return frames
    }

    @Test func anEngineThatDoesNotRunIsSaidSo() throws {
        try Rig.run { rig in
            let error = #expect(throws: DPDKError.self) { try rig.nic.stopQueuePair(1) }
            #expect(error?.code == 110)
            rig.nic.poll(advancing: 1000)
            try rig.nic.stopQueuePair(1)
        }
    }

    @Test func theDefaultQueueAndOnesThatAreNotThereCannotBeTaken() throws {
        try Rig.run { rig in
            for queue in [-1, 0, 4] { #expect(throws: DPDKError.self) { try rig.nic.stopQueuePair(queue) } }
        }
    }

    @Test func aNICThatIsNotThereIsNotFound() throws {
        try Rig.run { rig in
            #expect(throws: DPDKError.self) { _ = try SharedNICMemory(ofNIC: "nobody") }
            #expect(throws: DPDKError.self) {
                _ = try SoftNICAttachment(nic: rig.nic.configuration.name, queue: 4, descriptors: 256, pool: rig.ownerPool(1))
            }
        }
    }
}
