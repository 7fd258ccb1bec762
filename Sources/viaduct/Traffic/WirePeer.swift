// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// The remote host at the other end of the wire, as its lcore works on it: sends sequence-numbered flows to the guest, checks what
/// the guest sends back, and broadcasts an ARP announcement (RFC 5227 section 3) once a second.
struct WirePeer: WireStation, ~Copyable {
    static let poll: Poller.Function = unsafe viaduct_poll_wire_peer

    private let wire: QueuePair
    private let pool: MempoolHandle
    private let mac: MACAddress
    private let address: IPv4Address
    private let counters: Counters
    /// Cell 0, written by the control plane: 1 while it shall send.
    private let orders: Counters
    private var source: TrafficSource
    private var returning: ReturnPath
    private var outbox = MbufBurst(capacity: 64)
    private var nextAnnouncement: UInt64
    private let announcementTicks: UInt64

    init(
        wire: QueuePair, pool: MempoolHandle, endpoints: TrafficEndpoints, source: consuming TrafficSource,
        window: consuming OutstandingWindow, vlan: UInt16, counters: Counters, orders: Counters
    ) {
        self.wire = wire
        self.pool = pool
        mac = endpoints.sourceMAC
        address = endpoints.source
        self.counters = counters
        self.orders = orders
        returning = ReturnPath(
            wire: wire, mac: endpoints.sourceMAC, vlan: vlan, checker: ArrivalChecker(flowCount: source.flowCount),
            window: window, counters: counters)
        self.source = source
        let now = TSC.now()
        announcementTicks = TSC.hertz
        nextAnnouncement = now
    }

    mutating func finish() -> (findings: TrafficFindings, sent: [UInt64]) {
        let sent = (0..<source.flowCount).map { source.count(ofFlow: $0) }
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
        if orders[0] != 0 && outbox.isEmpty {
            if now >= nextAnnouncement { announce(now) }
            let made = source.fill(&outbox, limit: room, pool: pool, now: now)
            returning.tag(outbox)
            returning.window.sent(made, at: now)
            counters.add(made, to: WirePeerCounter.sent.index)
        }
        let sent = wire.transmit(&outbox)
        returning.publishWindow()
        return sent
    }

    /// Says to all, without being asked, where this host is.
    @_noLocks
    private mutating func announce(_ now: UInt64) {
        nextAnnouncement = now &+ announcementTicks
        let place = outbox.count
        guard pool.allocate(1, into: &outbox) else { return }
        let frame = outbox[place].frameBuffer
        guard frame.count >= 60, outbox[place].setLength(60) else { return }
        frame.set(mac: .broadcast, at: 0)
        frame.set(mac: mac, at: 6)
        frame.set(u16: EtherType.arp.rawValue, at: 12)
        frame.set(u16: 1, at: 14)
        frame.set(u16: EtherType.ipv4.rawValue, at: 16)
        frame.set(u16: 0x0604, at: 18)
        frame.set(u16: ARPPacket.Operation.request.rawValue, at: 20)
        frame.set(mac: mac, at: 22)
        frame.set(ipv4: address, at: 28)
        frame.set(mac: .zero, at: 32)
        frame.set(ipv4: address, at: 38)
        var padding = 42
        while padding < 60 {
            frame.set(u8: 0, at: padding)
            padding += 1
        }
        counters.add(1, to: WirePeerCounter.announcements.index)
    }
}

@c @_noLocks
func viaduct_poll_wire_peer(_ peer: UnsafeMutableRawPointer) -> UInt32 {
    unsafe UInt32(truncatingIfNeeded: peer.assumingMemoryBound(to: WirePeer.self).pointee.poll())
}
