// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct FaultTests {
    private let rule = FlowRule.steering(.guest(1), to: 1)

    @Test(arguments: [(SoftNICFaults.tableFull, Int32(28)), (.creationRefused, 5)])
    func creationFailsWhileValidationSucceeds(fault: SoftNICFaults, code: Int32) throws {
        try Rig.run { rig in
            rig.nic.faults = fault
            try Flow.validate(rule, on: rig.nic.port)
            let error = #expect(throws: FlowError.self) { _ = try Flow(creating: rule, on: rig.nic.port) }
            #expect(error?.code == code)
            rig.nic.faults = []
            let flow = try Flow(creating: rule, on: rig.nic.port)
            try flow.destroy()
        }
    }

    @Test func anIgnoredRuleIsAcceptedAndSteersNothing() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            rig.nic.faults = .rulesIgnored
            let flow = try Flow(creating: rule, on: rig.nic.port)
            rig.nic.faults = []
            rig.inject([TestFrame(to: .guest(1), sequence: 1)])
            rig.advance(microseconds: 3)
            #expect(rig.receiveAll().map(\.count) == [1, 0, 0, 0])
            #expect(rig.nic.ruleCount == 1 && rig.nic.statistics.rulesInEffect == 0)
            // It still takes its place, and its end is without effect on others.
            let error = #expect(throws: FlowError.self) { _ = try Flow(creating: rule, on: rig.nic.port) }
            #expect(error?.code == 17)
            try flow.destroy()
            #expect(rig.nic.ruleCount == 0)
        }
    }

    @Test func aLinkThatIsDownDropsBothWaysAndCounts() throws {
        try Rig.run(delays: .hardware) { rig in
            _ = rig.receiveAll()
            rig.nic.faults = .linkDown
            rig.inject((0..<7).map { TestFrame(to: .guest(1), sequence: $0) })
            #expect(rig.transmit((0..<9).map { TestFrame(to: .guest(2), sequence: $0) }, on: 1) == 9)
            rig.advance(microseconds: 100)
            #expect(rig.receiveAll().flatMap { $0 }.isEmpty && rig.takeFromWire().isEmpty)
            let down = rig.nic.statistics
            #expect(down.receivedLinkDown == 7 && down.queues[1].unsentLinkDown == 9 && down.wireTransmitted == 0)
            #expect(down.queues[1].completed == 9 && rig.queues[1].isTransmitDone(exceptNewest: 0) == true)
            rig.nic.faults = []
            rig.inject([TestFrame(to: .guest(1), sequence: 1)])
            rig.transmit([TestFrame(to: .guest(2), sequence: 2)], on: 1)
            rig.advance(microseconds: 100)
            #expect(rig.receive(0).count == 1 && rig.takeFromWire().count == 1)
        }
    }

    @Test func framesThatWaitForAFullWireAreDroppedWhenTheLinkGoesDown() throws {
        try Rig.run(queuePairs: 1, shape: Rig.Shape(wireRing: 4)) { rig in
            rig.transmit((0..<40).map { TestFrame(to: .guest(2), sequence: $0) }, on: 0)
            rig.advance(microseconds: 10)
            rig.nic.faults = .linkDown
            rig.advance(microseconds: 20)
            let queue = rig.nic.statistics.queues[0]
            #expect(queue.sent == 4 && queue.unsentLinkDown == 36 && queue.completed == 40)
            #expect(rig.takeFromWire().count == 4)
        }
    }

    @Test func whatTheNICReceivedBeforeTheLinkWentDownIsDelivered() throws {
        try Rig.run(delays: .hardware) { rig in
            _ = rig.receiveAll()
            rig.inject((0..<20).map { TestFrame(to: .guest(1), sequence: $0) })
            rig.nic.poll(advancing: 0)
            rig.nic.faults = .linkDown
            rig.advance(microseconds: 81)
            #expect(rig.receive(0).count == 20)
        }
    }

    // MARK: Link and reset events

    @Test func aLinkThatFlapsIsSeenAndReported() throws {
        try Rig.run { rig in
            let events = Lock<[PortEvent]>([])
            let watch = try PortEvents(rig.nic.port) { event in events.withLock { $0.append(event) } }
            rig.nic.faults = .tableFull
            #expect(events.withLock { $0 }.isEmpty)
            rig.nic.faults = [.tableFull, .linkDown]
            #expect(rig.information?.isLinkUp == false)
            rig.nic.faults = .linkDown
            #expect(events.withLock { $0 } == [.linkChanged])
            rig.nic.faults = []
            #expect(rig.information?.isLinkUp == true)
            #expect(events.withLock { $0 } == [.linkChanged, .linkChanged])
            withExtendedLifetime(watch) {}
        }
    }

    @Test func aResetStopsTheDataPathUntilThePortWasStoppedAndStarted() throws {
        try Rig.run { rig in
            let events = Lock<[PortEvent]>([])
            let port = rig.nic.port
            let watch = try PortEvents(port) { event in
                // A handler may ask about the port.
                #expect((try? port.information) != nil)
                events.withLock { $0.append(event) }
            }
            _ = rig.receiveAll()
            _ = try rig.steer(.guest(1), to: 1)
            #expect(rig.queues(getting: TestFrame(to: .guest(1), sequence: 1)) == [1])
            rig.transmit([TestFrame(to: .guest(2), sequence: 1)], on: 0)
            rig.nic.requestReset()
            rig.nic.requestReset()
            #expect(events.withLock { $0 } == [.resetRequested])
            #expect(rig.nic.ruleCount == 0 && rig.creates(rule)?.code == 5)
            #expect(rig.arrivals(TestFrame(to: .guest(1), sequence: 1)) == [0, 0, 0, 0])
            #expect(rig.transmit([TestFrame(to: .guest(2), sequence: 1)], on: 0) == 0)
            // ethdev takes a start of a started port for done.
            try rig.startPort()
            #expect(rig.arrivals(TestFrame(to: .guest(1), sequence: 1)) == [0, 0, 0, 0])
            try rig.stopPort()
            try rig.startPort()
            rig.nic.poll(advancing: 1000)
            _ = rig.receiveAll()
            #expect(rig.queues(getting: TestFrame(to: .guest(1), sequence: 1)) == [0], "without its rules")
            #expect(rig.takeFromWire().isEmpty)
            let statistics = rig.nic.statistics
            #expect(statistics.receivedStopped == 2 && statistics.queues[0].unsentReset == 1 && statistics.isBalanced)
            rig.nic.requestReset()
            #expect(events.withLock { $0 }.count == 2, "it may happen again")
            withExtendedLifetime(watch) {}
        }
    }

    // MARK: Queues

    @Test func aStuckReceiveQueueDeliversNothingAndTheOthersDo() throws {
        try Rig.run(configure: { $0.receiveFIFO = 10 }) { rig in
            _ = rig.receiveAll()
            let flow = try rig.steer(.guest(1), to: 1)
            rig.nic.stuckReceiveQueues = [1]
            let steered = (0..<15).map { TestFrame(to: .guest(1), sequence: $0) }
            #expect(rig.arrivals(steered + [TestFrame(to: .guest(2), sequence: 1)]) == [1, 0, 0, 0])
            let queue = rig.nic.statistics.queues[1]
            #expect(queue.held == 10 && queue.missed == 5 && rig.nic.statistics.isBalanced)
            #expect(rig.nic.stuckReceiveQueues == [1] && rig.nic.stuckTransmitQueues.isEmpty)
            rig.nic.stuckReceiveQueues = []
            rig.nic.poll(advancing: 1000)
            #expect(rig.receive(1).map(\.sequence) == Array(0..<10))
            try flow.destroy()
        }
    }

    @Test func aStuckTransmitQueueCompletesNothingAndTheOthersDo() throws {
        try Rig.run(delays: .hardware, descriptors: 64) { rig in
            func frames(_ count: Int) -> [TestFrame] { (0..<count).map { TestFrame(to: .guest(2), sequence: UInt32($0)) } }
            rig.transmit(frames(10), on: 1)
            rig.advance(microseconds: 20)
            let sent = rig.nic.statistics.queues[1].sent
            rig.nic.stuckTransmitQueues = [1]
            let completed = rig.nic.statistics.queues[1].completed
            #expect(rig.transmit(frames(100), on: 1) == 64 - 10 + Int(completed))
            #expect(rig.transmit(frames(5), on: 2) == 5)
            rig.advance(microseconds: 200)
            let stuck = rig.nic.statistics.queues[1]
            #expect(stuck.sent == sent && stuck.completed == completed)
            #expect(rig.nic.statistics.queues[2].completed == 5)
            #expect(rig.queues[1].isTransmitDone(exceptNewest: 0) == false)
            rig.nic.stuckTransmitQueues = []
            rig.advance(microseconds: 300)
            #expect(rig.nic.statistics.queues[1].pending == 0)
            _ = rig.takeFromWire()
        }
    }

    // MARK: Frames

    @Test(arguments: [1, 4])
    func transmitErrorsDropFramesAndCountThem(odds: Int) throws {
        try Rig.run(queuePairs: 2) { rig in
            rig.nic.faults = .transmitErrors
            rig.nic.faultOdds = odds
            for round in 0..<20 as Range<UInt32> {
                rig.transmit((0..<10).map { TestFrame(to: .guest(2), sequence: round * 10 + $0) }, on: 1)
                rig.advance(microseconds: 10)
            }
            let sent = rig.takeFromWire()
            let queue = rig.nic.statistics.queues[1]
            #expect(queue.transmitErrors == 200 - UInt64(sent.count) && queue.completed == 200 && queue.pending == 0)
            #expect(odds == 1 ? sent.isEmpty : (120..<180).contains(sent.count), "\(sent.count)")
            #expect(sent.map(\.sequence) == sent.map(\.sequence).sorted())
            #expect(rig.portStatistics?.transmitErrors == queue.transmitErrors)
            #expect(rig.queues[1].isTransmitDone(exceptNewest: 0) == true)
            rig.nic.faults = []
            rig.transmit([TestFrame(to: .guest(2), sequence: 1)], on: 1)
            rig.advance(microseconds: 10)
            #expect(rig.takeFromWire().count == 1)
        }
    }

    @Test func errorsAndFramesThatAreTooLongAreToldApart() throws {
        try Rig.run(queuePairs: 1, seed: 3, shape: Rig.Shape(wireRing: 4, wireRoom: 128 + 512)) { rig in
            rig.nic.faults = .transmitErrors
            rig.nic.faultOdds = 3
            let frames = (0..<60).map { TestFrame(to: .guest(2), sequence: $0, length: $0 % 5 == 0 ? 600 : 60) }
            rig.transmit(frames, on: 0)
            var sent = 0
            for _ in 0..<200 {
                sent += rig.takeFromWire().count
                rig.advance(microseconds: 1)
            }
            let queue = rig.nic.statistics.queues[0]
            #expect(queue.oversized > 0 && queue.transmitErrors > 0)
            #expect(queue.oversized + queue.transmitErrors + UInt64(sent) == 60 && queue.completed == 60)
        }
    }

    @Test(arguments: [1, 4])
    func cutFramesAreShorterAndOtherwiseTheSame(odds: Int) throws {
        try Rig.run(queuePairs: 1) { rig in
            _ = rig.receive(0)
            rig.nic.faults = .framesCut
            rig.nic.faultOdds = odds
            let frames = (0..<100).map { TestFrame(to: .guest(1), sequence: $0, length: 200) }
            var got: [TestFrame] = []
            for frame in frames {
                rig.inject([frame])
                rig.nic.poll(advancing: 1000)
                got += rig.receive(0)
            }
            #expect(got.count == 100)
            let cut = zip(got, frames).filter { $0.0.bytes.count < $0.1.bytes.count }
            #expect(zip(got, frames).allSatisfy { $0.1.bytes.starts(with: $0.0.bytes) && !$0.0.bytes.isEmpty })
            #expect(rig.nic.statistics.queues[0].cut == UInt64(cut.count))
            #expect(odds == 1 ? cut.count == 100 : (10..<45).contains(cut.count), "\(cut.count)")
            #expect(Set(cut.map(\.0.bytes.count)).count > 5, "of many lengths")
        }
    }

    // MARK: Counters

    @Test func thePortsCountersAreTheNICs() throws {
        try Rig.run(queuePairs: 2) { rig in
            _ = rig.receiveAll()
            rig.inject((0..<10).map { TestFrame(to: .guest(1), sequence: $0, length: 100) })
            rig.transmit((0..<7).map { TestFrame(to: .guest(1), sequence: $0, length: 64) }, on: 1)
            rig.advance(microseconds: 20)
            #expect(rig.takeFromWire().count == 7 && rig.receive(0).count == 10)
            let statistics = try rig.nic.port.statistics
            #expect(
                statistics
                    == PortStatistics(
                        receivedPackets: 10, receivedBytes: 1000, transmittedPackets: 7, transmittedBytes: 7 * 64))
        }
    }
}

