// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// A mempool before there is one.
struct PoolSize: Sendable, Equatable, Encodable {
    let name: String
    let mbufs: Int
    /// Bytes of each mbuf's buffer, headroom included.
    let dataRoom: Int

    /// Enough for the descriptors of a queue pair, a full stash, and what is in the NIC and in caches.
    static let usualCount = 8191

    /// Bytes of an mbuf's buffer that has room for a frame of that MTU with two VLAN tags, headroom included, and for what a driver wants
    /// besides (net_af_packet compares with its ring's frames, headers of the ring's included); the usual 2176 at least.
    static func dataRoom(mtu: Int) -> Int { max(2176, (128 + 14 + 8 + mtu + 128 + 63) / 64 * 64) }

    /// Those of a host: for its wire, for netback with all its vifs, and for each VI.
    ///
    /// - Parameter mtu: of the uplink.
    static func ofHost(
        virtualInterfaces count: Int, hostMbufs: Int, mtu: Int
    ) -> (wire: PoolSize, host: PoolSize, virtualInterfaces: [PoolSize]) {
        let dataRoom = dataRoom(mtu: mtu)
        func usual(_ name: String) -> PoolSize { PoolSize(name: name, mbufs: usualCount, dataRoom: dataRoom) }
        return (
            usual("wire"), PoolSize(name: "netback", mbufs: hostMbufs, dataRoom: dataRoom),
            (0..<count).map { usual("vi\($0 + 1)") }
        )
    }

    /// What lies in shared memory for an attached guest: buffers in the rings, frames to send in the VI, and what the application keeps.
    static func ofAttachedGuest(_ name: String, mtu: Int) -> PoolSize {
        PoolSize(name: "\(name)-pool", mbufs: usualCount, dataRoom: dataRoom(mtu: mtu))
    }
}

extension Mempool {
    init(_ size: PoolSize) throws(DPDKError) {
        try self.init(name: size.name, count: size.mbufs, dataRoom: size.dataRoom)
    }
}
