// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct SteeringTests {
    private func frames(_ mac: MACAddress, _ count: Int, vlan: UInt16? = nil) -> [TestFrame] {
        (0..<count).map { TestFrame(to: mac, vlan: vlan, sequence: UInt32($0)) }
    }

    /// Injects frames, and says how many arrived on each queue.
    private func arrivals(_ rig: Rig, _ frames: [TestFrame]) -> [Int] {
        rig.inject(frames)
        rig.nic.poll(advancing: 1000)
        return rig.receiveAll().map(\.count)
    }

    @Test func unsteeredFramesArriveOnQueueZero() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            #expect(arrivals(rig, frames(.guest(1), 5)) == [5, 0, 0, 0])
        }
    }

    @Test func aRuleSteersItsAddressAndNoOther() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            let flow = try rig.steer(.guest(1), to: 2)
            #expect(arrivals(rig, frames(.guest(1), 5)) == [0, 0, 5, 0])
            #expect(arrivals(rig, frames(.guest(2), 3)) == [3, 0, 0, 0])
            #expect(rig.nic.ruleCount == 1 && rig.nic.statistics.rulesInEffect == 1)
            try flow.destroy()
        }
    }

    @Test func aDestroyedRuleStopsSteering() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            let flow = try rig.steer(.guest(1), to: 3)
            #expect(arrivals(rig, frames(.guest(1), 4)) == [0, 0, 0, 4])
            try flow.destroy()
            #expect(arrivals(rig, frames(.guest(1), 4)) == [4, 0, 0, 0])
            #expect(rig.nic.ruleCount == 0 && rig.nic.statistics.rulesInEffect == 0)
        }
    }

    @Test func aRuleWithoutVLANMatchesTaggedFramesToo() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            let flow = try rig.steer(.guest(1), to: 1)
            #expect(arrivals(rig, frames(.guest(1), 2, vlan: 77)) == [0, 2, 0, 0])
            try flow.destroy()
        }
    }

    @Test func aRuleWithVLANMatchesOnlyItsTagAndWinsOverTheOneWithout() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            let tagged = try rig.steer(.guest(1), vlan: 77, to: 2)
            #expect(arrivals(rig, frames(.guest(1), 2, vlan: 77)) == [0, 0, 2, 0])
            #expect(arrivals(rig, frames(.guest(1), 2, vlan: 78)) == [2, 0, 0, 0])
            #expect(arrivals(rig, frames(.guest(1), 2)) == [2, 0, 0, 0])
            let any = try rig.steer(.guest(1), to: 1)
            #expect(arrivals(rig, frames(.guest(1), 2, vlan: 77)) == [0, 0, 2, 0])
            #expect(arrivals(rig, frames(.guest(1), 2, vlan: 78)) == [0, 2, 0, 0])
            try tagged.destroy()
            try any.destroy()
        }
    }

    @Test func broadcastAndMulticastAreNeverSteered() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            let flow = try rig.steer(.guest(1), to: 1)
            // The steered address with its group bit set.
            let multicast = MACAddress(rawValue: MACAddress.guest(1).rawValue | 0x0100_0000_0000)
            #expect(arrivals(rig, frames(.broadcast, 2) + frames(multicast, 3)) == [5, 0, 0, 0])
            try flow.destroy()
        }
    }

    @Test func framesTooShortForAHeaderArriveOnQueueZero() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            let flow = try rig.steer(.guest(1), to: 1)
            let short = (1...13).map { TestFrame(to: .guest(1), sequence: 0, length: $0) }
            rig.inject(short)
            rig.nic.poll(advancing: 1000)
            #expect(rig.receive(0) == short)
            try flow.destroy()
        }
    }

    @Test func rulesTakeEffectLateAndWithinTheirBound() throws {
        let delays = SoftNICDelays(deliveryNanoseconds: 0, ruleNanoseconds: 150_000, completionNanoseconds: 0)
        var late: [Int] = []
        for seed in 1...8 as ClosedRange<UInt64> {
            try Rig.run(delays: delays, seed: seed) { rig in
                _ = rig.receiveAll()
                let flow = try rig.steer(.guest(1), to: 1)
                var created: Int?
                // The command is seen by the next round, so by its clock the bound is 151 us from now.
                for microsecond in 1...151 where created == nil {
                    if arrivals(rig, frames(.guest(1), 1)) == [0, 1, 0, 0] { created = microsecond }
                }
                late.append(try #require(created, "the rule did not take effect"))
                try flow.destroy()
                var destroyed: Int?
                for microsecond in 1...151 where destroyed == nil {
                    if arrivals(rig, frames(.guest(1), 1)) == [1, 0, 0, 0] { destroyed = microsecond }
                }
                late.append(try #require(destroyed, "the rule did not end"))
            }
        }
        #expect(late.max() ?? 0 > 75 && late.min() ?? 0 < 75, "the delays should spread: \(late)")
    }

    @Test func destroyAndCreateInARowTakeEffectInThatOrder() throws {
        try Rig.run(delays: .hardware) { rig in
            _ = rig.receiveAll()
            for round in 0..<20 {
                let flow = try rig.steer(.guest(1), to: 1)
                try flow.destroy()
                let again = try rig.steer(.guest(1), to: 2)
                rig.advance(microseconds: 160)
                rig.inject(frames(.guest(1), 1))
                rig.advance(microseconds: 90)
                #expect(rig.receiveAll().map(\.count) == [0, 0, 1, 0], "round \(round)")
                try again.destroy()
            }
        }
    }
}
