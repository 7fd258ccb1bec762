// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct I40eTests {
    private let mac = MACAddress.guest(1)
    private func rule(_ items: FlowItem..., queue: UInt16 = 1) -> FlowRule {
        FlowRule(pattern: items, actions: [.queue(queue)])
    }
    private var ethernet: FlowItem { .ethernet(destination: mac.rawValue) }

    @Test func aSetOfThreeRulesTakesWholeIPv4AndNothingElse() throws {
        try Rig.run(.i40e) { rig in
            _ = rig.receiveAll()
            for set in [rule(ethernet, .ipv4(), .udp()), rule(ethernet, .ipv4(), .tcp()), rule(ethernet, .ipv4())] {
                #expect(rig.creates(set) == nil)
            }
            for number in [17, 6, 1, 47] as [UInt8] { #expect(rig.queues(getting: .ipv4(number: number)) == [1]) }
            let left: [TestFrame] = [
                .ipv4(fragment: 0x2000), .ipv4(fragment: 4), .ipv4(number: 132), .ipv6(),
                TestFrame(to: mac, sequence: 1), .ipv4(to: .guest(2)),
            ]
            // The first fragment has its UDP header, but is of the fragments' packet type.
            for frame in left { #expect(rig.queues(getting: frame) == [0], "\(frame)") }
        }
    }

    @Test func eachOfTheThreeRulesHasAPacketTypeOfItsOwn() throws {
        try Rig.run(.i40e) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(rule(ethernet, .ipv4(), .tcp(), queue: 2)) == nil)
            #expect(rig.queues(getting: .ipv4(number: 6)) == [2])
            #expect(rig.queues(getting: .ipv4(number: 17)) == [0] && rig.queues(getting: .ipv4(number: 1)) == [0])
        }
    }

    @Test func aPacketTypeHasOneInputSetWhichIsCheckedAtCreationOnly() throws {
        try Rig.run(.i40e) { rig in
            let flow = try Flow(creating: rule(ethernet, .ipv4(), .udp()), on: rig.nic.port)
            let other = rule(.ethernet(), .ipv4(destination: 7), .udp(destination: 53))
            #expect(rig.validates(other) == nil)
            #expect(rig.creates(other) == FlowError(code: 22, message: "Failed to create flow."))
            #expect(rig.creates(rule(.ethernet(), .ipv4(destination: 7), .tcp(destination: 53))) == nil, "another type")
            #expect(rig.creates(rule(.ethernet(destination: 0x02_0000_0000_77), .ipv4(), .udp())) == nil, "the same set")
            try flow.destroy()
            #expect(rig.creates(other) != nil, "one rule of the set is left")
        }
        try Rig.run(.i40e) { rig in
            try Flow(creating: rule(ethernet, .ipv4(), .udp()), on: rig.nic.port).destroy()
            #expect(rig.creates(rule(.ethernet(), .ipv4(destination: 7), .udp(destination: 53))) == nil)
        }
    }

    @Test func fieldsThatNoTableListsAreRefusedAtCreationOnly() throws {
        try Rig.run(.i40e) { rig in
            for wanted in [
                rule(ethernet, .ipv6(), .udp()), rule(ethernet, .ipv6()),
                rule(.ethernet(), .ipv4(destination: 1, protocol: 17), .udp(destination: 5)),
            ] {
                #expect(rig.validates(wanted) == nil)
                #expect(rig.creates(wanted) == FlowError(code: 22, message: "Failed to create flow."))
            }
            #expect(rig.creates(rule(.ethernet(), .ipv4(protocol: 47))) == nil, "the other IPv4 has a protocol")
        }
    }

    @Test func layersExcludeEachOther() throws {
        try Rig.run(.i40e) { rig in
            #expect(rig.validates(rule(ethernet, .ipv4(destination: 1)))?.message == "L2 and L3 input set are exclusive.")
            #expect(
                rig.creates(rule(ethernet, .ipv4(), .udp(destination: 1)))?.message == "L2 and L4 input set are exclusive.")
        }
    }

    @Test func aMACAloneIsNoRule() throws {
        try Rig.run(.i40e) { rig in
            #expect(rig.creates(rule(ethernet))?.message == "Invalid type mask.")
            #expect(rig.creates(rule(.ethernet()))?.message == "NULL eth spec/mask.")
        }
    }

    @Test func macWithVLANTakesOnlyWhatIsNotIP() throws {
        try Rig.run(.i40e) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(rule(ethernet, .vlan(identifier: 9))) == nil)
            #expect(rig.queues(getting: TestFrame(to: mac, vlan: 9, sequence: 1)) == [1])
            #expect(rig.queues(getting: .ipv4(vlan: 9)) == [0])
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [0])
        }
    }

    @Test func flowsAreSteeredByAddressesAndPortsOfBothFamilies() throws {
        try Rig.run(.i40e) { rig in
            _ = rig.receiveAll()
            let address = FlowIPv6Address(high: 0x2001_0DB8_0000_0000, low: 2)
            #expect(rig.creates(rule(.ethernet(), .ipv4(destination: 0x0A00_0002), .udp(destination: 53))) == nil)
            #expect(rig.creates(rule(.ethernet(), .ipv6(destination: address), .udp(destination: 53), queue: 2)) == nil)
            #expect(rig.queues(getting: .ipv4()) == [1] && rig.queues(getting: .ipv6()) == [2])
            #expect(rig.queues(getting: .ipv6(low: 3)) == [0] && rig.queues(getting: .ipv4(ports: (1, 2))) == [0])
            #expect(rig.queues(getting: .ipv6(ports: (1000, 52))) == [0])
        }
    }

    @Test func etherTypesMayHaveAMAC() throws {
        try Rig.run(.i40e) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(rule(.ethernet(destination: mac.rawValue, etherType: 0x88B6))) == nil)
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [1])
            #expect(rig.queues(getting: TestFrame(to: .guest(2), sequence: 1)) == [0])
            #expect(rig.creates(rule(.ethernet(etherType: 0x0800)))?.message == "Unsupported ether_type.")
            #expect(rig.creates(rule(.ethernet(etherType: 0x88CC)))?.message == "Unsupported ether_type.")
        }
    }

    @Test func aFullDirectorHasNoBuffers() throws {
        try Rig.run(.i40e, configure: { $0.flowTableSize = 3 }) { rig in
            for number in 0..<3 as Range<UInt64> {
                #expect(rig.creates(rule(.ethernet(destination: 0x02_0000_0000_10 + number), .ipv4())) == nil)
            }
            let full = rule(.ethernet(destination: 0x02_0000_0000_20), .ipv4())
            #expect(rig.creates(full) == FlowError(code: 105, message: "Fdir space full"))
            #expect(rig.validates(full) == nil)
        }
    }

    @Test func groupsPrioritiesAndCountsAreRefused() throws {
        try Rig.run(.i40e) { rig in
            var wanted = rule(ethernet, .ipv4())
            wanted.priority = 1
            #expect(rig.creates(wanted)?.message == "Not support priority.")
            wanted.priority = 0
            wanted.group = 1
            #expect(rig.creates(wanted)?.message == "Not support group.")
            wanted.group = 0
            wanted.actions = [.queue(1), .count]
            #expect(rig.creates(wanted)?.code == 22)
            wanted.actions = [.queue(4)]
            #expect(rig.creates(wanted)?.message == "Invalid queue ID for FDIR.")
        }
    }

    @Test func aPatternedRSSIsRefusedAndAGlobalOneIsThePorts() throws {
        try Rig.run(.i40e) { rig in
            _ = rig.receiveAll()
            let patterned = FlowRule(pattern: [ethernet, .ipv4()], actions: [.rss([1])])
            #expect(rig.creates(patterned)?.message == "Header info should not be specified")
            let empty = FlowRule(pattern: [.ethernet(), .ipv4()], actions: [.rss([1])])
            #expect(rig.creates(empty)?.message == "RSS Queues not supported when pattern specified")
            #expect(rig.creates(FlowRule(pattern: [], actions: [.rss([1])])) == nil)
            #expect(rig.queues(getting: .ipv4()) == [1])
        }
    }
}
