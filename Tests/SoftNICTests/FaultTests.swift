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
}
