// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane

/// The control side of a ``WirePeer``: puts it on its lcore, starts and stops it, reads its counts.
@safe
final class RemoteHost: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the peer belongs to its lcore until remove() took it off; counters and orders are atomic.
    private let group: PollGroup
    private let peer: UnsafeMutablePointer<WirePeer>
    private let counterBlock = CounterBlock(count: WirePeerCounter.allCases.count)
    private let orders = CounterBlock(count: 1)
    private var isOnLcore = true

    /// Puts the peer on that loop, silent at first.
    init(
        wire: QueuePair, pool: MempoolHandle, endpoints: TrafficEndpoints, source: consuming TrafficSource, windowCapacity: Int,
        group: PollGroup, loop: Int
    ) {
        self.group = group
        unsafe peer = .allocate(capacity: 1)
        unsafe peer.initialize(
            to: WirePeer(
                wire: wire, pool: pool, endpoints: endpoints, source: source, windowCapacity: windowCapacity,
                counters: counterBlock.counters, orders: orders.counters))
        unsafe group.add(
            Poller(name: "wire peer", function: viaduct_poll_wire_peer, context: UnsafeMutableRawPointer(peer)), toLoop: loop)
    }

    func setSending(_ on: Bool) { orders.counters.set(on ? 1 : 0, at: 0) }

    func count(of counter: WirePeerCounter) -> UInt64 { counterBlock.counters[counter.index] }

    /// Takes the peer off its lcore and gives its mbufs back; what it found in the end and, per flow, how many frames it sent.
    /// nil when a poller of the group is stuck.
    func remove() -> (findings: TrafficFindings, sent: [UInt64])? {
        guard isOnLcore else { return nil }
        isOnLcore = false
        guard unsafe group.remove(context: UnsafeMutableRawPointer(peer)) else { return nil }
        unsafe peer.pointee.finish()
        let findings = unsafe TrafficFindings(peer.pointee.checker)
        let sent = unsafe (0..<peer.pointee.source.flowCount).map { flow in unsafe peer.pointee.source.count(ofFlow: flow) }
        unsafe peer.deinitialize(count: 1)
        unsafe peer.deallocate()
        return (findings, sent)
    }
}

/// What a receiver found out about the frames that were meant for it.
struct TrafficFindings: Sendable, Equatable {
    var received: UInt64 = 0
    var lost: UInt64 = 0
    /// Those that came too late to be told from duplicates included.
    var reordered: UInt64 = 0
    var duplicated: UInt64 = 0

    init(_ checker: borrowing SequenceChecker) {
        received = checker.received
        lost = checker.lost
        reordered = checker.reordered + checker.stale
        duplicated = checker.duplicated
    }

    init() {}

    static func + (a: Self, b: Self) -> Self {
        var sum = a
        sum.received += b.received
        sum.lost += b.lost
        sum.reordered += b.reordered
        sum.duplicated += b.duplicated
        return sum
    }
}
