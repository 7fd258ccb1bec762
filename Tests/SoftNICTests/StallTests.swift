// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

/// A full queue without rx_drop_en, which is ixgbe's, i40e's and igb's default.
@Suite struct StallTests {
    private func frames(_ count: Int, to mac: MACAddress) -> [TestFrame] {
        (0..<count).map { TestFrame(to: mac, sequence: UInt32($0)) }
    }

    private func tuple(_ address: UInt32, queue: UInt16) -> FlowRule {
        FlowRule(pattern: [.ethernet(), .ipv4(destination: address)], actions: [.queue(queue)])
    }

    @Test(arguments: [Personality.ixgbe82599, .ixgbeX550, .i40e, .igb])
    func aFullQueueStallsTheWholePort(personality: Personality) throws {
        try Rig.run(
            personality, descriptors: 8, shape: Rig.Shape(dropWhenFullFrom: 4), configure: { $0.receiveFIFO = 16 }
        ) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(tuple(7, queue: 1)) == nil)
            for _ in 0..<12 { rig.inject([.ipv4(address: 7, number: 1)]) }
            rig.nic.poll(advancing: 1000)
            rig.inject(frames(3, to: .guest(2)))
            rig.advance(microseconds: 10)
            #expect(rig.receive(0).isEmpty, "queue 0 gets nothing while queue 1 is full")
            var statistics = rig.nic.statistics
            #expect(statistics.queues[1].held == 4 && statistics.queues[0].held == 3 && statistics.queues[1].noMbuf == 0)
            #expect(statistics.isBalanced)
            // The FIFO fills up behind it.
            for _ in 0..<20 { rig.inject(frames(1, to: .guest(2))) }
            rig.advance(microseconds: 3)
            #expect(rig.nic.statistics.queues[0].missed == 7)
            #expect(rig.portStatistics?.receiveMissed == 7)
            // Its owner comes back.
            #expect(rig.receive(1).count == 8)
            rig.advance(microseconds: 10)
            #expect(rig.receive(1).count == 4 && rig.receive(0).count == 8)
            rig.advance(microseconds: 10)
            #expect(rig.receive(0).count == 8)
            statistics = rig.nic.statistics
            #expect(statistics.queues.allSatisfy { $0.held == 0 })
        }
    }

    @Test(arguments: [Personality.ixgbe82599, .i40e, .igb])
    func aFullQueueWithDropEnabledHurtsOnlyItself(personality: Personality) throws {
        try Rig.run(personality, descriptors: 8, shape: Rig.Shape(dropWhenFullFrom: 1)) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(tuple(7, queue: 1)) == nil)
            for _ in 0..<12 { rig.inject([.ipv4(address: 7, number: 1)]) }
            rig.inject(frames(3, to: .guest(2)))
            rig.advance(microseconds: 10)
            #expect(rig.receive(0).count == 3)
            #expect(rig.nic.statistics.queues[1].noMbuf == 4)
            #expect(rig.portStatistics?.receiveNoMbuf == 4)
        }
    }

    @Test(arguments: [Personality.sfc, .mlx5, .bnxt, .none])
    func otherDriversAlwaysDrop(personality: Personality) throws {
        try Rig.run(personality, descriptors: 8, shape: Rig.Shape(dropWhenFullFrom: 4)) { rig in
            _ = rig.receiveAll()
            for _ in 0..<12 { rig.inject(frames(1, to: .guest(2))) }
            rig.advance(microseconds: 10)
            #expect(rig.nic.statistics.queues[0].noMbuf == 4 && rig.nic.statistics.queues[0].held == 0)
        }
    }
}
