// SPDX-License-Identifier: BSD-3-Clause
public import DPDK
import Wire

extension Mbuf {
    /// Takes a frame out of `vlan`: its outermost tag, a customer tag (IEEE Std 802.1Q) with that identifier. False, with nothing done,
    /// when it has another one, or none.
    @_noLocks
    public func takeOut(ofVLAN vlan: UInt16) -> Bool {
        let frame = bytes
        guard frame.count >= 18, frame.u16(at: 12) == EtherType.vlan.rawValue, frame.u16(at: 14) & 0x0FFF == vlan else {
            return false
        }
        return removeTag()
    }
}
