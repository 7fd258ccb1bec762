// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Testing
import Wire

@testable import SoftNIC

@Suite struct ReproducibilityTests {
    /// What happened in a run, in order.
    private struct Event: Equatable {
        let time: UInt64
        let place: Int
        let sequence: UInt32
    }

    private func trace(seed: UInt64) throws -> [Event] {
        var events: [Event] = []
        try Rig.run(delays: .hardware, seed: seed) { rig in
            var random = SplitMix64(seed: 99)
            for sequence in 0..<400 as Range<UInt32> {
                rig.inject([TestFrame(to: .guest(UInt64(sequence % 4)), sequence: sequence)])
                rig.transmit([TestFrame(to: .guest(9), sequence: sequence)], on: Int(sequence % 4))
                if sequence % 100 == 50 {
                    _ = try rig.steer(.guest(UInt64(sequence / 100)), to: UInt16(sequence / 100))
                }
                rig.nic.poll(advancing: random.next(through: 3000))
                for (queue, frames) in rig.receiveAll().enumerated() {
                    events += frames.map { Event(time: rig.nic.clock, place: queue, sequence: $0.sequence) }
                }
                events += rig.takeFromWire().map { Event(time: rig.nic.clock, place: 100, sequence: $0.sequence) }
                let completed = rig.nic.statistics.queues.reduce(0) { $0 + $1.completed }
                events.append(Event(time: rig.nic.clock, place: 101, sequence: UInt32(completed)))
            }
        }
        return events
    }

    @Test func theSameSeedAndScheduleGiveTheSameTrace() throws {
        let first = try trace(seed: 7)
        #expect(first.count > 1000)
        #expect(try trace(seed: 7) == first)
    }

    @Test func anotherSeedGivesAnotherTrace() throws {
        #expect(try trace(seed: 7) != trace(seed: 8))
    }
}
