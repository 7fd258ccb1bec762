// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct IxgbeTests {
    static let both: [Personality] = [.ixgbe82599, .ixgbeX550]
    private let mac = MACAddress.guest(1)

    private func tuple(_ address: UInt32 = 0x0A00_0002, port: UInt16? = 53, number: UInt8? = 17, queue: UInt16 = 1)
        -> FlowRule
    {
        FlowRule(
            pattern: [.ethernet(), .ipv4(destination: address, protocol: number), .udp(destination: port)],
            actions: [.queue(queue)])
    }
    private func addressAndVLAN(_ vlan: UInt16, queue: UInt16 = 1) -> FlowRule { .steering(mac, vlan: vlan, to: queue) }

    @Test func anNTupleSteersItsFlow() throws {
        try Rig.run(.ixgbe82599) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(tuple()) == nil)
            #expect(rig.queues(getting: .ipv4()) == [1])
            #expect(rig.queues(getting: .ipv4(to: .guest(7))) == [1], "it can't see the MAC")
            for other in [
                TestFrame.ipv4(address: 9), .ipv4(number: 6), .ipv4(ports: (1000, 54)), .ipv4(fragment: 2), .ipv6(),
                TestFrame(to: mac, sequence: 1),
            ] { #expect(rig.queues(getting: other) == [0]) }
        }
    }

    @Test func aUDPItemSaysPortsAndNotTheProtocol() throws {
        try Rig.run(.ixgbe82599) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(tuple(number: nil)) == nil)
            #expect(rig.queues(getting: .ipv4(number: 17)) == [1])
            #expect(rig.queues(getting: .ipv4(number: 6)) == [1], "the driver reads the protocol from the IPv4 item only")
        }
    }

    @Test func anEmptyNTupleTakesEveryIPv4Frame() throws {
        try Rig.run(.ixgbe82599) { rig in
            _ = rig.receiveAll()
            let empty = FlowRule(pattern: [.ethernet(), .ipv4(), .udp()], actions: [.queue(2)])
            #expect(rig.creates(empty) == nil)
            #expect(rig.queues(getting: .ipv4(to: .guest(9), number: 1)) == [2])
            #expect(rig.queues(getting: .ipv6()) == [0])
        }
    }

    @Test func aHigherPriorityWins() throws {
        try Rig.run(.ixgbe82599) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(tuple()) == nil)
            var wide = FlowRule(pattern: [.ipv4(protocol: 17), .udp()], actions: [.queue(2)], priority: 2)
            #expect(rig.creates(wide) == nil)
            #expect(rig.queues(getting: .ipv4()) == [2])
            wide.priority = 900
            wide.actions = [.queue(3)]
            #expect(rig.creates(wide) == nil, "counts as priority 1")
            #expect(rig.queues(getting: .ipv4()) == [2])
        }
    }

    @Test func thereAre128NTuplesAndOneMoreIsNotImplemented() throws {
        try Rig.run(.ixgbe82599) { rig in
            for number in 0..<128 as Range<UInt32> { #expect(rig.creates(tuple(number)) == nil) }
            #expect(rig.creates(tuple(128)) == FlowError(code: 38, message: "Failed to create flow."))
            #expect(rig.validates(tuple(128)) == nil, "validating does not count")
            #expect(rig.creates(tuple(5)) == FlowError(code: 17, message: "Failed to create flow."), "a second one")
        }
    }

    @Test func thereAreEightEtherTypes() throws {
        try Rig.run(.ixgbe82599) { rig in
            _ = rig.receiveAll()
            func rule(_ type: UInt16) -> FlowRule { FlowRule(pattern: [.ethernet(etherType: type)], actions: [.queue(3)]) }
            for type in 0x88B6..<0x88BE as Range<UInt16> { #expect(rig.creates(rule(type)) == nil) }
            #expect(rig.creates(rule(0x9000))?.code == 28)
            #expect(rig.creates(rule(0x0800))?.code == 22)
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [3])
            let withMAC = FlowRule(
                pattern: [.ethernet(destination: mac.rawValue, etherType: 0x9000)], actions: [.queue(1)])
            #expect(rig.creates(withMAC)?.code == 22)
        }
    }

    @Test func aQueueOutOfRangeIsTakenAndItsFramesAreLost() throws {
        try Rig.run(.ixgbe82599) { rig in
            _ = rig.receiveAll()
            #expect(rig.validates(tuple(queue: 100)) == nil)
            #expect(rig.creates(tuple(queue: 100)) == nil)
            #expect(rig.queues(getting: .ipv4()).isEmpty)
            #expect(rig.nic.statistics.misdirected == 1)
            let type = FlowRule(pattern: [.ethernet(etherType: 0x88B6)], actions: [.queue(4)])
            #expect(rig.creates(type)?.code == 22, "only n-tuples have that hole")
        }
    }

    @Test(arguments: both)
    func rulesOnTheMACAloneAreRefused(personality: Personality) throws {
        try Rig.run(personality) { rig in
            let macAndIP = FlowRule(
                pattern: [.ethernet(destination: mac.rawValue), .ipv4(destination: 1), .udp()], actions: [.queue(1)])
            for rule in [FlowRule.steering(mac, to: 1), macAndIP] {
                #expect(rig.validates(rule) == FlowError(code: 22, message: "Not supported action."))
                #expect(rig.creates(rule) == FlowError(code: 22, message: "Failed to create flow."))
            }
            #expect(rig.nic.ruleCount == 0)
        }
    }

    @Test func countingIsRefused() throws {
        try Rig.run(.ixgbe82599) { rig in
            var rule = tuple()
            rule.actions = [.count, .queue(1)]
            #expect(rig.creates(rule)?.code == 22)
            let flow = try Flow(creating: tuple(), on: rig.nic.port)
            do throws(FlowError) {
                _ = try flow.query()
                Issue.record("ixgbe has no query")
            } catch { #expect(error.code == 95) }
        }
    }

    // MARK: Flow director

    @Test func macWithVLANIsTheX550sAlone() throws {
        try Rig.run(.ixgbeX550) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(addressAndVLAN(9)) == nil)
            #expect(rig.queues(getting: TestFrame(to: mac, vlan: 9, sequence: 1)) == [1])
            #expect(rig.queues(getting: TestFrame(to: mac, vlan: 8, sequence: 1)) == [0])
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [0])
            #expect(rig.creates(addressAndVLAN(9, queue: 2))?.code == 22, "conflict with an existing filter")
            #expect(rig.creates(addressAndVLAN(8, queue: 4))?.code == 22, "the flow director checks the queue")
        }
        try Rig.run(.ixgbe82599) { rig in
            #expect(rig.validates(addressAndVLAN(9))?.code == 22)
            #expect(rig.creates(addressAndVLAN(9))?.code == 22)
        }
    }

    /// It has no n-tuples: single flows are the flow director's, which has one mask for all of them.
    @Test func theX550SteersFlowsByItsDirector() throws {
        try Rig.run(.ixgbeX550) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(tuple())?.code == 22, "the protocol in the IPv4 item")
            #expect(rig.creates(tuple(number: nil)) == nil)
            #expect(rig.queues(getting: .ipv4()) == [1])
            #expect(rig.queues(getting: .ipv4(to: .guest(7))) == [1], "it can't see the MAC")
            for other in [TestFrame.ipv4(address: 9), .ipv4(number: 6), .ipv4(ports: (1000, 54)), .ipv4(fragment: 2), .ipv6()] {
                #expect(rig.queues(getting: other) == [0])
            }
            let tcp = FlowRule(
                pattern: [.ethernet(), .ipv4(destination: 0x0A00_0002), .tcp(destination: 54)], actions: [.queue(2)])
            #expect(rig.creates(tcp) == nil)
            #expect(rig.queues(getting: .ipv4(number: 6, ports: (1000, 54))) == [2])
            #expect(rig.creates(tuple(9, port: nil, number: nil))?.code == 1, "another mask")
            #expect(rig.creates(tuple(9, number: nil, queue: 100))?.code == 22, "the flow director checks the queue")
            #expect(rig.creates(addressAndVLAN(9))?.code == 22, "another mode")
        }
    }

    private let dropping = FlowRule(pattern: [.ethernet(), .ipv4(destination: 7)], actions: [.drop])

    @Test func theModeSticksWhenTheLastRuleIsGone() throws {
        try Rig.run(.ixgbeX550) { rig in
            let flow = try Flow(creating: addressAndVLAN(9), on: rig.nic.port)
            #expect(rig.creates(dropping)?.code == 22)
            try flow.destroy()
            #expect(rig.creates(dropping)?.code == 22, "still in the other mode")
            try rig.stopPort()
            try rig.startPort()
            #expect(rig.creates(dropping)?.code == 22, "also after a restart")
            #expect(rig.creates(addressAndVLAN(9)) == nil)
        }
    }

    @Test func validatingSetsTheModeToo() throws {
        try Rig.run(.ixgbeX550) { rig in
            #expect(rig.validates(dropping) == nil)
            #expect(rig.creates(addressAndVLAN(9))?.code == 22)
        }
    }

    @Test func oneMaskForAllRulesIsCheckedAtCreationOnly() throws {
        try Rig.run(.ixgbe82599) { rig in
            _ = rig.receiveAll()
            let first = try Flow(creating: dropping, on: rig.nic.port)
            #expect(rig.queues(getting: .ipv4(address: 7, number: 1)).isEmpty)
            #expect(rig.nic.statistics.droppedByRule == 1)
            let other = FlowRule(pattern: [.ethernet(), .ipv4(source: 3, destination: 7)], actions: [.drop])
            #expect(rig.validates(other) == nil)
            #expect(rig.creates(other)?.message == "Failed to create flow.")
            try first.destroy()
            #expect(rig.creates(other) == nil, "the mask goes with the last rule")
        }
    }

    @Test func the82599DropsByAddressesAlone() throws {
        let ports = FlowRule(pattern: [.ethernet(), .ipv4(destination: 7), .udp(destination: 53)], actions: [.drop])
        try Rig.run(.ixgbe82599) { rig in #expect(rig.creates(ports)?.code == 22) }
        try Rig.run(.ixgbeX550) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(ports) == nil)
            #expect(rig.queues(getting: .ipv4(address: 7)).isEmpty)
            #expect(rig.queues(getting: .ipv4(address: 7, number: 6)) == [0])
        }
    }

    // MARK: RSS

    @Test(arguments: [Personality.ixgbe82599, .ixgbeX550, .igb])
    func aPatternedRSSTurnsTheWholePort(personality: Personality) throws {
        try Rig.run(personality) { rig in
            _ = rig.receiveAll()
            let rule = FlowRule(pattern: [.ethernet(destination: mac.rawValue)], actions: [.rss([2, 3])])
            #expect(rig.validates(rule) == nil)
            let flow = try Flow(creating: rule, on: rig.nic.port)
            var counts = [0, 0, 0, 0]
            for port in 0..<64 as Range<UInt16> {
                let got = rig.queues(getting: .ipv4(to: .guest(200), ports: (port, 53)))
                counts[got[0]] += 1
            }
            #expect(counts[0] == 0 && counts[1] == 0 && counts[2] > 0 && counts[3] > 0, "\(counts)")
            #expect(rig.queues(getting: .ipv4(ports: (1, 1))) == rig.queues(getting: .ipv4(ports: (1, 1))), "a flow has one")
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [0], "what is not IP has no hash")
            #expect(rig.creates(rule) == FlowError(code: 22, message: "Failed to create flow."), "there is one only")
            try flow.destroy()
            #expect(rig.queues(getting: .ipv4()) == [0])
        }
    }
}
