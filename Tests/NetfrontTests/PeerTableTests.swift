// SPDX-License-Identifier: BSD-3-Clause
import Testing

@testable import Netfront

@Suite struct PeerTableTests {
    private static func mac(_ number: UInt64) -> UInt64 { 0x0200_0000_0000 | number }

    private func state(_ mac: UInt64, _ table: borrowing PeerTable) -> PeerState? { table.find(mac).map { table[$0].state } }

    /// One peer that is fast.
    private func makeFast() -> PeerTable {
        var table = PeerTable(capacity: 16)
        _ = table.learn(Self.mac(1), now: 0)
        table.fenceSent()
        table.fenceConfirmed()
        return table
    }

    @Test func aPeerIsLearnedOnce() {
        var table = PeerTable(capacity: 16)
        let answers = [table.learn(Self.mac(1), now: 0), table.learn(Self.mac(1), now: 5)]
        #expect(answers == [.added, .known])
        let (waiting, found, unknown) = (table.waiting, state(Self.mac(1), table), state(Self.mac(2), table))
        #expect(waiting == 1 && found == .candidate && unknown == nil)
        let place = table.find(Self.mac(1))!
        let seen = table[place].lastSeen
        #expect(seen == 5)
    }

    @Test func aFloodIsBoundedAndLeavesPeersInUseAlone() {
        var table = PeerTable(capacity: 64)
        for number in 0..<64 { _ = table.learn(Self.mac(UInt64(number)), now: 0) }
        table.fenceSent()
        table.fenceConfirmed()
        let fast = (0..<64).filter { state(Self.mac(UInt64($0)), table) == .fast }
        let total = table.fast
        #expect(total == fast.count && total > 32)
        for number in 1000..<20000 { _ = table.learn(Self.mac(UInt64(number)), now: UInt32(number)) }
        let left = fast.filter { state(Self.mac(UInt64($0)), table) == .fast }
        let (stillFast, waiting) = (table.fast, table.waiting)
        #expect(left == fast && stillFast == fast.count)
        #expect(waiting <= 64 - fast.count)
    }

    @Test func aSilentCandidateMakesRoomAndAFreshOneDoesNot() {
        var table = PeerTable(capacity: 16)
        var added: [UInt64] = []
        var refused: [UInt64] = []
        for number in 0..<200 as Range<UInt64> {
            switch table.learn(Self.mac(number), now: 10) {
            case .added: added.append(number)
            case .refused: refused.append(number)
            case .known: Issue.record("nobody is known")
            }
        }
        #expect(added.count == 16)
        let one = Self.mac(refused[0])
        let early = table.learn(one, now: 11)
        let later = table.learn(one, now: 12)
        #expect(early == .refused && later == .added)
        let waiting = table.waiting
        #expect(waiting == 16)
    }

    @Test func aPeerTurnsFastOnlyWhenNothingWentToItBehindTheFence() {
        var table = PeerTable(capacity: 16)
        _ = table.learn(Self.mac(1), now: 0)
        _ = table.learn(Self.mac(2), now: 0)
        table.noteSlow(table.find(Self.mac(1))!)
        table.fenceSent()
        table.noteSlow(table.find(Self.mac(2))!)
        // Learned behind the fence: it is about this one no more than about any other.
        _ = table.learn(Self.mac(3), now: 0)
        table.fenceConfirmed()
        let states = (1...3).map { state(Self.mac($0), table) }
        #expect(states == [.fast, .candidate, .candidate])
        let counts = [table.fast, table.waiting, table.leaving]
        #expect(counts == [1, 2, 0])
    }

    @Test func afterThreeSpoiltTriesAPeerIsHeldAndTurnsFast() {
        var table = PeerTable(capacity: 16)
        _ = table.learn(Self.mac(1), now: 0)
        let place = table.find(Self.mac(1))!
        for expected in [PeerState.candidate, .candidate, .heldCandidate] {
            table.fenceSent()
            table.noteSlow(place)
            table.fenceConfirmed()
            let now = table[place].state
            #expect(now == expected)
        }
        table.fenceSent()
        let held = table[place].state
        table.fenceConfirmed()
        let (end, tries) = (table[place].state, table[place].tries)
        #expect(held == .heldFencing && end == .fast && tries == 0)
    }

    @Test func aLostFenceHoldsNobody() {
        var table = PeerTable(capacity: 16)
        for number in 1...3 as ClosedRange<UInt64> { _ = table.learn(Self.mac(number), now: 0) }
        let places = (1...3).map { table.find(Self.mac($0))! }
        table.setState(places[0], .fencing)
        table.setState(places[1], .heldFencing)
        table.setState(places[2], .heldCandidate)
        table.fenceLost()
        let states = places.map { table[$0].state }
        let waiting = table.waiting
        #expect(states.allSatisfy { $0 == .candidate } && waiting == 3)
    }

    @Test func whatLeavesWaitsForTheVIToBeEmpty() {
        var table = makeFast()
        let place = table.find(Self.mac(1))!
        table.setState(place, .leaving)
        let leaving = [table.fast, table.leaving]
        table.transmitDone()
        let (state, counts) = (table[place].state, [table.waiting, table.leaving])
        #expect(leaving == [0, 1] && state == .candidate && counts == [1, 0])
    }

    @Test func aWithdrawnFastPeerIsForgottenOnlyWhenTheVIIsEmpty() {
        var table = makeFast()
        _ = table.learn(Self.mac(2), now: 0)
        table.withdrawAll()
        let states = [state(Self.mac(1), table), state(Self.mac(2), table)]
        let again = table.learn(Self.mac(1), now: 0)
        table.transmitDone()
        let after = state(Self.mac(1), table)
        let counts = [table.waiting, table.fast, table.leaving]
        #expect(states == [.forgetting, nil] && again == .known && after == nil && counts == [0, 0, 0])
    }

    @Test func removeAllForgetsAtOnce() {
        var table = makeFast()
        _ = table.learn(Self.mac(2), now: 0)
        table.removeAll()
        let left = [table.find(Self.mac(1)), table.find(Self.mac(2))]
        let counts = [table.waiting, table.fast, table.leaving]
        #expect(left == [nil, nil] && counts == [0, 0, 0])
    }
}
