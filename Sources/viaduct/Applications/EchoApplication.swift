// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Netfront
import Wire

/// Answers for its addresses: ARP, IPv6 neighbor solicitations, ping over IPv4 and IPv6, and UDP echo (RFC 862). Everything else
/// is ignored and counted.
struct EchoApplication: GuestApplication, ~Copyable {
    static let name = "echo"
    static let poll: Poller.Function = unsafe viaduct_poll_echo

    private let address: IPv4Address?
    private let address6: IPv6Address?
    /// UDP port that echoes; nil for every port.
    private let udpPort: UInt16?
    private let counters: Counters
    private var burst = MbufBurst(capacity: 64)
    private var discarded = MbufBurst(capacity: 64)

    init(address: IPv4Address?, address6: IPv6Address?, udpPort: UInt16?, counters: Counters) {
        self.address = address
        self.address6 = address6
        self.udpPort = udpPort
        self.counters = counters
    }

    @_noLocks
    mutating func poll(_ guest: GuestDeviceHandle) -> Int {
        let first = burst.count
        let received = guest.receive(into: &burst)
        if received > 0 { answer(from: first, mac: guest.mac) }
        if burst.isEmpty { return received }
        let sent = guest.transmit(&burst)
        counters.add(sent, to: ApplicationCounter.sent.index)
        counters.set(UInt64(truncatingIfNeeded: burst.count), at: ApplicationCounter.unsent.index)
        return received + sent
    }

    @_noLocks
    private mutating func answer(from first: Int, mac: MACAddress) {
        let count = burst.count
        var kept = first
        var index = first
        while index < count {
            let mbuf = burst[index]
            if let length = reply(to: mbuf, mac), mbuf.setLength(length) {
                burst.place(mbuf, at: kept)
                kept += 1
            } else {
                discarded.append(mbuf)
            }
            index += 1
        }
        burst.truncate(to: kept)
        counters.add(count - first, to: ApplicationCounter.received.index)
        counters.add(discarded.free(), to: ApplicationCounter.ignored.index)
    }

    /// Turns the frame into its answer, in place; the answer's length. nil where there is none.
    @_noLocks
    private func reply(to mbuf: Mbuf, _ mac: MACAddress) -> Int? {
        guard mbuf.segmentCount == 1 else { return nil }
        let frame = mbuf.mutableBytes
        if let address {
            if let length = ARPResponder.reply(in: frame, mac: mac, address: address) { return length }
            if let length = EchoResponder.reply(in: frame, mac: mac, address: address) { return length }
            if let length = UDPEchoResponder.reply(in: frame, mac: mac, address: address, port: udpPort) { return length }
        }
        if let address6 {
            if let length = NeighborResponder.advertisement(
                in: mbuf.frameBuffer, length: mbuf.dataLength, mac: mac, address: address6)
            {
                return length
            }
            if let length = EchoResponder.reply(in: frame, mac: mac, address: address6) { return length }
            if let length = UDPEchoResponder.reply(in: frame, mac: mac, address: address6, port: udpPort) { return length }
        }
        return nil
    }
}

@c @_noLocks
func viaduct_poll_echo(_ context: UnsafeMutableRawPointer) -> UInt32 {
    let slot = unsafe context.assumingMemoryBound(to: ApplicationSlot<EchoApplication>.self)
    let guest = unsafe slot.pointee.guest
    return unsafe UInt32(truncatingIfNeeded: slot.pointee.application.poll(guest))
}
