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

    /// Resets, restarts and stopped queues while the engine runs on one lcore and the queues' owner on another: whatever is
    /// lost is counted, order holds, and no frame of an earlier life is seen.
    @Test func resetsUnderLoadLoseNothingUncounted() throws {
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
            var delivered: UInt64 = 0
            var isMoving = true
            for round in 0..<12 {
                _ = try rig.steer(.guest(1), to: UInt16(1 + round % 3))
                let deadline = Date(timeIntervalSinceNow: 20)
                while rig.nic.statistics.queues[0].delivered < delivered + 500, Date() < deadline {
                    Thread.sleep(forTimeInterval: 0.005)
                }
                if rig.nic.statistics.queues[0].delivered < delivered + 500 { isMoving = false }
                try rig.nic.port.stopReceiveQueue(round % 4)
                Thread.sleep(forTimeInterval: 0.005)
                if round % 2 == 0 { try rig.nic.port.startReceiveQueue(round % 4) }
                if round % 3 != 0 { rig.nic.requestReset() }
                Thread.sleep(forTimeInterval: 0.005)
                // As ethdev wants it: nobody uses the queues of a port that stops.
                #expect(unsafe group.remove(context: ends.context))
                try rig.stopPort()
                try rig.startPort()
                group.add(ends, toLoop: lcores.count - 1)
                delivered = rig.nic.statistics.queues[0].delivered
            }
            #expect(isMoving, "the port should be alive after each restart: \(rig.nic.statistics)")
            #expect(unsafe group.remove(context: engine.context))
            #expect(unsafe group.remove(context: ends.context))
            group.stop()
            unsafe generator.pointee.isPaused = true
            var idleRounds = 0
            for _ in 0..<100_000 where idleRounds < 16 {
                let work = unsafe rig.nic.poll(advancing: 20_000) + generator.pointee.poll()
                idleRounds = work == 0 ? idleRounds + 1 : 0
            }
            let statistics = rig.nic.statistics
            #expect(idleRounds == 16 && statistics.isBalanced, "\(statistics)")
            #expect(unsafe generator.pointee.disorders == 0 && generator.pointee.corruptions == 0)
            #expect(unsafe generator.pointee.injected == statistics.wireReceived)
            #expect(unsafe generator.pointee.arrived == statistics.wireTransmitted)
            #expect(statistics.rulesInEffect == 0 && rig.nic.ruleCount == 0)
            for queue in 0..<4 {
                let one = statistics.queues[queue]
                #expect(unsafe generator.pointee.received[queue] == one.delivered - one.stale)
                #expect(one.pending == 0 && one.completed == one.posted && one.held == 0)
            }
        }
    }
}
