// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// Whether a guest's frame tells and uses no other addresses than the guest's own, and plays no part that is a router's or a
/// server's of addresses.
///
/// What can't be read is refused: nobody knows what a receiver makes of it.
struct AddressGuard {
    let mac: MACAddress
    let addresses: GuestAddresses

    @inline(always) @_noLocks
    init(mac: MACAddress, addresses: GuestAddresses) {
        self.mac = mac
        self.addresses = addresses
    }

    /// - Parameter elsewhere: bytes of the frame that follow in other mbufs, which no guard has to see.
    @_noLocks
    func allows(_ frame: ByteView, elsewhere: Int = 0) -> Bool {
        guard let header = EthernetHeader(frame), let payload = frame.dropFirst(header.headerLength) else { return false }
        guard header.etherType.isLength else { return allows(header.etherType, payload, elsewhere) }
        // RFC 1042: the same protocols behind an LLC and a SNAP header, which hosts may accept (RFC 1122 2.3.3).
        guard payload.count >= 8, payload.u64(at: 0) >> 16 == 0xAAAA_0300_0000, let packet = payload.dropFirst(8) else {
            return true
        }
        return allows(EtherType(rawValue: payload.u16(at: 6)), packet, elsewhere)
    }

    @_noLocks
    private func allows(_ type: EtherType, _ packet: ByteView, _ elsewhere: Int) -> Bool {
        if type == .ipv4 { return allows(ipv4: packet, elsewhere) }
        if type == .ipv6 { return allows(ipv6: packet, elsewhere) }
        if type == .arp { return allows(arp: packet) }
        if type == .rarp { return allows(rarp: packet) }
        // Behind a further tag anything may be.
        return !type.isVLANTag
    }
}
