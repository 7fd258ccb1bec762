// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Foundation
import Synchronization
import TestSupport
import Testing

/// State of a poller that says how often it ran, and whether it may run at all.
private struct Probe: ~Copyable {
    let runs = Atomic<UInt64>(0)
    let runsAfterRemoval = Atomic<UInt64>(0)
    let isRemoved = Atomic<Bool>(false)
    /// Stay inside the function while it is set.
    let blocks = Atomic<Bool>(false)
    let isInside = Atomic<Bool>(false)
}

private func probe(_ context: UnsafeMutableRawPointer) -> UInt32 {
    let probe = unsafe context.assumingMemoryBound(to: Probe.self)
    unsafe probe.pointee.runs.add(1, ordering: .relaxed)
    if unsafe probe.pointee.isRemoved.load(ordering: .acquiring) {
        unsafe probe.pointee.runsAfterRemoval.add(1, ordering: .relaxed)
    }
    while unsafe probe.pointee.blocks.load(ordering: .acquiring) {}
    return 0
}

private func busy(_ context: UnsafeMutableRawPointer) -> UInt32 {
    unsafe context.assumingMemoryBound(to: Probe.self).pointee.runs.add(1, ordering: .relaxed)
    return 1
}

/// A poller that a loop is nearly always inside of.
private func dwell(_ context: UnsafeMutableRawPointer) -> UInt32 {
    let probe = unsafe context.assumingMemoryBound(to: Probe.self)
    unsafe probe.pointee.isInside.store(true, ordering: .sequentiallyConsistent)
    usleep(2000)
    unsafe probe.pointee.runs.add(1, ordering: .relaxed)
    unsafe probe.pointee.isInside.store(false, ordering: .sequentiallyConsistent)
    return 0
}

@Suite struct PollGroupTests {
    private func withGroup(_ idle: IdlePolicy = .adaptive, _ body: (PollGroup) throws -> Void) throws {
        try EALFixture.exclusively {
            // Long enough that a machine that is busy with something else is not taken for a stuck poller.
            let group = try PollGroup(lcores: LcoreID.workers, idle: idle, stuckAfterMilliseconds: 60_000)
            defer { group.stop() }
            try body(group)
        }
    }

    private func withProbe(_ body: (UnsafeMutablePointer<Probe>, Poller) throws -> Void) rethrows {
        let memory = UnsafeMutablePointer<Probe>.allocate(capacity: 1)
        unsafe memory.initialize(to: Probe())
        defer {
            unsafe memory.deinitialize(count: 1)
            unsafe memory.deallocate()
        }
        try unsafe body(memory, Poller(name: "probe", function: probe, context: UnsafeMutableRawPointer(memory)))
    }

