// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Foundation
import Synchronization
import Testing
import Wire

@testable import AcceleratedBackend

/// Whether the other side has ended.
private final class Flag: Sendable {
    let isSet = Atomic(false)
}

@Suite struct FlowSketchTests {
    static func flow(_ number: Int) -> FlowSelector {
        FlowSelector(IPv4Address(rawValue: 0x0A00_0000 | UInt32(number >> 16)), .udp, port: UInt16(truncatingIfNeeded: number))
    }

    /// All that is counted now; the lcore is between two bursts.
    static func drain(_ table: FlowSketchTable) -> [FlowSelector: UInt64] {
        _ = table.takeWindow()
        table.sketch.beginBurst()
        let observations = table.takeWindow() ?? []
        table.sketch.beginBurst()
        return Dictionary(uniqueKeysWithValues: observations.map { ($0.selector, $0.frames) })
    }

    @Test func fewFlowsAreCountedExactly() {
        let table = FlowSketchTable(capacity: 64, seed: 1)
        table.sketch.beginBurst()
        for number in 0..<8 {
            for _ in 0...number { table.sketch.count(Self.flow(number)) }
        }
        let counts = Self.drain(table)
        #expect(counts == Dictionary(uniqueKeysWithValues: (0..<8).map { (Self.flow($0), UInt64($0 + 1)) }))
        #expect(Self.drain(table).isEmpty)
    }

    @Test func aWindowIsReadOnlyOnceTheLcoreHasLeftIt() {
        let table = FlowSketchTable(capacity: 64, seed: 1)
        table.sketch.beginBurst()
        table.sketch.count(Self.flow(1))
        #expect(table.takeWindow() == [])
        // No burst since: the lcore may still be in the old window.
        table.sketch.count(Self.flow(1))
        #expect(table.takeWindow() == nil)
        table.sketch.beginBurst()
        table.sketch.count(Self.flow(2))
        #expect(table.takeWindow() == [FlowObservation(selector: Self.flow(1), frames: 2)])
        table.sketch.beginBurst()
        #expect(table.takeWindow() == [FlowObservation(selector: Self.flow(2), frames: 1)])
    }

    /// What it says is a lower bound, and heavy flows are in it, whatever else comes.
    @Test func heavyFlowsSurviveAFlood() {
        let table = FlowSketchTable(capacity: 256, seed: 3)
        table.sketch.beginBurst()
        var truth: [Int: UInt64] = [:]
        var state: UInt64 = 7
        for frame in 0..<200_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // Every tenth frame is of one of 20 flows; the others are all of different ones.
            let number = frame % 10 == 0 ? Int(state >> 33) % 20 : 1000 + frame
            truth[number, default: 0] += 1
            table.sketch.count(Self.flow(number))
        }
        let counts = Self.drain(table)
        #expect(counts.count <= table.capacity)
        for number in 0..<20 {
            let found = counts[Self.flow(number)] ?? 0
            #expect(found > (truth[number] ?? 0) / 2, "flow \(number)")
        }
        for (number, frames) in truth {
            if let found = counts[Self.flow(number)], found > frames { Issue.record("flow \(number): \(found) of \(frames)") }
        }
    }

    /// Every frame is in exactly one window, and no entry is torn, however the two sides meet.
    @Test func lcoreAndControlPlaneShareTheWindows() async {
        let table = FlowSketchTable(capacity: 64, seed: 5)
        let done = Flag()
        let rounds = 200_000
        let totals = await withTaskGroup(of: [FlowSelector: UInt64].self) { group in
            group.addTask {
                for round in 0..<rounds {
                    table.sketch.beginBurst()
                    for step in 0..<4 { table.sketch.count(Self.flow((round + step) % 4)) }
                }
                done.isSet.store(true, ordering: .releasing)
                return [:]
            }
            group.addTask {
                var totals: [FlowSelector: UInt64] = [:]
                while !done.isSet.load(ordering: .acquiring) {
                    for observation in table.takeWindow() ?? [] { totals[observation.selector, default: 0] += observation.frames }
                }
                return totals
            }
            var totals: [FlowSelector: UInt64] = [:]
            for await some in group { totals.merge(some, uniquingKeysWith: +) }
            return totals
        }
        var all = totals
        // What is in either window still.
        for _ in 0..<4 {
            table.sketch.beginBurst()
            for observation in table.takeWindow() ?? [] { all[observation.selector, default: 0] += observation.frames }
        }
        #expect(all.count == 4)
        for number in 0..<4 { #expect(all[Self.flow(number)] == UInt64(rounds)) }
    }
}
