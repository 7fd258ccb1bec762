// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// A remote host that replays a capture: frames from a net_pcap port go to the guest, addressed to it and from one address, at a bounded rate and with a
/// bounded number on their way; what comes back is checked against what was sent.
struct ReplayStation: WireStation, ~Copyable {
    static let poll: Poller.Function = unsafe viaduct_poll_replay

    private let wire: QueuePair
    /// The net_pcap port's queue: another one when the capture begins again.
    var capture: QueuePair
    private let mac: MACAddress
    private let guest: MACAddress
    private let counters: Counters
    private let orders: Counters
    private let ledger: DigestLedger
    private var returning: ReturnPath
    private var bucket: TokenBucket
    private var outbox = MbufBurst(capacity: 64)
    private var skipped = MbufBurst(capacity: 64)

    /// Empty reads, one after the other, that mean the end of the capture: a single one may be for want of an mbuf.
    private static var emptyReadsAtEnd: UInt64 { @_noLocks get { 64 } }

    init(
        wire: QueuePair, capture: QueuePair, endpoints: TrafficEndpoints, ledger: DigestLedger, windowCapacity: Int, vlan: UInt16,
        packetsPerSecond: UInt64?, counters: Counters, orders: Counters
    ) {
        self.wire = wire
        self.capture = capture
        mac = endpoints.sourceMAC
        guest = endpoints.destinationMAC
        self.counters = counters
        self.orders = orders
        self.ledger = ledger
        returning = ReturnPath(
            wire: wire, mac: endpoints.sourceMAC, vlan: vlan, checker: ArrivalChecker(ledger),
            window: OutstandingWindow(capacity: windowCapacity, hertz: TSC.hertz, now: TSC.now()),
            counters: counters)
        let now = TSC.now()
        bucket = TokenBucket(
            packetsPerSecond: packetsPerSecond, burst: TokenBucket.burst(packetsPerSecond: packetsPerSecond), hertz: TSC.hertz,
            now: now)
    }

    mutating func finish() -> (findings: TrafficFindings, sent: [UInt64]) {
        let sent = (0..<DigestLedger.flowCount).map { ledger.count(ofFlow: $0) }
        return (returning.checker.finish(sent: sent), sent)
    }

    @_noLocks
    mutating func poll() -> Int {
        let received = returning.receive()
        return received + send()
    }

    @_noLocks
    private mutating func send() -> Int {
        let now = TSC.now()
        let room = returning.window.room(at: now)
        if orders[0] != 0 && outbox.isEmpty && room > 0 { read(limit: room, now) }
        let sent = wire.transmit(&outbox)
        returning.publishWindow()
        return sent
    }

    @_noLocks
    private mutating func read(limit: Int, _ now: UInt64) {
        var allowed = bucket.available(at: now)
        if limit < allowed { allowed = limit }
        if allowed == 0 || counters[WirePeerCounter.emptyReads.index] >= Self.emptyReadsAtEnd { return }
        let count = capture.receive(into: &outbox, limit: allowed)
        if count == 0 {
            counters.add(1, to: WirePeerCounter.emptyReads.index)
            return
        }
        counters.set(0, at: WirePeerCounter.emptyReads.index)
        bucket.spend(count)
        var kept = 0
        var index = 0
        while index < count {
            let mbuf = outbox[index]
            if address(mbuf, now) {
                outbox.place(mbuf, at: kept)
                kept += 1
            } else {
                skipped.append(mbuf)
            }
            index += 1
        }
        outbox.truncate(to: kept)
        counters.add(skipped.free(), to: WirePeerCounter.skipped.index)
        returning.tag(outbox)
        returning.window.sent(kept, at: now)
        counters.add(kept, to: WirePeerCounter.sent.index)
    }

    /// Addresses a frame to the guest, and notes it; false for one that the guest's network can't carry.
    @_noLocks
    private func address(_ mbuf: Mbuf, _ now: UInt64) -> Bool {
        let frame = mbuf.mutableBytes
        guard mbuf.segmentCount == 1, frame.count >= 14, CaptureFile.carries(length: frame.count, etherType: frame.u16(at: 12))
        else { return false }
        frame.set(mac: guest, at: 0)
        // One remote host has one address. Order is kept between two addresses: of frames from several hosts that share a flow's
        // IP addresses and ports, as a capture behind a balancer has them, nobody could say in which order they must return.
        frame.set(mac: mac, at: 6)
        ledger.note(FrameDigest(frame.view), sentAt: now)
        return true
    }

    /// Whether the whole capture was read: the queue pair is left alone from then on.
    static func isAtEnd(_ counters: Counters) -> Bool { counters[WirePeerCounter.emptyReads.index] >= emptyReadsAtEnd }
}

@c @_noLocks
func viaduct_poll_replay(_ station: UnsafeMutableRawPointer) -> UInt32 {
    unsafe UInt32(truncatingIfNeeded: station.assumingMemoryBound(to: ReplayStation.self).pointee.poll())
}
