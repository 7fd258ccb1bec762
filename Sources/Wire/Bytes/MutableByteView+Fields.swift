// SPDX-License-Identifier: BSD-3-Clause

extension MutableByteView {
    /// The byte at `offset`.
    @inlinable
    public subscript(offset: Int) -> UInt8 {
        @_noLocks get { view[offset] }
    }

    /// The big-endian 16-bit value at `offset`.
    @inlinable @_noLocks
    public func u16(at offset: Int) -> UInt16 { view.u16(at: offset) }

    /// The big-endian 32-bit value at `offset`.
    @inlinable @_noLocks
    public func u32(at offset: Int) -> UInt32 { view.u32(at: offset) }

    /// The big-endian 64-bit value at `offset`.
    @inlinable @_noLocks
    public func u64(at offset: Int) -> UInt64 { view.u64(at: offset) }

    /// The MAC address whose first octet is at `offset`.
    @inlinable @_noLocks
    public func mac(at offset: Int) -> MACAddress { view.mac(at: offset) }

    /// Writes the six octets of a MAC address at `offset`.
    @inlinable @_noLocks
    public func set(mac address: MACAddress, at offset: Int) {
        view.requireRange(offset, 6)
        set(u16: UInt16(truncatingIfNeeded: address.rawValue >> 32), at: offset)
        set(u32: UInt32(truncatingIfNeeded: address.rawValue), at: offset + 2)
    }

    /// Copies all of `source` to `offset` and says true; says false, and writes nothing, when it does not fit.
    ///
    /// The two may overlap.
    @inlinable @_noLocks
    public func copy(from source: ByteView, at offset: Int) -> Bool {
        guard offset >= 0, offset <= count, source.count <= count - offset else { return false }
        source.copyBytes(into: self, at: offset)
        return true
    }

    /// What follows the first `length` bytes, writable, or `nil` when the view is shorter than that.
    @inlinable @_noLocks
    public func dropFirst(_ length: Int) -> MutableByteView? {
        guard length >= 0, length <= count else { return nil }
        return slice(from: length, count: count - length)
    }

    /// The first `length` bytes, writable, or `nil` when the view is shorter than that.
    @inlinable @_noLocks
    public func prefix(_ length: Int) -> MutableByteView? {
        slice(from: 0, count: length)
    }
}
