// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Foundation
import Testing
import Wire

@testable import Netfront

/// The order between the paths on the way to the application.
@Suite(.serialized) struct ReceiveTests {
    @Test func withoutAVIEverythingComesByTheSlowPath() throws {
        try GuestRig.run { rig in
            rig.sendSlow(0..<100)
            #expect(rig.receive(rounds: 4) == Array(0..<100))
            #expect(rig.count(.deliveredSlow) == 100 && rig.count(.receivedSlowBytes) == 6000)
            #expect(rig.vi.callCount == 0)
        }
    }

    @Test func whatTheVIYieldsWaitsForTheFenceAndComesBehindIt() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.receive()
            rig.sendSlow(0..<10)
            rig.sendFast(100..<150)
            #expect(rig.receive(rounds: 5) == Array(0..<10))
            #expect(rig.takeEvents() == [.firstFrameSeen])
            rig.sendSlow(10..<20)
            rig.sendFence(sequence: 9)
            rig.sendFast(150..<160)
            rig.sendSlow(900..<901, to: .broadcast)
            let order = rig.receive(rounds: 10)
            #expect(order.filter { $0 != 900 } == Array(10..<20) + Array(100..<160))
            #expect(rig.takeEvents() == [.fenceArrived(sequence: 9, stashed: 50)])
            #expect(rig.count(.stashPeak) == 50 && rig.count(.stashDepth) == 0)
            rig.sendFast(160..<170)
            #expect(rig.receive() == Array(160..<170))
        }
    }

    @Test func roomForOneFrameServesBothPaths() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            rig.sendSlow(0..<20)
            rig.sendFast(100..<120)
            let order = rig.receive(rounds: 20, room: 1)
            #expect(order.count { $0 < 100 } == 10 && order.count { $0 >= 100 } == 10)
            #expect(order.filter { $0 < 100 } == Array(0..<10) && order.filter { $0 >= 100 } == Array(100..<110))
            // The way back ends, although the slow path always has something.
            rig.sendSlow(20..<60)
            #expect(rig.receive(rounds: 20, room: 1).count == 20)
            rig.command(.drain)
            rig.receive(rounds: 4, room: 1)
            rig.vi.clock += 100_000
            rig.receive(rounds: 2, room: 1)
            #expect(rig.takeEvents() == [.drained])
            rig.receive(rounds: 2)
        }
    }

    /// Without room the slow path is not asked, and says nothing about its fence.
    @Test func noRoomLetsNoFenceExpire() throws {
        try GuestRig.run(fenceLimit: 20) { rig in
            rig.open()
            rig.receive()
            rig.sendFast(100..<110)
            rig.receive()
            var full = MbufBurst(capacity: 1)
            rig.fill(&full, 0..<1)
            for _ in 0..<5 {
                usleep(10_000)
                #expect(unsafe rig.device.pointee.receive(into: &full) == 0)
            }
            full.free()
            #expect(rig.count(.possibleReorderings) == 0)
            rig.sendSlow(0..<1)
            rig.sendFence(sequence: 9)
            #expect(rig.receive(rounds: 3) == [0] + Array(100..<110))
        }
    }

    /// Where buffers are posted as a VI is polled, none are there before.
    @Test func aVICountsAsOpenOnceItWasPolled() throws {
        try GuestRig.run { rig in
            rig.open(polls: false)
            _ = rig.takeEvents()
            #expect(rig.openings == 0 && rig.vi.callCount == 0)
            rig.receive(rounds: 3)
            _ = rig.takeEvents()
            #expect(rig.openings == 1 && rig.vi.callCount > 0)
            rig.command(.close)
            rig.open(polls: false)
            rig.receive(rounds: 3)
            _ = rig.takeEvents()
            #expect(rig.openings == 2)
        }
    }

    /// Older than what came by the slow path since, and no proof that anybody steers here now.
    @Test func whatAVIHoldsFromAnEarlierLifeIsDropped() throws {
        try GuestRig.run { rig in
            rig.open(polls: false)
            rig.sendFast(100..<150)
            rig.sendSlow(0..<10)
            #expect(rig.receive() == Array(0..<10))
            #expect(rig.takeEvents().isEmpty && rig.openings == 0, "the VI held something")
            #expect(rig.receive(rounds: 2).isEmpty)
            #expect(rig.takeEvents().isEmpty && rig.openings == 1)
            #expect(rig.count(.dropStale) == 50 && rig.count(.receivedFastPackets) == 50 && rig.count(.peersLearned) == 0)
            // From here on it is the guest's.
            rig.sendFast(150..<160)
            rig.receive()
            #expect(rig.takeEvents() == [.firstFrameSeen])
            rig.sendFence(sequence: 9)
            #expect(rig.receive(rounds: 3) == Array(150..<160))
        }
    }

    /// It can't be this VI's: nobody steers to it yet.
    @Test func aFenceThatComesBeforeTheVIWasPolledIsRefused() throws {
        try GuestRig.run { rig in
            rig.open(polls: false)
            rig.sendFence(sequence: 9)
            rig.receive(rounds: 2)
            #expect(rig.takeEvents().isEmpty && rig.openings == 1)
            #expect(rig.count(.dropUnexpectedFence) == 1)
            rig.sendFast(100..<110)
            #expect(rig.receive(rounds: 2).isEmpty, "its own fence is still to come")
            rig.sendFence(sequence: 10)
            #expect(rig.receive(rounds: 3) == Array(100..<110))
        }
    }

    @Test func theStashComesOutInAnyPortionsBeforeWhatFollowsIt() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.receive()
            rig.sendFast(0..<300)
            rig.receive(rounds: 6)
            rig.sendFence()
            rig.sendFast(300..<400)
            var all: [UInt32] = []
            for _ in 0..<200 { all += rig.receive(room: 7) }
            #expect(all == Array(0..<400))
        }
    }

    @Test func aFullStashDropsTheNewestAndCountsThem() throws {
        try GuestRig.run(stash: 32) { rig in
            rig.open()
            rig.receive()
            rig.sendFast(0..<100)
            rig.receive(rounds: 3)
            #expect(rig.count(.dropStashOverflow) == 68 && rig.count(.stashDepth) == 32 && rig.count(.stashPeak) == 32)
            rig.sendFence()
            #expect(rig.receive(rounds: 4) == Array(0..<32))
        }
    }

    @Test func fencesThatNobodyAskedForAreDroppedAndCounted() throws {
        try GuestRig.run { rig in
            rig.sendFence()
            rig.receive()
            #expect(rig.count(.dropUnexpectedFence) == 1)
            rig.open()
            rig.receive()
            rig.sendFast(0..<5)
            rig.sendFence(nonce: GuestRig.nonce ^ 1)
            rig.sendFence(nonce: 0)
            #expect(rig.receive(rounds: 3).isEmpty)
            #expect(rig.count(.dropUnexpectedFence) == 3 && rig.count(.stashDepth) == 5)
            rig.sendFence()
            rig.sendFence(sequence: 2)
            #expect(rig.receive(rounds: 3) == Array(0..<5))
            #expect(rig.count(.dropUnexpectedFence) == 4)
        }
    }

    @Test func aFenceThatDoesNotComeIsGivenUpAndCounted() throws {
        try GuestRig.run(fenceLimit: 200) { rig in
            rig.open()
            // Nothing waits for the fence yet: the limit does not run.
            rig.receive()
            usleep(400_000)
            rig.receive(rounds: 2)
            rig.sendFast(0..<5)
            rig.receive()
            #expect(rig.count(.possibleReorderings) == 0)
            usleep(300_000)
            // The slow path yields: the limit starts again.
            rig.sendSlow(50..<51)
            #expect(rig.receive() == [50])
            #expect(rig.receive().isEmpty)
            usleep(300_000)
            #expect(rig.receive(rounds: 3) == Array(0..<5))
            #expect(rig.count(.possibleReorderings) == 1)
            #expect(rig.takeEvents() == [.firstFrameSeen, .fenceExpired])
            #expect(!rig.isTransmittingFast)
        }
    }

    @Test func foreignFramesAndReplicasAndRuntsAreDroppedAndNotLearned() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.sendFence()
            rig.receive(rounds: 3)
            rig.sendFast(0..<2, to: .broadcast, peer: 10)
            rig.sendFast(2..<5, to: MACAddress(rawValue: 0x3333_0000_0001), peer: 11)
            rig.sendFast(5..<9, to: Frame.peer(99), peer: 12)
            rig.sendFast(9..<14, peer: 13, length: 13)
            rig.sendFast(14..<15, peer: 14, length: 14)
            rig.sendFast(20..<30, peer: 15)
            #expect(rig.receive(rounds: 2) == [.max] + Array(20..<30))
            #expect(rig.count(.dropReplica) == 5 && rig.count(.dropForeign) == 4 && rig.count(.dropRunt) == 5)
            #expect(rig.count(.peersLearned) == 2)
            #expect(rig.isKnown(14) && rig.isKnown(15) && !(10...13).contains { rig.isKnown($0) })
        }
    }

    /// A rule on the destination MAC lets every VLAN through; the slow path would not.
    @Test func taggedFramesAreDroppedAndProveAndTeachNothing() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.sendFence()
            rig.receive(rounds: 3)
            _ = rig.takeEvents()
            rig.sendFast(0..<4, peer: 20, tag: 0x0001)
            rig.sendFast(4..<7, peer: 21, tag: 0xEFFF)
            #expect(rig.receive(rounds: 2).isEmpty)
            #expect(rig.count(.dropTagged) == 7 && rig.takeEvents().isEmpty && !rig.isKnown(20) && !rig.isKnown(21))
            rig.sendFast(7..<9, peer: 22, tag: 0xE000)
            #expect(rig.receive(rounds: 2).count == 2)
            #expect(rig.isKnown(22) && rig.count(.dropTagged) == 7)
        }
    }

    @Test func localAddressesAreNeitherLearnedNorKept() throws {
        try GuestRig.run { rig in
            rig.becomeFast(peers: 2)
            rig.setLocal([Frame.peer(1), Frame.peer(3)])
            rig.vi.transmitDone = 0
            rig.receive()
            // In the VI there may still be packets to it: it is forgotten when they are out.
            #expect(rig.isKnown(1))
            rig.vi.transmitDone = 1
            rig.receive()
            #expect(!rig.isKnown(1) && rig.isKnown(2) && rig.count(.peersFast) == 1)
            rig.sendFast(0..<4, peer: 1)
            rig.sendFast(4..<6, peer: 3)
            #expect(rig.receive(rounds: 2).count == 6)
            #expect(rig.count(.peersLocal) == 6 && !rig.isKnown(1) && !rig.isKnown(3))
            rig.setLocal([])
            rig.receive()
            rig.sendFast(6..<7, peer: 1)
            rig.receive()
            #expect(rig.isKnown(1))
        }
    }

    /// The slow path also brings what other guests of this host send, whom the VI may not reach.
    @Test func whatComesByTheSlowPathTeachesNothing() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            rig.sendSlow(0..<20, peer: 30)
            rig.sendSlow(20..<40, to: .broadcast, peer: 31)
            #expect(rig.receive(rounds: 3).count == 40)
            #expect(!rig.isKnown(30) && !rig.isKnown(31) && rig.count(.peersLearned) == 1)
        }
    }

    /// The slow path comes first and has half of the room; what it leaves is the VI's.
    @Test func bothPathsAreServedInEachRoundTheSlowOneFirst() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            rig.sendSlow(0..<100)
            rig.sendFast(1000..<1200)
            #expect(rig.receive(room: 64) == Array(0..<32) + Array(1000..<1032))
            #expect(rig.receive(room: 15) == Array(32..<40) + Array(1032..<1039))
            #expect(rig.receive(room: 64) == Array(40..<72) + Array(1039..<1071))
            #expect(rig.receive(room: 64) == Array(72..<100) + Array(1071..<1107), "what the slow path left")
            #expect(rig.receive(room: 64) == Array(1107..<1171))
            rig.sendSlow(100..<200)
            #expect(rig.receive(rounds: 4).filter { $0 < 200 } == Array(100..<200))
        }
    }

    @Test func groupSourcesAreNotLearned() throws {
        try GuestRig.run { rig in
            rig.open()
            rig.sendFast(0..<1, peer: 0x0100_0000_0001 | 0x0100_0000_0000)
            rig.receive()
            #expect(rig.count(.peersLearned) == 0 && rig.count(.peersRefused) == 0)
        }
    }
}

extension GuestRig {
    func isKnown(_ peer: UInt64) -> Bool { unsafe device.pointee.peers.find(Frame.peer(peer).rawValue) != nil }
    var isTransmittingFast: Bool { unsafe device.pointee.mayTransmitFast }
}
