// SPDX-License-Identifier: BSD-3-Clause

/// Neighbor Discovery options (RFC 4861 4.6), for those who must not let a second, other address option through: which of several counts
/// is up to the receiver.
extension ByteView {
    /// Whether these options, all of a message's, have no link-layer address option of `type` (1: source, 2: target) with another
    /// address than `mac`. False when they are malformed.
    @inlinable @_noLocks
    public func linkLayerOptions(ofType type: UInt8, allName mac: MACAddress) -> Bool {
        var offset = 0
        while offset < count {
            guard let length = optionLength(at: offset) else { return false }
            if self[offset] == type, length != 8 || self.mac(at: offset + 2) != mac { return false }
            offset += length
        }
        return true
    }

    /// Whether one of these options is a link-layer address option of `type`. True when they are malformed.
    @inlinable @_noLocks
    public func hasLinkLayerOption(ofType type: UInt8) -> Bool {
        var offset = 0
        while offset < count {
            guard let length = optionLength(at: offset), self[offset] != type else { return true }
            offset += length
        }
        return false
    }

    /// Bytes of the option at `offset`, at least 8, so that a walk ends.
    @inlinable @_noLocks
    func optionLength(at offset: Int) -> Int? {
        guard count - offset >= 8 else { return nil }
        let length = Int(self[offset + 1]) * 8
        return length > 0 && length <= count - offset ? length : nil
    }
}
