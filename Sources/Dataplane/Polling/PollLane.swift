// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Synchronization

/// The list of pollers of one lcore. Immutable once the loop can see it; a change makes a new one.
@safe
struct PollTable {
    static let capacity = 64
    let count: Int
    let entries: UnsafeMutablePointer<Entry>

    @safe
    struct Entry {
        let function: Poller.Function
        let context: UnsafeMutableRawPointer
    }

    static func make(_ pollers: [Poller]) -> UnsafeMutablePointer<PollTable> {
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: max(pollers.count, 1))
        for (index, poller) in pollers.enumerated() {
            unsafe (entries + index).initialize(to: Entry(function: poller.function, context: poller.context))
        }
        let table = UnsafeMutablePointer<PollTable>.allocate(capacity: 1)
        unsafe table.initialize(to: PollTable(count: pollers.count, entries: entries))
        return unsafe table
    }

    static func destroy(_ table: UnsafeMutablePointer<PollTable>) {
        unsafe table.pointee.entries.deallocate()
        unsafe table.deallocate()
    }
}

/// What the polling lcore and the control plane share of one loop.
@safe
struct PollLane: ~Copyable {
    let table: Atomic<UInt>
    let isStopping: Atomic<Bool>
    /// Rounds so far and rounds that found work; written by the lcore.
    let rounds: Counters
    let reader: QuiescenceReader
    let idle: IdlePolicy

    init(table: UnsafeMutablePointer<PollTable>, rounds: Counters, reader: QuiescenceReader, idle: IdlePolicy) {
        self.table = Atomic(UInt(bitPattern: table))
        isStopping = Atomic(false)
        self.rounds = rounds
        self.reader = reader
        self.idle = idle
    }

    /// Polls until told to stop.
    @_noLocks
    func run() {
        var emptyRounds: UInt32 = 0
        while !isStopping.load(ordering: .acquiring) {
            let work = runRound()
            reader.quiescent()
            rounds.add(1, to: 0)
            if work > 0 {
                rounds.add(1, to: 1)
                emptyRounds = 0
                continue
            }
            if emptyRounds < .max { emptyRounds += 1 }
            if emptyRounds >= idle.roundsBeforeSleep {
                LcorePause.sleep(microseconds: idle.sleepMicroseconds)
            } else if emptyRounds >= idle.roundsBeforePause {
                LcorePause.relax()
            }
        }
    }

    @_noLocks
    private func runRound() -> UInt32 {
        guard let table = unsafe UnsafeMutablePointer<PollTable>(bitPattern: table.load(ordering: .acquiring)) else { return 0 }
        var work: UInt32 = 0
        var index = 0
        while unsafe index < table.pointee.count {
            let entry = unsafe table.pointee.entries + index
            work &+= unsafe IndirectCall.poll(entry.pointee.function, entry.pointee.context)
            index += 1
        }
        return work
    }
}
