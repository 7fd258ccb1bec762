// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// The IP addresses that are a guest's own, as the lane looks them up: few, so one after the other.
///
/// A handle: whoever allocates it frees it, after the lane let go of it.
@safe
struct GuestAddresses: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): never written after `allocate`.
    private let v4: UnsafeMutablePointer<IPv4Address>
    private let v6: UnsafeMutablePointer<IPv6Address>
    private let v4Count: Int
    private let v6Count: Int

    /// - Parameter mac: the link-local address that is made of it belongs to the guest as well.
    static func allocate(_ addresses: [IPAddress], mac: MACAddress) -> GuestAddresses {
        let short = addresses.filter { !$0.isIPv6 }.map { IPv4Address(rawValue: UInt32(truncatingIfNeeded: $0.low)) }
        let long = addresses.filter(\.isIPv6).map { IPv6Address(high: $0.high, low: $0.low) } + [linkLocal(mac)]
        let v4 = UnsafeMutablePointer<IPv4Address>.allocate(capacity: max(short.count, 1))
        for (place, address) in short.enumerated() { unsafe (v4 + place).initialize(to: address) }
        let v6 = UnsafeMutablePointer<IPv6Address>.allocate(capacity: long.count)
        for (place, address) in long.enumerated() { unsafe (v6 + place).initialize(to: address) }
        return unsafe GuestAddresses(v4: v4, v6: v6, v4Count: short.count, v6Count: long.count)
    }

    func deallocate() {
        unsafe v4.deallocate()
        unsafe v6.deallocate()
    }

    @_noLocks
    func contains(_ address: IPv4Address) -> Bool {
        var place = 0
        while place < v4Count {
            if unsafe v4[place] == address { return true }
            place += 1
        }
        return false
    }

    @_noLocks
    func contains(_ address: IPv6Address) -> Bool {
        var place = 0
        while place < v6Count {
            if unsafe v6[place] == address { return true }
            place += 1
        }
        return false
    }

    /// fe80::/64 with the modified EUI-64 of the MAC (RFC 4291 appendix A, RFC 2464 section 4).
    static func linkLocal(_ mac: MACAddress) -> IPv6Address {
        let identifier = (mac.rawValue >> 24) << 40 | 0xFF_FE00_0000 | mac.rawValue & 0xFF_FFFF
        return IPv6Address(high: 0xFE80_0000_0000_0000, low: identifier ^ 0x0200_0000_0000_0000)
    }
}
