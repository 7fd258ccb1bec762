// SPDX-License-Identifier: BSD-3-Clause

/// What Wire reads from the options of a Neighbor Discovery message (RFC 4861 4.6).
@frozen @usableFromInline
struct NeighborOptions {
    /// The first link-layer address option of the wanted type.
    @usableFromInline let linkLayerAddress: MACAddress?

    /// Walks all options in `options`; `nil` when one has length zero (RFC 4861 4.6), runs past the end, or is a
    /// link-layer address of the wanted type that does not have Ethernet's length (RFC 2464 6).
    ///
    /// The walk ends: every option that does not end it is at least eight bytes long.
    @inlinable @_noLocks
    init?(_ options: ByteView, linkLayerType: UInt8) {
        var found: MACAddress?
        var offset = 0
        while offset < options.count {
            guard options.count - offset >= 8 else { return nil }
            let length = Int(options[offset + 1]) * 8
            guard length > 0, length <= options.count - offset else { return nil }
            if options[offset] == linkLayerType {
                guard length == 8 else { return nil }
                found = found ?? options.mac(at: offset + 2)
            }
            offset += length
        }
        linkLayerAddress = found
    }
}
