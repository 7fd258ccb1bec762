// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The mempools of an embedded host: one for the wire, one for netback, one for each VI.
final class HostPools: Sendable {
    let wire: Mempool
    let host: Mempool
    private let virtualInterfaces: [Owned]

    private final class Owned: Sendable {
        let pool: Mempool
        init(_ name: String, _ count: Int) throws(DPDKError) { pool = try Mempool(name: name, count: count) }
    }

    /// Memory that the pools, the guest's included, and everything else need together.
    static func megabytes(virtualInterfaces count: Int, guests: Int) -> Int { 216 + 24 * count + 56 * (guests - 1) }

    init(virtualInterfaces count: Int, guests: Int) throws(DPDKError) {
        wire = try Mempool(name: "wire", count: 8191)
        // The default queue's descriptors, a full hold of each guest, and what is in the switch.
        host = try Mempool(name: "netback", count: 8191 + 8192 * guests)
        // Descriptors, a full stash, and what is in the NIC and in caches.
        var pools: [Owned] = []
        for index in 1..<(count + 1) { pools.append(try Owned("vi\(index)", 8191)) }
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
