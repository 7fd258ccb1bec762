// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Testing
import Wire

@testable import Netfront

/// Which path a packet of the guest's takes, and the order of those to one peer.
@Suite(.serialized) struct TransmitTests {
    @Test func withoutAVIEverythingGoesSlow() throws {
        try GuestRig.run { rig in
            var burst = MbufBurst(capacity: 64)
            rig.fill(&burst, 0..<40)
            #expect(rig.transmit(&burst) == 40)
            #expect(rig.takeSlow().numbers == Array(0..<40))
            #expect(rig.count(.declinedNotConnected) == 40 && rig.count(.transmittedSlowBytes) == 2400)
        }
    }

    @Test func eachReasonToDeclineHasItsCounter() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            rig.vi.answer = { $0.packetLength == 1400 ? .declined(.source) : .accepted }
            var burst = MbufBurst(capacity: 64)
            rig.fill(&burst, 0..<1, length: 13)
            rig.fill(&burst, 1..<3, to: .broadcast)
            rig.fill(&burst, 3..<6, to: MACAddress(rawValue: 0x0100_5E00_0001))
            rig.fill(&burst, 6..<10, to: Frame.peer(77))
            rig.fill(&burst, 10..<15, length: 1400)
            rig.fill(&burst, 15..<21, etherType: 0x8100)
            rig.fill(&burst, 21..<22, length: 14)
            #expect(rig.transmit(&burst) == 22)
            #expect(rig.takeSlow().numbers == [.max] + Array(1..<15))
            #expect(rig.vi.sent == Array(15..<21) + [.max])
            #expect(rig.count(.declinedForm) == 1)
            #expect(rig.count(.declinedGroupAddress) == 5)
            #expect(rig.count(.declinedPeerUnknown) == 4)
            #expect(rig.count(.declinedSource) == 5)
            #expect(rig.count(.declinedNotConnected) == 0)
            #expect(rig.count(.transmittedFastPackets) == 7 && rig.count(.transmittedSlowPackets) == 15)
            #expect(rig.count(.transmittedFastBytes) == 6 * 60 + 14)
            #expect(rig.count(.transmittedSlowBytes) == 13 + 9 * 60 + 5 * 1400)
        }
    }

    @Test func aPacketWithoutADestinationIsDeclinedForItsForm() throws {
        try GuestRig.run { rig in
            var burst = MbufBurst(capacity: 4)
            rig.fill(&burst, 0..<1, length: 0)
            rig.fill(&burst, 1..<2, length: 13)
            #expect(rig.transmit(&burst) == 2)
            #expect(rig.count(.declinedForm) == 2)
        }
    }

    @Test func whatIsBusyStaysInOrderAndTheRestGoesOn() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            var room = 3
            rig.vi.answer = { _ in
                room -= 1
                return room >= 0 ? .accepted : .busy
            }
            var burst = MbufBurst(capacity: 256)
            rig.fill(&burst, 0..<5)
            rig.fill(&burst, 5..<10, to: .broadcast)
            rig.fill(&burst, 10..<200)
            #expect(rig.transmit(&burst) == 8)
            #expect(rig.vi.sent == [0, 1, 2] && rig.takeSlow().numbers == Array(5..<10))
            #expect((0..<burst.count).map { Frame.number(burst[$0]) } == [3, 4] + Array(10..<200))
            #expect(rig.count(.transmitBusy) == 192)
            room = 1000
            #expect(rig.transmit(&burst) == 192)
            #expect(rig.vi.sent == Array(0..<5) + Array(10..<200))
            burst.free()
        }
    }

    @Test func aFullSlowPathKeepsTheRestInOrder() throws {
        try GuestRig.run(slowRoom: 16) { rig in
            var burst = MbufBurst(capacity: 128)
            rig.fill(&burst, 0..<100)
            var all: [UInt32] = []
            var rounds = 0
            while !burst.isEmpty && rounds < 50 {
                _ = rig.transmit(&burst)
                all += rig.takeSlow().numbers
                rounds += 1
            }
            #expect(all == Array(0..<100))
            #expect(rig.count(.transmittedSlowPackets) == 100 && rig.count(.declinedNotConnected) == 100)
            burst.free()
        }
    }

    @Test func aPeerTurnsFastBehindAFenceThatNothingFollowed() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.sendFast(0..<1)
            rig.sendFence()
            rig.receive(rounds: 3)
            var burst = MbufBurst(capacity: 8)
            let fence = rig.takeSlow().fences
            #expect(fence.map(\.nonce) == [GuestRig.nonce])
            // Spoils this try.
            rig.fill(&burst, 0..<1)
            _ = rig.transmit(&burst)
            rig.command(.transmitFenceConfirmed(sequence: fence[0].sequence))
            rig.receive()
            #expect(rig.count(.peersFast) == 0)
            #expect(rig.confirmFence())
            rig.receive()
            #expect(rig.count(.peersFast) == 1 && rig.count(.fencesConfirmed) == 2)
            rig.fill(&burst, 1..<3)
            #expect(rig.transmit(&burst) == 2)
            #expect(rig.vi.sent == [1, 2])
        }
    }

    @Test func afterThreeSpoiltTriesAPeersPacketsWaitForTheFence() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.sendFast(0..<1)
            rig.sendFence()
            rig.receive(rounds: 3)
            var burst = MbufBurst(capacity: 8)
            for number in 0..<3 as Range<UInt32> {
                let fence = rig.takeSlow().fences
                rig.fill(&burst, number..<number + 1)
                #expect(rig.transmit(&burst) == 1)
                rig.command(.transmitFenceConfirmed(sequence: fence.last!.sequence))
                rig.receive()
            }
            rig.fill(&burst, 3..<5)
            #expect(rig.transmit(&burst) == 0 && burst.count == 2)
            #expect(rig.confirmFence())
            #expect(rig.transmit(&burst) == 2)
            #expect(rig.vi.sent == [3, 4])
        }
    }

    @Test func aConfirmationOfAnotherFenceIsIgnored() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.sendFast(0..<1)
            rig.sendFence()
            rig.receive(rounds: 3)
            let sequence = rig.takeSlow().fences[0].sequence
            rig.command(.transmitFenceConfirmed(sequence: sequence &- 1), .transmitFenceConfirmed(sequence: sequence &+ 1))
            rig.receive(rounds: 2)
            #expect(rig.count(.fencesConfirmed) == 0 && rig.count(.peersFast) == 0)
        }
    }

    /// The packets before it leave the VI first, it goes slow behind them, and those after it wait.
    @Test func aPacketThatTheVICantCarryKeepsItsPlace() throws {
        try GuestRig.run { rig in
            rig.becomeFast(peers: 2)
            rig.vi.answer = { $0.packetLength > 1514 ? .declined(.form) : .accepted }
            rig.vi.transmitDone = 0
            var burst = MbufBurst(capacity: 32)
            rig.fill(&burst, 0..<3)
            rig.fill(&burst, 3..<4, length: 1600)
            rig.fill(&burst, 4..<6)
            #expect(rig.transmit(&burst) == 3)
            #expect(rig.transmit(&burst) == 0)
            #expect(rig.vi.sent == [0, 1, 2] && rig.takeSlow().numbers.isEmpty)
            rig.vi.transmitDone = 1
            #expect(rig.transmit(&burst) == 3)
            #expect(rig.takeSlow().numbers == [3, 4, 5])
            // The other peer stayed where it was.
            rig.fill(&burst, 6..<8, to: Frame.peer(2))
            #expect(rig.transmit(&burst) == 2)
            #expect(rig.vi.sent == [0, 1, 2, 6, 7])
        }
    }

    @Test func whereTheDriverCantTellTimeDecides() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            rig.vi.transmitDone = -95
            rig.command(.drain)
            rig.receive()
            rig.vi.clock += 1_259_000
            rig.receive(rounds: 3)
            #expect(rig.isKnown(1))
            // 1024 frames of 1538 bytes at 10 Gbit/s are 1,259,929.6 ns.
            rig.vi.clock += 1_000
            rig.receive(rounds: 2)
            #expect(!rig.isKnown(1))
        }
    }
}
