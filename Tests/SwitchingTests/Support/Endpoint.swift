// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Netfront
import Synchronization
import TestSupport
import Wire

/// One end of the flows: the guest's application, or all stations on the wire. Sends its own numbered frames and checks those of
/// the other end.
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

    let counters: TrafficCounters
    private let path: Path
    /// Every frame has its tag.
    private let vlan: UInt16?
    private let isUDP: Bool
    private let flows: Int
    /// For each flow the number at which sending ends.
    private let limits: [LimitCell]
    private let peer: TrafficCounters
    private let window: UInt64
    /// Frames that the test wants sent between the others.
    private let extras: MbufRing
    private var outgoing = MbufBurst(capacity: 64)
    private var incoming = MbufBurst(capacity: 64)
    /// Numbers up to here don't count as under way: they are known to be lost.
    private let forgiven: [LimitCell]

    final class LimitCell: Sendable {
        let value = Atomic<UInt64>(0)
    }

    init(
        _ path: Path, flows: Int, counters: TrafficCounters, peer: TrafficCounters, name: String, vlan: UInt16? = nil,
        isUDP: Bool = false, window: UInt64 = 128
    ) throws {
        extras = try MbufRing(name: "\(name)-extras", capacity: 64)
        self.path = path
        self.vlan = vlan
        self.isUDP = isUDP
        self.flows = flows
        self.counters = counters
        self.peer = peer
        self.window = window
        limits = (0..<flows).map { _ in LimitCell() }
        forgiven = (0..<flows).map { _ in LimitCell() }
    }

    var poller: Poller {
        unsafe Poller(
            name: "endpoint",
            function: { context in unsafe Unmanaged<Endpoint>.fromOpaque(context).takeUnretainedValue().poll() },
            context: context)
    }
    var context: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }

    // MARK: For the test

    func run(_ flow: Int) { limits[flow].value.store(.max, ordering: .relaxed) }
    func pause(_ flow: Int) { limits[flow].value.store(0, ordering: .relaxed) }
    /// Lets a flow go on behind frames that got lost.
    func forgive(_ flow: Int) { forgiven[flow].value.store(counters.sent(flow), ordering: .relaxed) }

    /// Sends frames of the test's own, which the other end will not know.
    func inject(_ burst: inout MbufBurst) { extras.handle.enqueue(&burst) }

    /// Frees what was not sent. The poller must be off its lcore.
    func discard() { outgoing.free() }

    // MARK: On the lcore

    private func poll() -> UInt32 {
        let received = receive()
        var index = 0
        while index < incoming.count {
            check(incoming[index])
            index += 1
        }
        incoming.free()
        extras.handle.dequeue(into: &outgoing)
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
        if let vlan {
            let bytes = mbuf.bytes
            guard bytes.u16(at: 12) == 0x8100, bytes.u16(at: 14) == vlan, mbuf.removeTag() else { return counters.noteCorrupt() }
        }
        guard let (flow, sequence) = Traffic.read(mbuf) else { return counters.noteCorrupt() }
        let (own, other) = addresses(flow)
        guard flow < flows, mbuf.bytes.mac(at: 0) == own, mbuf.bytes.mac(at: 6) == other else { return counters.noteForeign() }
        let expected = counters.expected(flow)
        if sequence < expected { return counters.noteLate() }
        if sequence > expected { counters.noteLost(sequence - expected) }
        counters.setExpected(flow, sequence + 1)
    }

    private func addresses(_ flow: Int) -> (own: MACAddress, other: MACAddress) {
        switch path {
        case .wire: (Traffic.station(flow), Traffic.guestMAC)
        case .guest: (Traffic.guestMAC, Traffic.station(flow))
        }
    }

    /// Adds frames of each flow behind what is still to be sent.
    private func fill() {
        let pool =
            switch path {
            case .wire(_, let pool): pool
            case .guest(let device): device.pool
            }
        for flow in 0..<flows {
            var next = counters.sent(flow)
            let limit = limits[flow].value.load(ordering: .relaxed)
            let base = max(peer.expected(flow), forgiven[flow].value.load(ordering: .relaxed))
            let (own, other) = addresses(flow)
            var budget = 8
            while budget > 0, next < limit, next < base + window, outgoing.freeCapacity > 0, pool.allocate(1, into: &outgoing) {
                Traffic.write(outgoing[outgoing.count - 1], flow: flow, sequence: next, from: own, to: other, isUDP: isUDP)
                if let vlan { precondition(outgoing[outgoing.count - 1].insertTag(control: vlan)) }
                next += 1
                budget -= 1
            }
            counters.setSent(flow, next)
        }
    }
}
