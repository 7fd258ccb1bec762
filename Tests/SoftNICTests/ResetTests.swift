// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

/// A port that is reset by its owner, and a NIC that repairs itself.
@Suite struct ResetTests {
    private let mac = MACAddress.guest(1)
    private var frame: TestFrame { TestFrame(to: mac, sequence: 1) }

    @Test func aResetPortRunsAgainWithItsQueuesAndWithoutItsRules() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            _ = try rig.steer(mac, to: 1)
            #expect(rig.queues(getting: frame) == [1])
            rig.inject([frame, frame])
            rig.nic.poll(advancing: 1000)
            #expect(rig.nic.statistics.queues[1].unread == 2)
            rig.nic.requestReset()
            try rig.resetPort()
            rig.nic.poll(advancing: 1000)
            _ = rig.receiveAll()
            let queue = rig.nic.statistics.queues[1]
            #expect(queue.unread == 0 && queue.stale == 2)
            #expect(rig.nic.ruleCount == 0)
            #expect(rig.queues(getting: frame) == [0])
            let again = try rig.steer(mac, to: 2)
            #expect(rig.queues(getting: frame) == [2])
            #expect(rig.transmit([frame], on: 3) == 1)
            rig.advance(microseconds: 20)
            #expect(rig.takeFromWire().count == 1)
            try again.destroy()
        }
    }

    @Test func aResetEmptiesPoolsAndLeavesThemConfigured() throws {
        try Rig.run(.ixgbe82599, shape: Rig.Shape(pools: 2)) { rig in
            _ = rig.receiveAll()
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            rig.nic.poll(advancing: 1000)
            #expect(rig.queues(getting: frame) == [2])
            try rig.resetPort()
            rig.nic.poll(advancing: 1000)
            _ = rig.receiveAll()
            #expect(rig.queues(getting: frame) == [0])
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            rig.nic.poll(advancing: 1000)
            #expect(rig.queues(getting: frame) == [2])
        }
    }

    @Test func aResetThatFailsSaysWhyAndMayBeTriedAgain() throws {
        try Rig.run { rig in
            _ = rig.receiveAll()
            rig.nic.faults = .resetRefused
            rig.nic.requestReset()
            for _ in 0..<2 {
                do throws(DPDKError) {
                    try rig.resetPort()
                    Issue.record("the firmware does not answer")
                } catch {
                    #expect(error.code == 5 && error.detail == "the firmware does not answer", "\(error)")
                }
                #expect(rig.arrivals(frame) == [0, 0, 0, 0])
            }
            rig.nic.faults = []
            try rig.resetPort()
            rig.nic.poll(advancing: 1000)
            _ = rig.receiveAll()
            #expect(rig.queues(getting: frame) == [0])
        }
    }

    @Test func aRepairIsLikeARestartOfThePort() throws {
        try Rig.run(.ixgbe82599, shape: Rig.Shape(pools: 2)) { rig in
            let events = Lock<[PortEvent]>([])
            let watch = try PortEvents(rig.nic.port) { event in events.withLock { $0.append(event) } }
            _ = rig.receiveAll()
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            rig.nic.poll(advancing: 1000)
            rig.transmit([frame], on: 0)
            rig.nic.beginRecovery()
            rig.nic.beginRecovery()
            #expect(events.withLock { $0 } == [.recovering])
            #expect(rig.arrivals(frame) == [0, 0, 0, 0])
            #expect(rig.transmit([frame], on: 0) == 0)
            #expect(rig.creates(.steering(mac, to: 1))?.code == 5)
            rig.nic.requestReset()
            rig.nic.endRecovery(succeeds: true)
            rig.nic.endRecovery(succeeds: true)
            #expect(events.withLock { $0 } == [.recovering, .recovered])
            rig.nic.poll(advancing: 1000)
            _ = rig.receiveAll()
            #expect(rig.queues(getting: frame) == [2], "addresses are there as before")
            let statistics = rig.nic.statistics
            #expect(statistics.receivedStopped == 1 && statistics.queues[0].unsentReset == 1 && statistics.isBalanced)
            withExtendedLifetime(watch) {}
        }
    }

    @Test func afterARepairThatFailedNothingButAResetHelps() throws {
        try Rig.run { rig in
            let events = Lock<[PortEvent]>([])
            let watch = try PortEvents(rig.nic.port) { event in events.withLock { $0.append(event) } }
            _ = rig.receiveAll()
            rig.nic.beginRecovery()
            rig.nic.endRecovery(succeeds: false)
            #expect(events.withLock { $0 } == [.recovering, .recoveryFailed])
            #expect(rig.arrivals(frame) == [0, 0, 0, 0])
            try rig.stopPort()
            #expect(throws: DPDKError.self) { try rig.startPort() }
            #expect(rig.arrivals(frame) == [0, 0, 0, 0])
            try rig.resetPort()
            rig.nic.poll(advancing: 1000)
            _ = rig.receiveAll()
            #expect(rig.queues(getting: frame) == [0])
            withExtendedLifetime(watch) {}
        }
    }
}
