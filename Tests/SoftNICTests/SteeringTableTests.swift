// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing
import Wire

@testable import SoftNIC

@Suite struct SteeringTableTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func behavesAsADictionaryOfItsCapacity(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var table = SteeringTable(capacity: 24)
        var model: [SteeringKey: Int] = [:]
        for _ in 0..<20_000 {
            // Few addresses, so that keys collide, come back and are found missing.
            let vlan = random.next(through: 3) == 0 ? UInt16(random.next(through: 2)) : nil
            let key = SteeringKey(destination: .guest(random.next(through: 20)), vlan: vlan)
            if random.next(through: 1) == 0 {
                let queue = Int(random.next(through: 15))
                let fits = model[key] != nil || model.count < 24
                let isInserted = table.insert(key, queue: queue)
                #expect(isInserted == fits)
                if fits { model[key] = queue }
            } else {
                table.remove(key)
                model[key] = nil
            }
            let (count, found) = (table.count, table.queue(of: key))
            #expect(count == model.count && found == model[key])
        }
        for (key, queue) in model {
            let found = table.queue(of: key)
            #expect(found == queue)
        }
    }

    @Test func aKeyTellsAnUntaggedRuleFromTheOneForVLANZero() {
        let plain = SteeringKey(destination: .guest(1), vlan: nil)
        let zero = SteeringKey(destination: .guest(1), vlan: 0)
        #expect(plain != zero && plain.rawValue != 0 && zero.rawValue != 0)
    }

    @Test func aCommandSurvivesItsWords() {
        for queue in [nil, 0, 15] {
            let command = FlowCommand(key: SteeringKey(destination: .guest(1), vlan: 4095), queue: queue)
            let (first, second) = command.words
            let read = FlowCommand(words: first, second)
            #expect(read.key == command.key && read.queue == queue)
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

    @Test func commandsTakeEffectInOrderWhateverTheirDelays() {
        var pending = PendingCommands(capacity: 4)
        pending.append(FlowCommand(key: SteeringKey(destination: .guest(1), vlan: nil), queue: 1), due: 100)
        pending.append(FlowCommand(key: SteeringKey(destination: .guest(2), vlan: nil), queue: 2), due: 50)
        let early = pending.removeFirst(dueBy: 99)?.queue
        #expect(early == nil, "the second command must not pass the first")
        let queues = [pending.removeFirst(dueBy: 100)?.queue, pending.removeFirst(dueBy: 100)?.queue]
        let isEmpty = pending.isEmpty
        #expect(queues == [1, 2] && isEmpty)
    }
}
