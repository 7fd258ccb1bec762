// SPDX-License-Identifier: BSD-3-Clause

extension ByteView {
    /// True when there is nothing to read.
    @inlinable
    public var isEmpty: Bool {
        @_noLocks get { count == 0 }
    }

    /// What follows the first `length` bytes, or `nil` when the view is shorter than that.
    @inlinable @_noLocks
    public func dropFirst(_ length: Int) -> ByteView? {
        guard length >= 0, length <= count else { return nil }
        return slice(from: length, count: count - length)
    }

    /// The first `length` bytes, or `nil` when the view is shorter than that.
    @inlinable @_noLocks
    public func prefix(_ length: Int) -> ByteView? {
        slice(from: 0, count: length)
    }

    /// The MAC address whose first octet is at `offset`.
    @inlinable @_noLocks
    public func mac(at offset: Int) -> MACAddress {
        requireRange(offset, 6)
        return MACAddress(rawValue: UInt64(u16(at: offset)) << 32 | UInt64(u32(at: offset + 2)))
    }

    /// True when both views have the same length and the same bytes.
    ///
    /// - Cost: linear in the length.
    @inlinable @_noLocks
    public func hasSameBytes(as other: ByteView) -> Bool {
        guard count == other.count else { return false }
        var offset = 0
        while offset < count {
            if self[offset] != other[offset] { return false }
            offset += 1
        }
        return true
    }
}
