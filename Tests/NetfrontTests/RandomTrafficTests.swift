// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import TestSupport
import Testing
import Wire

@testable import Netfront

/// Any traffic, any commands: no frame leaves the account.
@Suite(.serialized) struct RandomTrafficTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func everythingThatCameInIsAccountedFor(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        try GuestRig.run(slowRoom: 64, stash: 128) { rig in
            var verdicts = SplitMix64(seed: seed &+ 100)
            rig.vi.answer = { mbuf in
                switch verdicts.next() % 8 {
                case 0: .busy
                case 1: .declined(.source)
                case 2: .declined(.form)
                default: .accepted
                }
            }
            var burst = MbufBurst(capacity: 128)
            var offered = 0
            var delivered = 0
            var fence: UInt32 = 0
            for _ in 0..<3000 {
                let some = UInt32(random.next() % 20)
                let peer = random.next() % 12 + 1
                switch random.next() % 24 {
                case 0...3: rig.sendFast(0..<some, peer: peer)
                case 4...6: rig.sendSlow(0..<some, peer: peer)
                case 7: rig.sendFast(0..<some, to: .broadcast)
                case 8: rig.sendFast(0..<some, to: Frame.peer(50))
                case 9: rig.sendFast(0..<some, length: Int(random.next() % 14))
                case 10: rig.sendFence()
                case 11: rig.sendFence(nonce: random.next())
                case 12: if random.next() % 8 == 0 { rig.open(polls: false) }
                case 13: if random.next() % 16 == 0 { rig.command(.drain) }
                case 14: if random.next() % 16 == 0 { rig.command(.close) }
                case 15: if random.next() % 8 == 0 { rig.setLocal([Frame.peer(peer)]) }
                case 16: rig.vi.transmitDone = Int32(truncatingIfNeeded: random.next() % 3) - 1
                case 17, 18: rig.command(.transmitFenceConfirmed(sequence: fence))
                case 19...21:
                    let count = min(some, UInt32(burst.freeCapacity))
                    rig.fill(&burst, 0..<count, to: random.next() % 9 == 0 ? .broadcast : Frame.peer(peer))
                    offered += Int(count)
                default: rig.vi.clock += random.next() % 2_000_000
                }
                _ = rig.transmit(&burst)
                delivered += rig.receive(room: Int(random.next() % 64) + 1).count
                if random.next() % 4 == 0, let newest = rig.takeSlow().fences.last { fence = newest.sequence }
                _ = rig.takeEvents()
            }
            #expect(rig.count(.deliveredSlow) + rig.count(.deliveredFast) == UInt64(delivered))
            let declines = [
                NetfrontCounter.declinedNotConnected, .declinedGroupAddress, .declinedPeerUnknown, .declinedForm, .declinedSource,
            ]
            let declined = declines.reduce(0) { $0 + rig.count($1) }
            #expect(declined == rig.count(.transmittedSlowPackets))
            #expect(
                UInt64(offered) == rig.count(.transmittedSlowPackets) + rig.count(.transmittedFastPackets) + UInt64(burst.count))
            #expect(rig.count(.receivedFastPackets) > 1000 && rig.count(.transmittedFastPackets) > 100)
            burst.free()
        }
    }
}
