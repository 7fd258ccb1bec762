// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane

/// A remote host as its lcore works on it.
protocol WireStation: ~Copyable {
    /// What the lcore calls, with the station as its context.
    static var poll: Poller.Function { get }

    /// The sender's final word, once nothing is on its way: what it found, with what is missing at the end of a flow as lost, and
    /// how many frames of each flow it sent.
    mutating func finish() -> (findings: TrafficFindings, sent: [UInt64])
}

/// What a remote host counts.
enum WirePeerCounter: Int, CaseIterable, Sendable {
    case sent = 0
    case returned
    /// Frames on their way; see ``OutstandingWindow``.
    case outstanding
    /// Frames that were lost on their way.
    case expired
    case announcements
    /// Frames that are none of its flows'.
    case foreign
    /// Frames of a capture that the guest's network can't carry.
    case skipped
    /// Reads of a capture, one after the other, that brought nothing.
    case emptyReads

    var index: Int { @_noLocks get { rawValue } }
}

/// The control side of a remote host: puts it on its lcore, starts and stops it, reads its counts.
@safe
final class RemoteHost<Station: WireStation & ~Copyable>: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the station belongs to its lcore while it is on it; counters and orders are atomic.
    private let group: PollGroup
    private let loop: Int
    private let station: UnsafeMutablePointer<Station>
    private let counterBlock = CounterBlock(count: WirePeerCounter.allCases.count)
    /// Cell 0: 1 while the station shall send.
    private let orders = CounterBlock(count: 1)
    private var isRemoved = false

    /// Puts the station on that loop, silent at first.
    ///
    /// - Parameter make: is given the row that the station counts in, and the one by which it is told to send.
    init(group: PollGroup, loop: Int, make: (_ counters: Counters, _ orders: Counters) -> Station) {
        self.group = group
        self.loop = loop
        unsafe station = .allocate(capacity: 1)
        unsafe station.initialize(to: make(counterBlock.counters, orders.counters))
        putOnLcore()
    }

    private func putOnLcore() {
        unsafe group.add(
            Poller(name: "remote host", function: Station.poll, context: UnsafeMutableRawPointer(station)), toLoop: loop)
    }

    var counters: Counters { counterBlock.counters }
    func count(of counter: WirePeerCounter) -> UInt64 { counters[counter.index] }
    func setSending(_ on: Bool) { orders.counters.set(on ? 1 : 0, at: 0) }

    /// Takes the station off its lcore, lets `body` change it and its counters, and puts it back; false, with nothing done, when a
    /// poller of the group is stuck.
    func change(_ body: (inout Station, Counters) throws -> Void) rethrows -> Bool {
        guard unsafe group.remove(context: UnsafeMutableRawPointer(station)) else { return false }
        defer { putOnLcore() }
        unsafe try body(&station.pointee, counters)
        return true
    }

    /// Takes the station off its lcore for good and gives its mbufs back; its final word. nil when a poller of the group is stuck.
    func remove() -> (findings: TrafficFindings, sent: [UInt64])? {
        guard !isRemoved else { return nil }
        isRemoved = true
        guard unsafe group.remove(context: UnsafeMutableRawPointer(station)) else { return nil }
        let result = unsafe station.pointee.finish()
        unsafe station.deinitialize(count: 1)
        unsafe station.deallocate()
        return result
    }
}
