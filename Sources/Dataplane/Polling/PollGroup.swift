// SPDX-License-Identifier: BSD-3-Clause
public import DPDK
import Foundation
import Synchronization

/// The poll loops of a set of lcores, and which poller runs on which of them: everything on one, one each, or any mix.
///
/// Pollers come and go while the loops run. Used from the control plane, any thread.
@safe
public final class PollGroup: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): `loops` is guarded by the lock.
    public let quiescence: Quiescence
    public let lcores: [LcoreID]
    private let lock = NSLock()
    private var loops: [Loop]
    private var isRunning = true
    /// Tables that a stuck loop may still read; freed when the loops have ended.
    private var retiredTables: [UInt] = []

    @safe
    private struct Loop {
        let lcore: LcoreID
        let lane: UnsafeMutablePointer<PollLane>
        let rounds: CounterBlock
        var pollers: [Poller]
    }

    private let stuckAfterMilliseconds: Int

    /// Starts an empty loop on each of `lcores`, all of which rest in the same way.
    ///
    /// - Parameter stuckAfterMilliseconds: how long a poller may take for one round before it counts as stuck.
    public convenience init(lcores: [LcoreID], idle: IdlePolicy, stuckAfterMilliseconds: Int = 5000) throws(DPDKError) {
        try self.init(
            lcores: lcores, idle: Array(repeating: idle, count: lcores.count), stuckAfterMilliseconds: stuckAfterMilliseconds)
    }

    /// Starts an empty loop on each of `lcores`.
    ///
    /// - Parameters:
    ///   - idle: how each of them rests, in their order; as many as there are lcores.
    ///   - stuckAfterMilliseconds: how long a poller may take for one round before it counts as stuck.
    public init(lcores: [LcoreID], idle: [IdlePolicy], stuckAfterMilliseconds: Int = 5000) throws(DPDKError) {
        precondition(idle.count == lcores.count, "one idle policy for each lcore")
        self.stuckAfterMilliseconds = stuckAfterMilliseconds
        quiescence = try Quiescence(readers: max(lcores.count, 1))
        self.lcores = lcores
        loops = []
        for (index, lcore) in lcores.enumerated() {
            let reader = quiescence.reader(index)
            let rounds = CounterBlock(count: 2)
            let lane = UnsafeMutablePointer<PollLane>.allocate(capacity: 1)
            unsafe lane.initialize(
                to: PollLane(table: PollTable.make([]), rounds: rounds.counters, reader: reader, idle: idle[index]))
            // Before the launch, so that a removal that comes at once waits for this lcore too.
            reader.online()
            unsafe loops.append(Loop(lcore: lcore, lane: lane, rounds: rounds, pollers: []))
            do {
                try unsafe lcore.launch(dataplanePollLoop, UnsafeMutableRawPointer(lane))
            } catch {
                reader.offline()
                Self.free(loops.removeLast())
                stop()
                throw error
            }
        }
    }

    deinit { stop() }

    /// Runs `poller` on the loop with that index from its next round on.
    public func add(_ poller: Poller, toLoop index: Int) {
        lock.withLock {
            precondition(loops.indices.contains(index), "no such loop")
            precondition(loops[index].pollers.count < PollTable.capacity, "a loop runs at most 64 pollers")
            loops[index].pollers.append(poller)
            swapTable(of: index)
        }
    }

    /// Takes the poller with that context off its loop. When this returns true its function runs no more and is not called
    /// again; false means that a poller of the group is stuck, and nothing that any of them uses may be freed.
    @unsafe
    public func remove(context: UnsafeMutableRawPointer) -> Bool {
        lock.withLock {
            for index in loops.indices {
                guard let place = loops[index].pollers.firstIndex(where: { unsafe $0.context == context }) else { continue }
                loops[index].pollers.remove(at: place)
                return swapTable(of: index)
            }
            return true
        }
    }

    /// Waits until every loop has finished the round it is in; false when one is stuck.
    public func synchronize() -> Bool { quiescence.synchronize(timeoutMilliseconds: stuckAfterMilliseconds) }

    /// Rounds of each loop so far, and those that found work.
    public var rounds: [(lcore: LcoreID, all: UInt64, busy: UInt64)] {
        lock.withLock { loops.map { ($0.lcore, $0.rounds.counters[0], $0.rounds.counters[1]) } }
    }

    /// Ends the loops and waits for their lcores. Pollers that are still assigned are simply not called any more.
    public func stop() {
        lock.withLock {
            guard isRunning else { return }
            isRunning = false
            for loop in loops { unsafe loop.lane.pointee.isStopping.store(true, ordering: .releasing) }
            for loop in loops {
                loop.lcore.wait()
                Self.free(loop)
            }
            loops = []
            for address in retiredTables {
                if let table = unsafe UnsafeMutablePointer<PollTable>(bitPattern: address) { unsafe PollTable.destroy(table) }
            }
            retiredTables = []
        }
    }

    @discardableResult
    private func swapTable(of index: Int) -> Bool {
        let new = unsafe PollTable.make(loops[index].pollers)
        let old = unsafe loops[index].lane.pointee.table.exchange(UInt(bitPattern: new), ordering: .acquiringAndReleasing)
        guard synchronize() else {
            retiredTables.append(old)
            return false
        }
        if let old = unsafe UnsafeMutablePointer<PollTable>(bitPattern: old) { unsafe PollTable.destroy(old) }
        return true
    }

    private static func free(_ loop: Loop) {
        if let table = unsafe UnsafeMutablePointer<PollTable>(
            bitPattern: loop.lane.pointee.table.load(ordering: .acquiring))
        {
            unsafe PollTable.destroy(table)
        }
        unsafe loop.lane.deinitialize(count: 1)
        unsafe loop.lane.deallocate()
    }
}

/// Runs on the lcore.
private func dataplanePollLoop(_ argument: UnsafeMutableRawPointer?) -> Int32 {
    guard let lane = unsafe argument?.assumingMemoryBound(to: PollLane.self) else { return -1 }
    unsafe lane.pointee.run()
    unsafe lane.pointee.reader.offline()
    return 0
}
