// SPDX-License-Identifier: BSD-3-Clause
import Testing

@testable import Netfront

/// The way back to the slow path, planned and forced.
@Suite(.serialized) struct DrainTests {
    @Test func drainingEndsWhenTheVIStayedEmptyForTheSettleTimeOnItsClock() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            rig.command(.drain)
            rig.receive(rounds: 50)
            #expect(rig.takeEvents().isEmpty, "one empty poll, or fifty, prove nothing")
            rig.vi.clock += 99_999
            rig.receive(rounds: 2)
            #expect(rig.takeEvents().isEmpty)
            rig.sendFast(1..<2)
            #expect(rig.receive() == [1])
            rig.vi.clock += 99_999
            rig.receive()
            #expect(rig.takeEvents().isEmpty, "the time starts again with each frame")
            rig.vi.clock += 1
            rig.receive()
            #expect(rig.takeEvents() == [.drained])
            let calls = rig.vi.callCount
            rig.receive(rounds: 3)
            #expect(rig.vi.callCount == calls, "a drained VI is not touched")
        }
    }

    @Test func drainingWaitsForWhatIsStillToBeSent() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            rig.vi.transmitDone = 0
            rig.command(.drain)
            rig.receive(rounds: 2)
            rig.vi.clock += 1_000_000
            rig.receive(rounds: 3)
            #expect(rig.takeEvents().isEmpty)
            rig.vi.transmitDone = 1
            rig.receive(rounds: 2)
            #expect(rig.takeEvents() == [.drained])
        }
    }

    /// As the clock of a VI in another process is: there is none at times, and the first reading may be an old one.
    @Test func drainingWaitsForAClockThatIsKnown() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            rig.vi.clock = 0
            rig.command(.drain)
            rig.receive(rounds: 5)
            rig.vi.clock = 1
            rig.receive()
            // As old as the question, so no time has passed by it.
            rig.vi.clock = 10_000_000
            rig.receive()
            #expect(rig.takeEvents().isEmpty)
            rig.vi.clock = 0
            rig.receive(rounds: 5)
            #expect(rig.takeEvents().isEmpty)
            rig.vi.clock = 20_000_000
            rig.receive()
            #expect(rig.takeEvents() == [.drained])
        }
    }

    /// Frames that are older than the stash may still be on their way although the slow path yields nothing just now.
    @Test func drainingWithTheGateShutWaitsForTheFence() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.receive()
            rig.sendFast(100..<120)
            rig.receive()
            rig.command(.drain)
            rig.vi.clock += 1_000_000
            #expect(rig.receive(rounds: 5).isEmpty)
            rig.sendSlow(0..<5)
            #expect(rig.receive(rounds: 3) == Array(0..<5))
            rig.sendFence()
            #expect(rig.receive(rounds: 3) == Array(100..<120))
            rig.vi.clock += 1_000_000
            rig.receive(rounds: 2)
            let events = rig.takeEvents()
            #expect(events.last == .drained && events.contains(.fenceArrived(sequence: 1, stashed: 20)))
            #expect(!rig.isTransmittingFast)
        }
    }

    @Test func aVIThatNeverYieldedDrainsWithoutAFence() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.receive()
            rig.command(.drain)
            rig.receive(rounds: 2)
            rig.vi.clock += 100_000
            rig.receive()
            #expect(rig.takeEvents() == [.drained])
            rig.command(.close)
            rig.sendSlow(0..<3)
            #expect(rig.receive(rounds: 2) == [0, 1, 2])
            #expect(rig.takeEvents() == [.closed])
        }
    }

    @Test func aForcedCloseDeliversTheStashAndTouchesTheVINoMore() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.receive()
            rig.sendFast(0..<200)
            rig.receive(rounds: 4)
            let calls = rig.vi.callCount
            rig.command(.close)
            #expect(rig.receive(rounds: 10) == Array(0..<200))
            #expect(rig.takeEvents() == [.firstFrameSeen, .closed])
            #expect(rig.vi.callCount == calls)
            rig.sendFence()
            rig.receive()
            #expect(rig.count(.dropUnexpectedFence) == 1)
        }
    }

    @Test func aForcedCloseForgetsThePeers() throws {
        try GuestRig.run { rig in
            rig.becomeFast(peers: 2)
            rig.command(.close)
            rig.receive()
            #expect(rig.takeEvents() == [.closed])
            #expect(!rig.isKnown(1) && !rig.isKnown(2) && rig.count(.peersFast) == 0)
        }
    }
}
