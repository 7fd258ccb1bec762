// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

extension PortID {
    /// Lets frames to `mac` (six octets, the first most significant) into `pool`; 0 where the port has no pools
    /// (rte_eth_dev_mac_addr_add).
    ///
    /// An address that is in another pool already is then in both, and its frames are duplicated or ambiguous: remove it first.
    ///
    /// - Throws: ENOSPC when the port has no address slot left.
    public func addAddress(_ mac: UInt64, pool: Int) throws(DPDKError) {
        let octets = Self.octets(mac)
        guard let number = UInt32(exactly: pool) else {
            throw DPDKError("add an address to pool \(pool) of \(self)", code: 22)
        }
        try DPDKError.check(
            unsafe cdpdk_port_address_add(rawValue, octets, number), "add an address to pool \(pool) of \(self)")
    }

    /// Takes `mac` out of every pool; one that is in none is no error.
    public func removeAddress(_ mac: UInt64) throws(DPDKError) {
        let octets = Self.octets(mac)
        try DPDKError.check(unsafe cdpdk_port_address_remove(rawValue, octets), "remove an address from \(self)")
    }

    private static func octets(_ mac: UInt64) -> [UInt8] {
        (0..<6).map { UInt8(truncatingIfNeeded: mac >> UInt64(40 - $0 * 8)) }
    }
}
