// SPDX-License-Identifier: BSD-3-Clause
import CDPDK

/// A VLAN tag's way into a frame and out of it (IEEE Std 802.1Q 9.3: four bytes behind the two addresses). Each moves the addresses,
/// twelve bytes, and nothing else. For the owner of an mbuf that nobody else refers to.
extension Mbuf {
    /// Takes the outermost tag out; false when the first segment is too short to have one. Whether it has one the caller knows.
    @_noLocks
    public func removeTag() -> Bool {
        guard dataLength >= 18 else { return false }
        let old = unsafe unsafeData
        let (first, last) = unsafe (old.loadUnaligned(as: UInt64.self), old.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        unsafe old.storeBytes(of: first, toByteOffset: 4, as: UInt64.self)
        unsafe old.storeBytes(of: last, toByteOffset: 12, as: UInt32.self)
        unsafe unsafePointer.pointee.data_off &+= 4
        unsafe unsafePointer.pointee.data_len &-= 4
        unsafe unsafePointer.pointee.pkt_len &-= 4
        return true
    }

    /// Puts a customer tag (EtherType 0x8100) in front of whatever follows the addresses; false when there is no headroom for it, or
    /// no frame.
    ///
    /// - Parameter control: priority, drop eligibility, VLAN identifier.
    @_noLocks
    public func insertTag(control: UInt16) -> Bool {
        guard dataLength >= 14, dataLength <= 0xFFFB, unsafe unsafePointer.pointee.data_off >= 4 else { return false }
        let old = unsafe unsafeData
        let (first, last) = unsafe (old.loadUnaligned(as: UInt64.self), old.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        let new = unsafe old - 4
        unsafe new.storeBytes(of: first, as: UInt64.self)
        unsafe new.storeBytes(of: last, toByteOffset: 8, as: UInt32.self)
        unsafe new.storeBytes(of: UInt16(0x8100).bigEndian, toByteOffset: 12, as: UInt16.self)
        unsafe new.storeBytes(of: control.bigEndian, toByteOffset: 14, as: UInt16.self)
        unsafe unsafePointer.pointee.data_off &-= 4
        unsafe unsafePointer.pointee.data_len &+= 4
        unsafe unsafePointer.pointee.pkt_len &+= 4
        return true
    }
}
