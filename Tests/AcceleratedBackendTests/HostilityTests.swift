// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Testing
import Wire

@testable import AcceleratedBackend

/// What a frontend may say, and must not get by it.
@Suite struct HostilityTests {
    /// One row for each hostility: a name, the bytes, in the order of the test's output.
    static let garbage: [(name: String, bytes: [UInt8])] = [
        ("nothing", []),
        ("one octet", [0xAC]),
        ("zeros", [UInt8](repeating: 0, count: 64)),
        ("ones", [UInt8](repeating: 0xFF, count: 64)),
        ("a header without its body", [0xAC, 0x01, 0x81, 0, 0, 2]),
        ("an unknown type", [0xAC, 0x01, 0xFE, 0, 0, 0]),
        ("another encoding", [0xAC, 0x09, 0x81, 0, 0, 2, 0, 1]),
        ("reserved flags", [0xAC, 0x01, 0x81, 7, 0, 2, 0, 1]),
        ("trailing octets", [0xAC, 0x01, 0x81, 0, 0, 3, 0, 1, 9]),
        ("too long", [UInt8](repeating: 0xAC, count: 100_000)),
        (
            "the backend's own offer",
            ControlCodec.encode(
                .offer(version: 1, mac: MACAddress(rawValue: 0x0200_0000_0001), plugin: "p", maximumStash: 1))
        ),
        (
            "the backend's own grant",
            ControlCodec.encode(
                .grant(id: 1, .queuePair(port: 0, rxQueue: 0, txQueue: 0, mempool: "p"), fenceNonce: 1, settleNanoseconds: 1))
        ),
        ("grant 0", [0xAC, 0x01, 0x83, 0, 0, 4, 0, 0, 0, 0]),
    ]

    @Test(arguments: Rung.allCases, garbage.indices)
    func garbageCostsAccelerationAndNothingElse(rung: Rung, row: Int) throws {
        let rig = try BackendRig()
        rig.add(2)
        rig.connect(2)
        rig.add(1, wanted: false)
        rung.lead(rig)
        rig.say(Self.garbage[row].bytes, 1)
        rig.deliverEvents()
        rig.tick()
        #expect(rig.state(1)?.reason?.code == .protocolViolation, "\(Self.garbage[row].name)")
        #expect(rig.backend.ruleCount == 1, "only the other vif's")
        #expect(rig.host.held.isEmpty)
        #expect(rig.state(2) == .connected)
        #expect(rig.backend.counts.quarantined == (rung.hasVI ? 1 : 0), "an open VI of a liar goes to nobody")
        #expect(rig.backend.counters.violations == 1)
        rig.run()
        #expect(rig.host.sent[1]?.contains { message in if case .offer = message { true } else { false } } != true)
        #expect(rig.state(2) == .connected)
    }

    @Test(arguments: Rung.allCases)
    func messagesOutOfTurnNeverGetMoreThanOneVI(rung: Rung) throws {
        let reason = AccelerationReason(.timeout)
        let all: [ControlMessage] = [
            .accept(version: 1), .accept(version: 0), .accept(version: 9), .refuse(reason), .opened(id: 1), .opened(id: 77),
            .openFailed(id: 1, reason), .proven(id: 1), .fenceReached(id: 1, sequence: 1, stashed: .max),
            .fenceReached(id: 1, sequence: 99, stashed: 0), .fenceExpired(id: 1), .drained(id: 1), .closed(id: 1),
            .withdraw(id: 1, reason),
        ]
        for first in all {
            for second in all {
                let rig = try BackendRig()
                rig.add(1, wanted: false)
                rung.lead(rig)
                rig.say(first, 1)
                rig.say(second, 1)
                #expect(rig.backend.counts.granted <= 1, "\(first), \(second)")
                #expect(rig.backend.ruleCount <= rig.backend.counts.granted, "\(first), \(second)")
                rig.remove(1)
                #expect(rig.backend.ruleCount == 0, "\(first), \(second)")
                #expect(rig.backend.counts.granted == 0, "\(first), \(second)")
                #expect(rig.programmer.live.isEmpty, "\(first), \(second)")
            }
        }
    }

    @Test func aGuestThatFloodsItsLinkGetsNoMoreAnswersThanItIsDue() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.connect(1)
        rig.host.sent[1] = []
        for _ in 0..<1000 { rig.say(.closed(id: 55), 1) }
        #expect(rig.host.sent[1] == [])
        #expect(rig.state(1) == .connected)
    }

    @Test func onlyTheOperatorLetsALiarBackIn() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.connect(1)
        rig.say([1, 2, 3], 1)
        rig.run()
        rig.happen(.guestConnected, 1)
        rig.add(2)
        rig.run()
        rig.want(false, 2)
        rig.run()
        #expect(rig.state(1)?.reason?.code == .protocolViolation)
        rig.want(false, 1)
        rig.want(true, 1)
        rig.connect(1)
        #expect(rig.state(1) == .connected, "with the VI that is left")
    }
}