/// Everything at once, at random: whatever happens, the sums hold and every mbuf comes back.
@Suite struct FaultStormTests {
    @Test(arguments: Personality.allCases)
    func theSumsHoldThroughEverything(personality: Personality) throws {
        let queuePairs = personality == .i40e ? 9 : 4
        let limits: [Personality: Int] = [.ixgbe82599: 2, .ixgbeX550: 2, .i40e: 2, .igb: 4, .bnxt: 2]
        try Rig.run(
            personality, queuePairs: queuePairs, delays: .hardware, descriptors: 64,
            shape: Rig.Shape(wireRing: 256, pools: personality == .bnxt ? nil : limits[personality]),
            configure: { $0.receiveFIFO = 64 }
        ) { rig in
            var random = SystemOfSeeds(seed: 11)
            _ = rig.receiveAll()
            for round in 0..<1500 {
                switch random.next(40) {
                case 0: rig.nic.faults = SoftNICFaults(rawValue: UInt32(random.next(128)))
                case 1: rig.nic.faultOdds = 1 + random.next(8)
                case 2: rig.nic.stuckReceiveQueues = random.next(2) == 0 ? [] : [random.next(queuePairs)]
                case 3: rig.nic.stuckTransmitQueues = random.next(2) == 0 ? [] : [random.next(queuePairs)]
                case 4: rig.nic.requestReset()
                case 5: try rig.stopPort()
                // Not before a reset, when an earlier one failed.
                case 6, 7: try? rig.startPort()
                case 8: try? rig.resetPort()
                case 26: rig.nic.beginRecovery()
                case 27: rig.nic.endRecovery(succeeds: random.next(4) > 0)
                case 9: try? rig.nic.port.stopReceiveQueue(random.next(queuePairs))
                case 10: try? rig.nic.port.startReceiveQueue(random.next(queuePairs))
                case 11: try? rig.nic.port.addAddress(MACAddress.guest(UInt64(random.next(4))).rawValue, pool: random.next(3))
                case 12: try? rig.nic.port.removeAddress(MACAddress.guest(UInt64(random.next(4))).rawValue)
                case 13: _ = rig.creates(.steering(.guest(UInt64(random.next(4))), to: UInt16(random.next(queuePairs))))
                case 14:
                    let tuple = FlowRule(
                        pattern: [.ethernet(), .ipv4(destination: UInt32(random.next(4))), .udp(destination: 53)],
                        actions: [.queue(UInt16(random.next(queuePairs)))])
                    _ = rig.creates(tuple)
                case 15...20: rig.transmit([TestFrame(to: .guest(9), sequence: UInt32(round))], on: random.next(queuePairs))
                case 21...25: _ = rig.receive(random.next(queuePairs))
                default:
                    let mac = MACAddress.guest(UInt64(random.next(5)))
                    rig.inject([random.next(2) == 0 ? TestFrame(to: mac, sequence: 1) : .ipv4(to: mac, address: 2)])
                    if random.next(8) == 0 { rig.inject([TestFrame(to: MACAddress(rawValue: 0xFFFF_FFFF_FFFF), sequence: 2)]) }
                }
                rig.nic.poll(advancing: UInt64(random.next(5000)))
                #expect(rig.nic.statistics.isBalanced, "round \(round): \(rig.nic.statistics)")
                if round % 16 == 0 { _ = rig.takeFromWire() }
            }
            rig.nic.faults = []
            rig.nic.stuckReceiveQueues = []
            rig.nic.stuckTransmitQueues = []
            try rig.resetPort()
            for _ in 0..<20 {
                rig.advance(microseconds: 20)
                _ = rig.receiveAll()
                _ = rig.takeFromWire()
            }
            for queue in rig.nic.statistics.queues {
                #expect(queue.pending == 0 && queue.completed == queue.posted && queue.held == 0, "\(queue)")
            }
        }
    }

    /// Numbers that depend on the seed only.
    struct SystemOfSeeds {
        private var state: UInt64
        init(seed: UInt64) { state = seed }
        mutating func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
    }
}
