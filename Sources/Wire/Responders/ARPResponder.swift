// SPDX-License-Identifier: BSD-3-Clause

/// Answers ARP requests in place.
public enum ARPResponder {
    /// Turns the request in `frame` into the reply that `address` is at `mac`, and gives the reply's length, which is
    /// that of the request.
    ///
    /// `nil`, with the frame untouched, unless it asks for `address` (RFC 826), be it as an address probe (RFC 5227),
    /// and comes from another single station. Announcements are not answered.
    @inlinable @_noLocks
    public static func reply(in frame: MutableByteView, mac: MACAddress, address: IPv4Address) -> Int? {
        guard let ethernet = EthernetHeader(frame.view), ethernet.etherType == .arp,
            ethernet.destination == mac || ethernet.destination.isBroadcast,
            let packet = frame.view.dropFirst(ethernet.headerLength), let arp = ARPPacket(packet),
            arp.operation == .request, arp.targetAddress == address, arp.senderAddress != address,
            arp.senderMAC.isValidUnicast, arp.senderMAC != mac
        else { return nil }
        let start = ethernet.headerLength
        frame.setEthernetAddresses(source: mac, destination: arp.senderMAC)
        frame.set(u16: ARPPacket.Operation.reply.rawValue, at: start + 6)
        frame.set(mac: mac, at: start + 8)
        frame.set(ipv4: address, at: start + 14)
        frame.set(mac: arp.senderMAC, at: start + 18)
        frame.set(ipv4: arp.senderAddress, at: start + 24)
        return frame.count
    }
}
