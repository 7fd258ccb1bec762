// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import TestSupport
import Testing
import Wire

@testable import SoftNIC

@Suite struct SteeringTableTests {
    private func match(_ guest: UInt64, vlan: UInt16? = nil) -> Match {
        var match = Match()
        match.setDestination(MACAddress.guest(guest).rawValue)
        if let vlan { match.setVLAN(vlan) }
        return match
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func behavesAsADictionaryOfItsCapacity(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var table = SteeringTable(capacity: 24)
        var model: [Match: Verdict] = [:]
        for _ in 0..<20_000 {
            // Few addresses, so that matches collide, come back and are found missing.
            let vlan = random.next(through: 3) == 0 ? UInt16(random.next(through: 2)) : nil
            let match = match(random.next(through: 20), vlan: vlan)
            if random.next(through: 1) == 0 {
                let verdict = Verdict.queue(Int(random.next(through: 15)))
                let fits = model[match] != nil || model.count < 24
                let isInserted = table.insert(match, verdict: verdict, rule: 3)
                #expect(isInserted == fits)
                if fits { model[match] = verdict }
            } else {
                table.remove(match)
                model[match] = nil
            }
            let (count, found) = (table.count, table.verdict(of: match))
            #expect(count == model.count && found == model[match])
        }
        for (match, verdict) in model {
            let found = table.verdict(of: match)
            #expect(found == verdict)
        }
        table.removeAll()
        let left = model.keys.contains { table.verdict(of: $0) != nil }
        #expect(!left)
    }

    @Test func aMatchTellsAnUntaggedRuleFromTheOneForVLANZero() {
        #expect(match(1) != match(1, vlan: 0))
    }

    @Test func noMoreShapesThanTheTableLooksUpAreTaken() {
        var table = SteeringTable(capacity: 100)
        var taken = 0
        for bits in 1...40 as ClosedRange<UInt32> {
            if table.insert(Match(MatchShape(rawValue: bits)), verdict: .drop, rule: 0) { taken += 1 }
        }
        #expect(taken == SteeringTable.mostShapes)
        // A shape that nobody uses any more makes room.
        table.remove(Match(MatchShape(rawValue: 1)))
        let isTaken = table.insert(Match(MatchShape(rawValue: 40)), verdict: .drop, rule: 0)
        #expect(isTaken)
    }

    @Test func theMoreParticularShapeWinsAndAPriorityWinsOverThat() {
        var table = SteeringTable(capacity: 8)
        var plain = match(1)
        _ = table.insert(plain, verdict: .queue(1), rule: 0)
        var fields = FrameFields()
        var tagged = match(1, vlan: 5)
        fields.words = tagged.words
        fields.present = MatchShape.Bits.destination | MatchShape.Bits.vlan
        func found() -> Verdict? { table.find(fields).map { table.verdict(at: $0) } }
        let first = found()
        _ = table.insert(tagged, verdict: .queue(2), rule: 0)
        let second = found()
        plain.shape = plain.shape.with(priority: 1)
        _ = table.insert(plain, verdict: .queue(3), rule: 0)
        let third = found()
        tagged.shape = tagged.shape.with(priority: 2)
        _ = table.insert(tagged, verdict: .queue(4), rule: 0)
        let fourth = found()
        #expect([first, second, third, fourth] == [.queue(1), .queue(2), .queue(3), .queue(4)])
        fields.present = MatchShape.Bits.destination
        let untagged = found()
        #expect(untagged == .queue(3))
    }

    @Test func aCommandSurvivesTheRing() throws {
        try EALFixture.exclusively {
            let ring = try WordRing(name: "commands", capacity: 64)
            var match = match(1, vlan: 4095)
            match.set(
                .ipv6(
                    source: FlowIPv6Address(high: 1, low: 2), destination: FlowIPv6Address(high: 3, low: .max), number: 6))
            match.set(RuleLayers.Transport(isUDP: false, sourcePort: 80, destinationPort: 65535))
            match.setSource(0x02_0000_0000_77)
            match.shape = match.shape.with(priority: 7)
            let sent = FlowCommand(
                FlowCommand.Operation.removeRule, epoch: 0xAB_CDEF, rule: 4095, verdict: .spread(0x8001), match: match)
            #expect(sent.words.count == FlowCommand.wordCount)
            for word in sent.words { #expect(ring.handle.enqueue(word)) }
            var read = FlowCommand(0)
            #expect(read.read(ring.handle) && !read.read(ring.handle))
            #expect(read.operation == sent.operation && read.epoch == sent.epoch && read.rule == sent.rule)
            #expect(read.verdict == sent.verdict && read.match == sent.match)
        }
    }
}

@Suite struct EngineTimeTests {
    @Test func numbersStayWithinTheirBoundAndReachBothEnds() {
        var random = SplitMix64(seed: 3)
        var seen: Set<UInt64> = []
        for _ in 0..<1000 { seen.insert(random.next(through: 5)) }
        #expect(seen == [0, 1, 2, 3, 4, 5])
        #expect(random.next(through: 0) == 0)
    }

    @Test func aRoundNeverMovesTheClockByMoreThanItsBound() throws {
        // The counter's rate is the EAL's to know.
        try EALFixture.exclusively {
            var clock = EngineClock()
            clock.advance(by: 5_000)
            #expect(clock.now == 5_000)
            clock.advance(by: 1_000_000)
            #expect(clock.now == 25_000)
            LcorePause.sleep(microseconds: 1000)
            clock.advance()
            #expect(clock.now > 44_000 && clock.now <= 45_000, "asleep for a millisecond, and 20 us older")
        }
    }

    @Test func commandsTakeEffectInOrderWhateverTheirDelays() throws {
        try EALFixture.exclusively {
            let ring = try WordRing(name: "commands", capacity: 64)
            for rule in 1...2 {
                for word in FlowCommand(FlowCommand.Operation.insertRule, rule: rule).words {
                    #expect(ring.handle.enqueue(word))
                }
            }
            var pending = PendingCommands(capacity: 4)
            #expect(pending.append(from: ring.handle, due: 100) && pending.append(from: ring.handle, due: 50))
            func next(_ now: UInt64) -> UInt32? { unsafe pending.removeFirst(dueBy: now)?.pointee.rule }
            let early = next(99)
            #expect(early == nil, "the second command must not pass the first")
            let rules = [next(100), next(100)]
            let isEmpty = pending.isEmpty
            #expect(rules == [1, 2] && isEmpty)
        }
    }
}
