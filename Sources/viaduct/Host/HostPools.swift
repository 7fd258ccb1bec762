// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The mempools of an embedded host: one for the wire, one for netback, one for each VI.
final class HostPools: Sendable {
    let wire: Mempool
    let host: Mempool
    private let virtualInterfaces: [Owned]

    private final class Owned: Sendable {
        let pool: Mempool
        init(_ size: PoolSize) throws(DPDKError) { pool = try Mempool(size) }
    }

    /// Memory that the pools, the guest's included, and everything else need together.
    static func megabytes(virtualInterfaces count: Int, guests: Int) -> Int { 216 + 24 * count + 56 * (guests - 1) }

    convenience init(virtualInterfaces count: Int, guests: Int) throws(DPDKError) {
        // The default queue's descriptors, a full hold of each guest, and what is in the switch.
        try self.init(virtualInterfaces: count, hostMbufs: 8191 + 8192 * guests)
    }

    /// - Parameters:
    ///   - hostMbufs: for netback, all its vifs together.
    ///   - mtu: of the uplink.
    init(virtualInterfaces count: Int, hostMbufs: Int, mtu: Int = 1500) throws(DPDKError) {
        let sizes = PoolSize.ofHost(virtualInterfaces: count, hostMbufs: hostMbufs, mtu: mtu)
        wire = try Mempool(sizes.wire)
        host = try Mempool(sizes.host)
        var pools: [Owned] = []
        for size in sizes.virtualInterfaces { pools.append(try Owned(size)) }
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
