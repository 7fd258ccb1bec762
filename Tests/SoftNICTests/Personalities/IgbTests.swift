// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct IgbTests {
    private func tuple(_ address: UInt32, queue: UInt16 = 1) -> FlowRule {
        FlowRule(
            pattern: [.ethernet(), .ipv4(destination: address, protocol: 17), .udp(destination: 53)],
            actions: [.queue(queue)])
    }

    @Test func thereAreEightNTuplesAndOneMoreIsNotImplemented() throws {
        try Rig.run(.igb) { rig in
            _ = rig.receiveAll()
            for number in 0..<8 as Range<UInt32> { #expect(rig.creates(tuple(number)) == nil) }
            #expect(rig.validates(tuple(8)) == nil)
            #expect(rig.creates(tuple(8)) == FlowError(code: 38, message: "Failed to create flow."))
            #expect(rig.queues(getting: .ipv4(address: 5)) == [1])
            #expect(rig.queues(getting: .ipv4(address: 8)) == [0])
        }
    }

    @Test func aQueueIsComparedWithTheNICsNotWithThePorts() throws {
        try Rig.run(.igb) { rig in
            _ = rig.receiveAll()
            #expect(rig.creates(tuple(1, queue: 15)) == nil)
            #expect(rig.creates(tuple(2, queue: 16))?.code == 22)
            #expect(rig.queues(getting: .ipv4(address: 1)).isEmpty)
            #expect(rig.nic.statistics.misdirected == 1)
        }
    }

    @Test func thereIsNoFlowDirectorAndNoMAC() throws {
        try Rig.run(.igb) { rig in
            #expect(rig.creates(.steering(.guest(1), to: 1))?.code == 22)
            #expect(rig.creates(.steering(.guest(1), vlan: 9, to: 1))?.code == 22)
            #expect(rig.creates(FlowRule(pattern: [.ethernet(), .ipv4(destination: 1)], actions: [.drop]))?.code == 22)
            #expect(rig.creates(FlowRule(pattern: [.ipv4(destination: 1)], actions: [.count, .queue(1)]))?.code == 22)
            #expect(rig.creates(FlowRule(pattern: [.ethernet(), .ipv6()], actions: [.queue(1)]))?.code == 22)
        }
    }

    @Test func itsQueuesNeitherStopNorStart() throws {
        try Rig.run(.igb) { rig in
            #expect(throws: DPDKError.self) { try rig.nic.port.stopReceiveQueue(1) }
            #expect(throws: DPDKError.self) { try rig.nic.port.startReceiveQueue(1) }
        }
    }
}
