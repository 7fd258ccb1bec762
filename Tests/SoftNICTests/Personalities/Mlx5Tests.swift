// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct Mlx5Tests {
    private let mac = MACAddress.guest(1)
    private var ethernet: FlowItem { .ethernet(destination: mac.rawValue) }

    @Test func rulesMayMatchTheMACAndTheFlow() throws {
        try Rig.run(.mlx5) { rig in
            _ = rig.receiveAll()
            let flow = FlowRule(
                pattern: [
                    ethernet, .vlan(identifier: 9), .ipv4(source: 0x0A00_0001, destination: 0x0A00_0002, protocol: 17),
                    .udp(source: 1000, destination: 53),
                ], actions: [.queue(3)])
            #expect(rig.creates(flow) == nil)
            #expect(rig.creates(.steering(mac, to: 1)) == nil)
            #expect(rig.queues(getting: .ipv4(vlan: 9)) == [3])
            for frame in [
                TestFrame.ipv4(vlan: 8), .ipv4(), .ipv4(vlan: 9, from: 9), .ipv4(vlan: 9, number: 6),
                .ipv4(vlan: 9, ports: (1001, 53)),
            ] { #expect(rig.queues(getting: frame) == [1]) }
            #expect(rig.queues(getting: .ipv4(to: .guest(2), vlan: 9)) == [0])
        }
    }

    @Test func aRuleOnTheSourceMAC() throws {
        try Rig.run(.mlx5) { rig in
            _ = rig.receiveAll()
            let rule = FlowRule(pattern: [.ethernet(source: 0x02_0000_0000_EE)], actions: [.queue(2)])
            #expect(rig.creates(rule) == nil)
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [2])
            #expect(rig.queues(getting: TestFrame(to: mac, from: 0x02_0000_0000_EF, sequence: 1)) == [0])
        }
    }

    @Test func countsAreThoseOfTheRule() throws {
        try Rig.run(.mlx5) { rig in
            _ = rig.receiveAll()
            for _ in 0..<2 {
                // The second rule gets the first one's place in the NIC, and starts at zero.
                let flow = try Flow(creating: FlowRule(pattern: [ethernet], actions: [.count, .queue(1)]), on: rig.nic.port)
                let before = try flow.query()
                #expect(before == FlowCounts(frames: 0, bytes: 0))
                let frames = [TestFrame(to: mac, sequence: 1), TestFrame(to: mac, sequence: 2, length: 100)]
                #expect(rig.arrivals(frames + [TestFrame(to: .guest(2), sequence: 3)]) == [1, 2, 0, 0])
                let after = try flow.query()
                #expect(after == FlowCounts(frames: 2, bytes: 160))
                try flow.destroy()
            }
            let plain = try Flow(creating: .steering(mac, to: 1), on: rig.nic.port)
            do throws(FlowError) {
                _ = try plain.query()
                Issue.record("the rule has no counter")
            } catch { #expect(error.code == 95) }
        }
    }

    @Test func aPatternedRSSIsThePatterns() throws {
        try Rig.run(.mlx5) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(FlowRule(pattern: [ethernet], actions: [.rss([2, 3])])) == nil)
            var queues: Set<Int> = []
            for port in 0..<32 as Range<UInt16> { queues.formUnion(rig.queues(getting: .ipv4(ports: (port, 1)))) }
            #expect(queues == [2, 3])
            #expect(rig.queues(getting: .ipv4(to: .guest(2))) == [0])
        }
    }

    @Test func aRuleInAnotherGroupIsTakenAndNeverHit() throws {
        try Rig.run(.mlx5) { rig in
            _ = rig.receiveAll()
            var rule = FlowRule.steering(mac, to: 1)
            rule.group = 1
            #expect(rig.creates(rule) == nil && rig.nic.ruleCount == 1)
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [0])
        }
    }

    @Test func aPoolIsIgnored() throws {
        try Rig.run(.mlx5) { rig in
            _ = rig.receiveAll()
            try rig.nic.port.addAddress(mac.rawValue, pool: 3)
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [0])
            for number in 2..<128 as Range<UInt64> {
                try rig.nic.port.addAddress(MACAddress.guest(number).rawValue, pool: 0)
            }
            let error = #expect(throws: DPDKError.self) { try rig.nic.port.addAddress(0x02_0000_0000_FF, pool: 0) }
            #expect(error?.code == 28)
        }
    }

    @Test func transferEgressAndBadPatternsAreRefused() throws {
        try Rig.run(.mlx5) { rig in
            var rule = FlowRule.steering(mac, to: 1)
            rule.isTransfer = true
            #expect(rig.creates(rule)?.code == 95)
            rule.isTransfer = false
            rule.isEgress = true
            #expect(rig.creates(rule)?.code == 95)
            let patterns: [[FlowItem]] = [
                [], [ethernet, .udp()], [ethernet, .vlan(identifier: nil)], [.vlan(identifier: 1), ethernet],
                [ethernet, .ipv4(protocol: 6), .udp()],
            ]
            for pattern in patterns {
                #expect(rig.creates(FlowRule(pattern: pattern, actions: [.queue(1)])) != nil, "\(pattern)")
            }
            #expect(rig.creates(FlowRule(pattern: [ethernet], actions: [.queue(1), .drop]))?.code == 22)
            #expect(rig.creates(FlowRule(pattern: [ethernet], actions: [.count]))?.code == 22)
        }
    }
}
