// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Netfront
import Synchronization
import TestSupport
import Wire

/// One end of the flows: a guest's application, or all stations on the wire. Sends its own numbered frames as fast as they go, and
/// checks those of the other end.
///
/// The loop is closed: an end sends no more than a window ahead of what the other one got, so that a machine that stands still
/// loses nothing.
@safe
final class Endpoint: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the bursts are the lcore's while the poller is assigned, the test's otherwise; the rest is
    // atomic or never changes.
    enum Path: Sendable {
        case wire(QueuePair, MempoolHandle)
        case guest(GuestDeviceHandle)
    }

    final class Cell: Sendable {
        let value = Atomic<UInt64>(0)
        let isSet = Atomic<Bool>(false)
    }

    private static let window: UInt64 = 128

    let flows: Range<Int>
    /// Of all flows, what this end sent and what arrived here.
    let counters: TrafficCounters
    private let path: Path
    /// What arrived at the other end of each flow.
    private let peer: TrafficCounters
    private let isRunning: [Cell]
    /// Numbers up to here don't count as under way: they are known to be lost.
    private let forgiven: [Cell]
    private let isAsleep = Atomic<Bool>(false)
    private let wantsBroadcast = Atomic<Bool>(false)
    private var outgoing = MbufBurst(capacity: 64)
    private var incoming = MbufBurst(capacity: 64)

    init(_ path: Path, flows: Range<Int>, counters: TrafficCounters, peer: TrafficCounters) {
        self.path = path
        self.flows = flows
        self.counters = counters
        self.peer = peer
        isRunning = flows.map { _ in Cell() }
        forgiven = flows.map { _ in Cell() }
    }

    var poller: Poller {
        unsafe Poller(
            name: "endpoint",
            function: { context in unsafe Unmanaged<Endpoint>.fromOpaque(context).takeUnretainedValue().poll() },
            context: context)
    }
    var context: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }

    // MARK: For the test

    /// Lets flows be sent, or no more of them; all of this end when none are named.
    func setRunning(_ isOn: Bool, _ some: Range<Int>? = nil) {
        for (place, flow) in flows.enumerated() where some?.contains(flow) ?? true {
            isRunning[place].isSet.store(isOn, ordering: .relaxed)
        }
    }

    /// Leaves the device alone, as an application does that is busy with something else.
    func setAsleep(_ asleep: Bool) { isAsleep.store(asleep, ordering: .sequentiallyConsistent) }

    /// Sends one frame to everybody, which nobody counts.
    func broadcast() { wantsBroadcast.store(true, ordering: .relaxed) }

    /// Goes on behind frames that got lost.
    func forgive() {
        for (place, flow) in flows.enumerated() { forgiven[place].value.store(counters.sent(flow), ordering: .relaxed) }
    }

    /// Frees what was not sent. The poller must be off its lcore.
    func discard() { outgoing.free() }

    // MARK: On the lcore

    private func poll() -> UInt32 {
        if isAsleep.load(ordering: .sequentiallyConsistent) { return 0 }
        let received = receive()
        var index = 0
        while index < incoming.count {
            check(incoming[index])
            index += 1
        }
        incoming.free()
        fill()
        return UInt32(received + transmit())
    }

    private func receive() -> Int {
        switch path {
        case .wire(let queuePair, _): queuePair.receive(into: &incoming)
        case .guest(let device): device.receive(into: &incoming)
        }
    }

    private func transmit() -> Int {
        guard !outgoing.isEmpty else { return 0 }
        return switch path {
        case .wire(let queuePair, _): queuePair.transmit(&outgoing)
        case .guest(let device): device.transmit(&outgoing)
        }
    }

    private func check(_ mbuf: Mbuf) {
        if mbuf.bytes.count >= 60, mbuf.bytes.mac(at: 0).isGroup { return }
        guard let (flow, sequence) = Traffic.read(mbuf) else { return counters.noteForeign() }
        let (own, other) = addresses(flow)
        // The switch floods what is for a station that it does not know yet.
        if case .guest = path, mbuf.bytes.mac(at: 0) == Traffic.station(flow) { return }
        guard flows.contains(flow) else { return counters.noteForeign() }
        guard mbuf.bytes.mac(at: 0) == own, mbuf.bytes.mac(at: 6) == other else { return counters.noteForeign() }
        let expected = counters.expected(flow)
        if sequence < expected { return counters.noteLate(flow) }
        if sequence > expected { counters.noteLost(flow, sequence - expected) }
        counters.setExpected(flow, sequence + 1)
    }

    private func addresses(_ flow: Int) -> (own: MACAddress, other: MACAddress) {
        let guest = Traffic.guest(flow / Traffic.flowsOfGuest)
        return switch path {
        case .wire: (Traffic.station(flow), guest)
        case .guest: (guest, Traffic.station(flow))
        }
    }

    /// Adds frames of each flow behind what is still to be sent.
    private func fill() {
        let pool =
            switch path {
            case .wire(_, let pool): pool
            case .guest(let device): device.pool
            }
        if wantsBroadcast.exchange(false, ordering: .relaxed), outgoing.freeCapacity > 0, pool.allocate(1, into: &outgoing) {
            Traffic.write(
                outgoing[outgoing.count - 1], flow: flows.lowerBound, sequence: 0, from: addresses(flows.lowerBound).own,
                to: .broadcast)
        }
        for (place, flow) in flows.enumerated() {
            guard isRunning[place].isSet.load(ordering: .relaxed) else { continue }
            var next = counters.sent(flow)
            let base = max(peer.expected(flow), forgiven[place].value.load(ordering: .relaxed))
            let (own, other) = addresses(flow)
            var budget = 8
            while budget > 0, next < base + Self.window, outgoing.freeCapacity > 0, pool.allocate(1, into: &outgoing) {
                Traffic.write(outgoing[outgoing.count - 1], flow: flow, sequence: next, from: own, to: other)
                next += 1
                budget -= 1
            }
            counters.setSent(flow, next)
        }
    }
}
