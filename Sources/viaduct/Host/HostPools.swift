// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The mempools of an embedded host: one for the wire, one for netback, one for each VI.
final class HostPools: Sendable {
    let wire: Mempool
    let host: Mempool
    private let virtualInterfaces: [Owned]

    private final class Owned: Sendable {
        let pool: Mempool
        init(_ name: String, _ count: Int, dataRoom: Int) throws(DPDKError) {
            pool = try Mempool(name: name, count: count, dataRoom: dataRoom)
        }
    }

    /// Memory that the pools, the guest's included, and everything else need together.
    static func megabytes(virtualInterfaces count: Int, guests: Int) -> Int { 216 + 24 * count + 56 * (guests - 1) }

    convenience init(virtualInterfaces count: Int, guests: Int) throws(DPDKError) {
        // The default queue's descriptors, a full hold of each guest, and what is in the switch.
        try self.init(virtualInterfaces: count, hostMbufs: 8191 + 8192 * guests)
    }

    /// Bytes of an mbuf's buffer that has room for a frame of that MTU with two VLAN tags, headroom included, and for what a driver wants
    /// besides (net_af_packet compares with its ring's frames, headers of the ring's included); the usual 2176 at least.
    static func dataRoom(mtu: Int) -> Int { max(2176, (128 + 14 + 8 + mtu + 128 + 63) / 64 * 64) }

    /// - Parameters:
    ///   - hostMbufs: for netback, all its vifs together.
    ///   - mtu: of the uplink.
    init(virtualInterfaces count: Int, hostMbufs: Int, mtu: Int = 1500) throws(DPDKError) {
        let dataRoom = Self.dataRoom(mtu: mtu)
        wire = try Mempool(name: "wire", count: 8191, dataRoom: dataRoom)
        host = try Mempool(name: "netback", count: hostMbufs, dataRoom: dataRoom)
        // Descriptors, a full stash, and what is in the NIC and in caches.
        var pools: [Owned] = []
        for index in 1..<(count + 1) { pools.append(try Owned("vi\(index)", 8191, dataRoom: dataRoom)) }
        virtualInterfaces = pools
    }

    /// The pool of a VI; netback's for the slow path.
    func handle(virtualInterface: Int?) -> MempoolHandle {
        virtualInterface.map { virtualInterfaces[$0].pool.handle } ?? host.handle
    }
    func name(virtualInterface: Int) -> String { virtualInterfaces[virtualInterface].pool.name }

    /// Without the VIs' pools, which are others' to use.
    var ownInUse: Int { wire.handle.inUse + host.handle.inUse }

    var inUse: Int {
        virtualInterfaces.reduce(wire.handle.inUse + host.handle.inUse) { $0 + $1.pool.handle.inUse }
    }
}
