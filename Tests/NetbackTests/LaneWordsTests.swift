// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import TestSupport
import Testing
import Wire

@testable import Netback

/// What travels between the lane and the control plane, and the table, without a lane.
@Suite struct LaneWordsTests {
    @Test func commandsAndEventsSurviveTheirWay() {
        var random = SplitMix64(seed: 5)
        for _ in 0..<1000 {
            let command = LaneCommand(
                UInt8(random.below(256)), slot: random.below(1024), small: UInt32(truncatingIfNeeded: random.next()),
                large: random.next())
            let back = LaneCommand(command.words.0, command.words.1)
            #expect(back.operation == command.operation && back.slot == command.slot)
            #expect(back.small == command.small && back.large == command.large)
            let event = LaneEvent(
                UInt32(random.below(100)), vif: UInt32(truncatingIfNeeded: random.next()), argument: random.next())
            let same = LaneEvent(event.words.0, event.words.1)
            #expect(same.kind == event.kind && same.vif == event.vif && same.argument == event.argument)
        }
    }

    @Test func aGuestWordTellsDevicesAndGenerationsApart() {
        for generation in [0, 1, .max] as [UInt32] {
            // librte_vhost has 1024 devices at most.
            for device in [-1, 0, 1, 1023] as [Int32] {
                for (pairs, features) in [(1, 0), (8, 0xFF), (3, 9)] as [(Int, UInt8)] {
                    let word = GuestWord(
                        generation: generation, device: device, pairs: pairs, features: GuestFeatures(rawValue: features))
                    let back = GuestWord(word.word)
                    #expect(back.generation == generation && back.device == device)
                    #expect(back.pairs == pairs && back.features.rawValue == features)
                }
            }
        }
        #expect(GuestWord(0).device == -1)
    }

    @Test func eachCounterHasItsOwnPlaceAndName() {
        for counter in PathCounter.allCases { #expect(counter.place == Int(counter.rawValue)) }
        #expect(Set(PathCounter.allCases.map(\.name)).count == PathCounter.allCases.count)
        #expect(PathCounter.runt.isDrop && PathCounter.stopped.isDrop)
        #expect(!PathCounter.fencesConsumed.isDrop && !PathCounter.spoofedSource.isDrop)
    }

    @Test func theTableAgreesWithAModel() throws {
        try EALFixture.exclusively {
            var table = try ForwardingTable(name: "model", learned: 50, statics: 4)
            var model: [UInt64: (SwitchPort, Bool)] = [:]
            var random = SplitMix64(seed: 17)
            for step in 0..<20000 {
                let key = ForwardingTable.key(Rig.mac(UInt64(random.below(90))), vlan: 0)
                let port = SwitchPort(slot: random.below(8) - 1, vif: UInt32(random.below(3)))
                let learned = model.values.count { !$0.1 }
                switch random.below(10) {
                case 0...4:
                    if let place = table.place(of: key) {
                        #expect(model[key] != nil)
                        if !table.entry(at: place).isStatic {
                            table.move(place, to: port, seen: UInt32(step))
                            model[key] = (port, false)
                        }
                    } else {
                        #expect(model[key] == nil)
                        let isLearned = table.learn(key, port: port, seen: UInt32(step))
                        #expect(isLearned == (learned < 50))
                        if learned < 50 { model[key] = (port, false) }
                    }
                case 5:
                    if model.values.count(where: \.1) < 4 || model[key]?.1 == true {
                        table.setStatic(key, port: port)
                        if model[key]?.1 != true { model[key] = (port, true) }
                    }
                default:
                    if let place = table.place(of: key) {
                        table.remove(at: place)
                        #expect(model.removeValue(forKey: key) != nil)
                    } else {
                        #expect(model[key] == nil)
                    }
                }
                let counts = (table.count, table.learnedCount)
                #expect(counts == (model.count, model.values.count { !$0.1 }))
            }
            for (key, value) in model {
                let entry = table.place(of: key).map { table.entry(at: $0) }
                #expect(entry?.port == value.0 && entry?.isStatic == value.1)
            }
            for place in 0..<table.count {
                let found = table.place(of: table.entry(at: place).key)
                #expect(found == place)
            }
        }
    }
}
