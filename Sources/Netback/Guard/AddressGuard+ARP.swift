// SPDX-License-Identifier: BSD-3-Clause
import Wire

extension AddressGuard {
    /// The sender is the guest: everybody on the link believes what an ARP packet says of it, request or reply (RFC 826).
    @_noLocks
    func allows(arp packet: ByteView) -> Bool {
        guard let arp = ARPPacket(packet), arp.operation == .request || arp.operation == .reply, arp.senderMAC == mac else {
            return false
        }
        if addresses.contains(arp.senderAddress) { return true }
        // A probe (RFC 5227 2.1.1): for another's address it would keep that one from using it.
        return arp.operation == .request && arp.senderAddress == .unspecified && addresses.contains(arp.targetAddress)
    }

    /// A guest may ask for its own address, as it does after it was moved to another host, to tell switches where it is now. It
    /// is no server (RFC 903).
    @_noLocks
    func allows(rarp packet: ByteView) -> Bool {
        guard let rarp = ARPPacket(packet), rarp.operation == .reverseRequest, rarp.senderMAC == mac, rarp.targetMAC == mac else {
            return false
        }
        return rarp.senderAddress == .unspecified || addresses.contains(rarp.senderAddress)
    }
}