    /// Waits at most five seconds.
    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<5000 {
            if condition() { return true }
            Thread.sleep(forTimeInterval: 0.001)
        }
        return false
    }

    @Test func aPollerRunsOnEachLoopItIsAddedTo() throws {
        try withGroup { group in
            #expect(group.lcores.count == 2)
            for loop in 0..<2 {
                unsafe withProbe { memory, poller in
                    group.add(poller, toLoop: loop)
                    #expect(eventually { unsafe memory.pointee.runs.load(ordering: .relaxed) > 100 })
                    #expect(unsafe group.remove(context: poller.context))
                }
            }
        }
    }

    @Test func afterRemovalThePollerIsNeverCalledAgain() throws {
        try withGroup(.busyPoll) { group in
            unsafe withProbe { memory, poller in
                for round in 0..<200 {
                    unsafe memory.pointee.isRemoved.store(false, ordering: .releasing)
                    group.add(poller, toLoop: round % 2)
                    #expect(unsafe group.remove(context: poller.context))
                    unsafe memory.pointee.isRemoved.store(true, ordering: .releasing)
                }
                Thread.sleep(forTimeInterval: 0.05)
                #expect(unsafe memory.pointee.runsAfterRemoval.load(ordering: .relaxed) == 0)
            }
        }
    }

    @Test func aRemovalWaitsForTheCallUnderWay() throws {
        try withGroup { group in
            unsafe withProbe { memory, probe in
                let poller = unsafe Poller(name: "dwell", function: dwell, context: probe.context)
                for round in 0..<10 {
                    let runs = unsafe memory.pointee.runs.load(ordering: .relaxed)
                    group.add(poller, toLoop: round % 2)
                    #expect(eventually { unsafe memory.pointee.runs.load(ordering: .relaxed) > runs })
                    #expect(eventually { unsafe memory.pointee.isInside.load(ordering: .sequentiallyConsistent) })
                    #expect(unsafe group.remove(context: poller.context))
                    #expect(unsafe !memory.pointee.isInside.load(ordering: .sequentiallyConsistent))
                }
            }
        }
    }

    @Test func aPollerThatDoesNotReturnMakesItsRemovalFailInBoundedTime() throws {
        try EALFixture.exclusively {
            let group = try PollGroup(lcores: LcoreID.workers, idle: .adaptive, stuckAfterMilliseconds: 100)
            defer { group.stop() }
            unsafe withProbe { memory, poller in
                unsafe memory.pointee.blocks.store(true, ordering: .releasing)
                // Waits for the loop to see the new table, and that it does.
                group.add(poller, toLoop: 0)
                #expect(eventually { unsafe memory.pointee.runs.load(ordering: .relaxed) > 0 })
                let isRemoved = unsafe group.remove(context: poller.context)
                unsafe memory.pointee.blocks.store(false, ordering: .releasing)
                #expect(!isRemoved)
                #expect(group.synchronize())
            }
        }
    }

    @Test func anIdleLoopSleepsAndABusyOneDoesNot() throws {
        // Sleeps of 5 ms: an idle loop makes at most about 200 rounds a second, a polling one hundreds of thousands.
        try withGroup(IdlePolicy(roundsBeforePause: 8, roundsBeforeSleep: 16, sleepMicroseconds: 5000)) { group in
            Thread.sleep(forTimeInterval: 0.1)
            let before = group.rounds.map(\.all)
            Thread.sleep(forTimeInterval: 0.4)
            let after = group.rounds.map(\.all)
            for loop in 0..<2 { #expect((1...200).contains(after[loop] - before[loop])) }
            // It looks again after the time it was told, or not much later.
            #expect(eventually { zip(before, group.rounds).allSatisfy { $1.all >= $0 + 120 } })
            #expect(group.rounds.allSatisfy { $0.busy == 0 })
            // With work in each round: that many of them would take 25 seconds if it slept.
            unsafe withProbe { memory, probe in
                let poller = unsafe Poller(name: "busy", function: busy, context: probe.context)
                group.add(poller, toLoop: 0)
                #expect(eventually { unsafe memory.pointee.runs.load(ordering: .relaxed) > 5000 })
                #expect(unsafe group.remove(context: poller.context))
                #expect(group.rounds[0].busy > 5000 && group.rounds[1].busy == 0)
            }
        }
    }

    @Test func eachLoopRestsInItsOwnWay() throws {
        try EALFixture.exclusively {
            let sleeping = IdlePolicy(roundsBeforePause: 8, roundsBeforeSleep: 16, sleepMicroseconds: 20_000)
            var policies = Array(repeating: sleeping, count: LcoreID.workers.count)
            policies[1] = .busyPoll
            let group = try PollGroup(lcores: LcoreID.workers, idle: policies, stuckAfterMilliseconds: 60_000)
            defer { group.stop() }
            #expect(eventually { group.rounds[1].all > 20_000 })
            // So many rounds would take it minutes.
            #expect(group.rounds[0].all < 10_000)
        }
    }

    @Test func theControlThreadTicksUntilItIsStopped() {
        let ticks = Lock(0)
        let thread = ControlThread(name: "test", intervalMicroseconds: 500) { ticks.withLock { $0 += 1 } }
        #expect(eventually { ticks.withLock { $0 } > 5 })
        thread.stop()
        let last = ticks.withLock { $0 }
        Thread.sleep(forTimeInterval: 0.02)
        #expect(ticks.withLock { $0 } == last)
    }
}
