// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Foundation
import SoftNIC
import Testing
import Wire

@Suite struct LoadTests {
    /// The engine on one lcore, queues' owner and far end on another, rules that come and go: for a second.
    @Test func aSecondUnderLoadLosesNothingUncountedAndKeepsEveryQueuesOrder() throws {
        try Rig.run(queuePairs: 4, delays: .hardware, descriptors: 512) { rig in
            let generator = UnsafeMutablePointer<LoadGenerator>.allocate(capacity: 1)
            unsafe generator.initialize(to: LoadGenerator(rig: rig, addresses: 4))
            defer {
                unsafe generator.deinitialize(count: 1)
                unsafe generator.deallocate()
            }
            let lcores = Array(LcoreID.workers.prefix(2))
            let group = try PollGroup(lcores: lcores, idle: .adaptive)
            let engine = rig.nic.poller
            group.add(engine, toLoop: 0)
            let ends = unsafe Poller(
                name: "load", function: loadGeneratorPoll, context: UnsafeMutableRawPointer(generator))
            group.add(ends, toLoop: lcores.count - 1)

            // A second at least, and on a busy machine as long as it takes for every queue to have had its share.
            var ruleChanges = 0
            let start = Date()
            var isEnough = false
            while !isEnough && Date().timeIntervalSince(start) < 60 {
                let flow = try rig.steer(.guest(1), to: UInt16(1 + ruleChanges % 3))
                Thread.sleep(forTimeInterval: 0.01)
                try flow.destroy()
                ruleChanges += 1
                let now = rig.nic.statistics
                isEnough =
                    Date().timeIntervalSince(start) >= 1 && now.wireReceived > 10_000
                    && now.queues.allSatisfy { $0.delivered > 0 && $0.sent > 0 }
            }
            #expect(isEnough, "that was no load: \(rig.nic.statistics)")
            #expect(unsafe group.remove(context: engine.context))
            #expect(unsafe group.remove(context: ends.context))
            group.stop()

            // Nothing new comes. The rest is drained here, until nothing moves or waits any more.
            unsafe generator.pointee.isPaused = true
            var idleRounds = 0
            for _ in 0..<100_000 where idleRounds < 16 {
                let work = unsafe rig.nic.poll(advancing: 20_000) + generator.pointee.poll()
                idleRounds = work == 0 ? idleRounds + 1 : 0
            }
            #expect(idleRounds == 16, "the NIC did not come to rest: \(rig.nic.statistics)")

            let statistics = rig.nic.statistics
            #expect(statistics.isBalanced, "\(statistics)")
            #expect(statistics.rulesInEffect == 0)
            #expect(unsafe generator.pointee.disorders == 0)
            #expect(unsafe generator.pointee.corruptions == 0)
            #expect(unsafe generator.pointee.injected == statistics.wireReceived)
            for queue in 0..<4 {
                #expect(unsafe generator.pointee.received[queue] == statistics.queues[queue].delivered)
                #expect(statistics.queues[queue].held == 0 && statistics.queues[queue].pending == 0)
                #expect(statistics.queues[queue].completed == statistics.queues[queue].posted)
            }
            // Only the first address was steered, to each of the three queues in turn.
            for queue in 1..<4 {
                #expect(unsafe generator.pointee.steered[queue * 4 + 1] > 0, "queue \(queue) got nothing")
                for address in [0, 2, 3] { #expect(unsafe generator.pointee.steered[queue * 4 + address] == 0) }
            }
            #expect(unsafe generator.pointee.returned == statistics.queues.reduce(0) { $0 + $1.posted })
            #expect(unsafe generator.pointee.arrived == statistics.wireTransmitted)
        }
    }
}
