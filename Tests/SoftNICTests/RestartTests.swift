// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct RestartTests {
    private let mac = MACAddress.guest(1)
    private func frames(_ count: Int, to mac: MACAddress = .guest(1)) -> [TestFrame] {
        (0..<count).map { TestFrame(to: mac, sequence: UInt32($0)) }
    }

    @Test func rulesAreGoneAfterARestartAndCanBeMadeAgain() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            let flow = try rig.steer(mac, to: 1)
            #expect(rig.queues(getting: frames(1)[0]) == [1])
            try rig.stopPort()
            #expect(rig.creates(.steering(mac, to: 2))?.code == 5, "no rules while the port is stopped")
            try rig.startPort()
            rig.nic.poll(advancing: 1000)
            #expect(rig.nic.ruleCount == 0 && rig.nic.statistics.rulesInEffect == 0)
            _ = rig.receiveAll()
            #expect(rig.queues(getting: frames(1)[0]) == [0])
            let again = try rig.steer(mac, to: 2)
            #expect(rig.queues(getting: frames(1)[0]) == [2])
            do throws(FlowError) {
                try flow.destroy()
                Issue.record("the rule of the port's earlier life is gone")
            } catch { #expect(error.code == 2) }
            try again.destroy()
        }
    }

    @Test func aRuleThatWasOnItsWayDoesNotSurviveARestart() throws {
        let delays = SoftNICDelays(deliveryNanoseconds: 0, ruleNanoseconds: 150_000, completionNanoseconds: 0)
        for seed in 1...8 as ClosedRange<UInt64> {
            try Rig.run(delays: delays, seed: seed) { rig in
                _ = rig.receiveAll()
                _ = try rig.steer(mac, to: 1)
                if seed % 2 == 0 { rig.advance(microseconds: 3) }
                try rig.stopPort()
                try rig.startPort()
                rig.advance(microseconds: 200)
                _ = rig.receiveAll()
                #expect(rig.queues(getting: frames(1)[0]) == [0])
            }
        }
    }

    @Test func poolsAndTheirAddressesAreThereAfterARestart() throws {
        try Rig.run(.ixgbe82599, shape: Rig.Shape(pools: 2)) { rig in
            _ = rig.receiveAll()
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            rig.nic.poll(advancing: 1000)
            try rig.stopPort()
            rig.nic.poll(advancing: 1000)
            try rig.startPort()
            rig.nic.poll(advancing: 1000)
            _ = rig.receiveAll()
            #expect(rig.queues(getting: frames(1)[0]) == [2])
            #expect(rig.queues(getting: TestFrame(to: MACAddress(rawValue: 0xFFFF_FFFF_FFFF), sequence: 1)) == [0, 2])
        }
    }

    @Test func aStoppedPortMovesNothingAndCountsIt() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            rig.transmit(frames(5), on: 1)
            try rig.stopPort()
            rig.inject(frames(7))
            rig.advance(microseconds: 20)
            #expect(rig.takeFromWire().isEmpty && rig.receiveAll().flatMap { $0 }.isEmpty)
            var statistics = rig.nic.statistics
            #expect(statistics.receivedStopped == 7 && statistics.queues[1].unsentReset == 5)
            #expect(statistics.queues[1].completed == 5 && statistics.isBalanced)
            try rig.startPort()
            rig.nic.poll(advancing: 1000)
            _ = rig.receiveAll()
            #expect(rig.arrivals(frames(3)) == [3, 0, 0, 0])
            #expect(rig.transmit(frames(4), on: 1) == 4)
            rig.advance(microseconds: 20)
            #expect(rig.takeFromWire().count == 4)
            statistics = rig.nic.statistics
            #expect(statistics.isBalanced && statistics.queues[1].pending == 0)
        }
    }

    /// Frames in every place: in the FIFO, in the receive ring, in the transmit ring, in the outbox, on the completion line.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func whatTheQueuesHeldIsLostAndCounted(seed: UInt64) throws {
        try Rig.run(delays: .hardware, seed: seed, shape: Rig.Shape(wireRing: 32)) { rig in
            _ = rig.receiveAll()
            rig.inject(frames(20))
            rig.transmit(frames(60), on: 1)
            rig.advance(microseconds: 80)
            rig.transmit(frames(30), on: 1)
            rig.inject(frames(10))
            rig.advance(microseconds: 1)
            let before = rig.nic.statistics.queues[0]
            #expect(before.delivered > 0 && before.held > 0, "\(before)")
            try rig.stopPort()
            if seed % 2 == 0 { rig.advance(microseconds: 5) }
            try rig.startPort()
            #expect(rig.receiveAll().flatMap { $0 }.isEmpty, "the engine has not seen the restart yet, or has")
            rig.advance(microseconds: 300)
            #expect(rig.receiveAll().flatMap { $0 }.isEmpty, "nothing of the life before")
            let after = rig.nic.statistics
            #expect(after.isBalanced, "\(after)")
            #expect(after.queues[0].stale == after.queues[0].delivered && after.queues[0].lostInReset > 0)
            #expect(after.queues[1].pending == 0 && after.queues[1].unsentReset > 0, "\(after.queues[1])")
            #expect(after.queues[1].completed == after.queues[1].posted)
            #expect(rig.takeFromWire().count == Int(after.wireTransmitted))
            rig.inject(frames(4))
            rig.advance(microseconds: 81)
            #expect(rig.receive(0).count == 4)
        }
    }

    @Test func deliveredFramesOfTheLifeBeforeAreNotSeen() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            rig.inject(frames(5))
            rig.nic.poll(advancing: 1000)
            try rig.stopPort()
            rig.nic.poll(advancing: 1000)
            try rig.startPort()
            rig.nic.poll(advancing: 1000)
            // The engine is done with the restart, its posted buffers are still good, and new frames lie behind the old.
            rig.inject([TestFrame(to: mac, sequence: 77)])
            rig.nic.poll(advancing: 1000)
            #expect(rig.receive(0).map(\.sequence) == [77])
            #expect(rig.nic.statistics.queues[0].stale == 5 && rig.nic.statistics.queues[0].delivered == 6)
        }
    }

    @Test func aQueueOwnerSendsNothingUntilTheEngineKnowsOfTheStart() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            try rig.stopPort()
            try rig.startPort()
            #expect(rig.transmit(frames(1), on: 1) == 0)
            rig.nic.poll(advancing: 1000)
            #expect(rig.transmit(frames(1), on: 1) == 1)
            rig.advance(microseconds: 20)
            #expect(rig.takeFromWire().count == 1)
        }
    }

    @Test func anIdlePortThatIsStoppedLetsItsLoopRest() throws {
        try Rig.run { rig in
            try rig.stopPort()
            rig.nic.poll(advancing: 1000)
            #expect(rig.nic.poll(advancing: 1000) == 0)
            #expect(rig.information?.isLinkUp == false)
            try rig.startPort()
            #expect(rig.information?.isLinkUp == true)
        }
    }

    // MARK: One queue

    @Test func aStoppedQueueDropsItsFramesAndTheOthersGoOn() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            let flow = try rig.steer(mac, to: 1)
            #expect(rig.arrivals(frames(2)) == [0, 2, 0, 0])
            rig.inject(frames(3))
            rig.nic.poll(advancing: 1000)
            try rig.nic.port.stopReceiveQueue(1)
            #expect(rig.arrivals(frames(4) + frames(2, to: .guest(2))) == [2, 0, 0, 0])
            let queue = rig.nic.statistics.queues[1]
            #expect(queue.stopped == 4 && queue.stale == 3)
            #expect(rig.transmit(frames(3), on: 1) == 3, "its transmit queue is another queue")
            try rig.nic.port.startReceiveQueue(1)
            rig.nic.poll(advancing: 1000)
            _ = rig.receiveAll()
            #expect(rig.arrivals(frames(5)) == [0, 5, 0, 0], "the rule is still there")
            #expect(rig.takeFromWire().count == 3 && rig.nic.statistics.queues[1].unsentReset == 0)
            try flow.destroy()
        }
    }

    @Test func aRestartStartsEveryQueue() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            try rig.nic.port.stopReceiveQueue(0)
            #expect(rig.arrivals(frames(1)) == [0, 0, 0, 0])
            try rig.stopPort()
            try rig.startPort()
            rig.nic.poll(advancing: 1000)
            _ = rig.receiveAll()
            #expect(rig.arrivals(frames(1)) == [1, 0, 0, 0])
        }
    }

    @Test func aQueueMayBeSetUpAgainWhileThePortRunsWhereTheDriverCan() throws {
        for (personality, code) in [(Personality.sfc, nil), (.i40e, nil), (.bnxt, nil), (.ixgbe82599, Int32(16)), (.mlx5, 16)] {
            try Rig.run(personality, descriptors: 64) { rig in
                _ = rig.receiveAll()
                func setUp(_ pool: MempoolHandle) -> Int32? {
                    do throws(DPDKError) {
                        try rig.nic.port.setUpReceiveQueue(1, descriptors: 32, pool: pool)
                        return nil
                    } catch { return error.code }
                }
                #expect(setUp(rig.ownerPool(2)) == 16, "\(personality): the queue is running")
                try rig.nic.port.stopReceiveQueue(1)
                #expect(setUp(rig.ownerPool(2)) == code, "\(personality)")
                try rig.nic.port.startReceiveQueue(1)
                rig.nic.poll(advancing: 1000)
            }
        }
    }

    @Test func aQueueThatWasNeverSetUpIsNotStopped() throws {
        try Rig.run { rig in
            let error = #expect(throws: DPDKError.self) { try rig.nic.port.stopReceiveQueue(9) }
            #expect(error?.code == 22)
        }
    }
}
