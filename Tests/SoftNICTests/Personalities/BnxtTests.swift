// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct BnxtTests {
    private let mac = MACAddress.guest(1)
    private func rule(_ items: FlowItem..., queue: UInt16 = 1) -> FlowRule {
        FlowRule(pattern: items, actions: [.queue(queue)])
    }
    private var ethernet: FlowItem { .ethernet(destination: mac.rawValue) }

    @Test func queueZeroIsRefused() throws {
        try Rig.run(.bnxt) { rig in
            #expect(rig.creates(.steering(mac, to: 0)) == FlowError(code: 22, message: "Invalid queue ID."))
            #expect(rig.validates(.steering(mac, to: 0))?.code == 22)
            #expect(rig.creates(.steering(mac, to: 4))?.message == "Invalid queue ID.")
            let spread = FlowRule(pattern: [ethernet], actions: [.rss([0, 1])])
            #expect(rig.creates(spread)?.message == "Invalid queue ID for RSS")
            #expect(rig.creates(.steering(mac, to: 1)) == nil)
        }
    }

    @Test func aMACSteersWithAndWithoutAVLAN() throws {
        try Rig.run(.bnxt) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(.steering(mac, to: 1)) == nil)
            #expect(rig.creates(.steering(mac, vlan: 9, to: 2)) == nil)
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [1])
            #expect(rig.queues(getting: TestFrame(to: mac, vlan: 9, sequence: 1)) == [2])
            #expect(rig.creates(rule(ethernet, .vlan(identifier: nil)))?.message == "VLAN mask is invalid")
            #expect(rig.creates(rule(.ethernet(destination: 0xFFFF_FFFF_FFFF)))?.message == "DMAC is invalid")
        }
    }

    @Test func tuplesTakeAMACAndNoVLANAndNoProtocol() throws {
        try Rig.run(.bnxt) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(rule(ethernet, .ipv4(destination: 0x0A00_0002), .udp(destination: 53), queue: 3)) == nil)
            #expect(rig.queues(getting: .ipv4()) == [3])
            #expect(rig.queues(getting: .ipv4(to: .guest(2))) == [0] && rig.queues(getting: .ipv4(number: 6)) == [0])
            #expect(
                rig.creates(rule(ethernet, .vlan(identifier: 9), .ipv4(destination: 1)))?.message
                    == "Cannot use VLAN with NTUPLE")
            #expect(rig.creates(rule(.ethernet(), .ipv4(destination: 1, protocol: 17)))?.message == "Invalid IPv4 mask.")
            #expect(rig.creates(rule(.ethernet(), .ipv6(protocol: 17)))?.message == "Invalid IPv6 mask.")
        }
    }

    @Test func aSecondRuleWithTheSameMatchIsRefusedAndTurnsTheFirst() throws {
        try Rig.run(.bnxt) { rig in
            _ = rig.receiveAll()
            let first = try Flow(creating: .steering(mac, to: 1), on: rig.nic.port)
            #expect(rig.creates(.steering(mac, to: 1)) == FlowError(code: 17, message: "Matching Flow exists."))
            let error = rig.creates(.steering(mac, to: 2))
            #expect(error?.message == "Flow with pattern exists, updating destination queue")
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [2], "the first rule steers there now")
            #expect(rig.nic.ruleCount == 1)
            try first.destroy()
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)) == [0])
        }
    }

    @Test func droppingIsKnownAndCountingIsNot() throws {
        try Rig.run(.bnxt) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(FlowRule(pattern: [ethernet], actions: [.drop])) == nil)
            #expect(rig.queues(getting: TestFrame(to: mac, sequence: 1)).isEmpty)
            let counting = FlowRule(pattern: [.ethernet(destination: 0x02_0000_0000_99)], actions: [.count, .queue(1)])
            #expect(rig.creates(counting)?.message == "Invalid action.")
        }
    }

    @Test func aFullTableSaysSo() throws {
        try Rig.run(.bnxt, configure: { $0.flowTableSize = 1 }) { rig in
            #expect(rig.creates(.steering(mac, to: 1)) == nil)
            let error = rig.creates(.steering(.guest(2), to: 1))
            #expect(error == FlowError(code: 28, message: "Not enough resources for a new flow"))
        }
    }
}
