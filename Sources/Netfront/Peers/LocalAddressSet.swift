// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// The MACs that are on this guest's host: never to be sent to by the VI, since the switch outside would not send them back.
///
/// Immutable; the control plane makes a new one for each generation and frees the old one when no lcore reads it.
@safe
struct LocalAddressSet: ~Copyable {
    private let slots: UnsafeMutablePointer<UInt64>
    private let mask: Int

    init(_ addresses: [MACAddress]) {
        var size = 16
        while size < addresses.count * 2 { size <<= 1 }
        unsafe slots = .allocate(capacity: size)
        unsafe slots.initialize(repeating: 0, count: size)
        mask = size - 1
        for address in addresses where address.isValidUnicast {
            var index = Self.hash(address.rawValue) & mask
            while unsafe slots[index] != 0 && slots[index] != address.rawValue { index = (index + 1) & mask }
            unsafe slots[index] = address.rawValue
        }
    }

    deinit { unsafe slots.deallocate() }

    @_noLocks
    func contains(_ mac: UInt64) -> Bool {
        // At most half full, so the search ends at an empty slot; 0 is no unicast address.
        var index = Self.hash(mac) & mask
        while true {
            let slot = unsafe slots[index]
            if slot == mac { return mac != 0 }
            if slot == 0 { return false }
            index = (index &+ 1) & mask
        }
    }

    @inline(__always) @_noLocks
    private static func hash(_ mac: UInt64) -> Int {
        Int(truncatingIfNeeded: (mac &* 0x9E37_79B9_7F4A_7C15) >> 40)
    }
}
