// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct SFCTests {
    @Test func threeAndFivePartsOfTheTupleSteer() throws {
        try Rig.run(.sfc) { rig in
            _ = rig.receiveAll()
            let three = FlowRule(
                pattern: [.ethernet(), .ipv4(destination: 0x0A00_0002), .udp(destination: 53)], actions: [.queue(1)])
            let five = FlowRule(
                pattern: [
                    .ethernet(), .ipv4(source: 0x0A00_0001, destination: 0x0A00_0002, protocol: 17),
                    .udp(source: 1000, destination: 53),
                ], actions: [.queue(2)])
            let address = FlowIPv6Address(high: 0x2001_0DB8_0000_0000, low: 2)
            let v6 = FlowRule(
                pattern: [.ethernet(), .ipv6(destination: address), .tcp(destination: 80)], actions: [.queue(3)])
            for rule in [three, five, v6] { #expect(rig.creates(rule) == nil) }
            #expect(rig.queues(getting: .ipv4()) == [2] && rig.queues(getting: .ipv4(from: 5)) == [1])
            #expect(rig.queues(getting: .ipv4(number: 6)) == [0])
            #expect(rig.queues(getting: .ipv6(number: 6, ports: (9, 80))) == [3] && rig.queues(getting: .ipv6()) == [0])
        }
    }

    @Test func dropAndRSSAreKnown() throws {
        try Rig.run(.sfc) { rig in
            _ = rig.receiveAll()
            let mac = MACAddress.guest(1).rawValue
            #expect(rig.creates(FlowRule(pattern: [.ethernet(destination: mac)], actions: [.drop])) == nil)
            #expect(rig.queues(getting: TestFrame(to: .guest(1), sequence: 1)).isEmpty)
            let spread = FlowRule(pattern: [.ethernet(destination: mac + 1)], actions: [.rss([3])])
            #expect(rig.creates(spread) == nil)
            #expect(rig.queues(getting: TestFrame(to: .guest(2), sequence: 1)) == [3])
        }
    }

    @Test(arguments: [(Personality.sfc, Int32(95)), (.none, 28)])
    func thereIsNoRoomForAddresses(personality: Personality, code: Int32) throws {
        try Rig.run(personality) { rig in
            let error = #expect(throws: DPDKError.self) { try rig.nic.port.addAddress(0x02_0000_0000_01, pool: 0) }
            #expect(error?.code == code)
        }
    }
}
