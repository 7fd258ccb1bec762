// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import DPDK
import Netback

/// What lies in shared memory for one attached guest, from the start to the end of its host.
final class AttachedGuestMemory: Sendable {
    /// Of the attached guests.
    let index: Int
    let rings: GuestRings
    /// Of its VI's pool.
    let virtualInterface: PoolMap?
    private let own: Mempool

    /// The first lcore id of the first guest: netback's own are below.
    private static let firstLcore = 8

    init(_ name: String, index: Int, mtu: Int, virtualInterface pool: MempoolHandle?) throws {
        self.index = index
        own = try Mempool(PoolSize.ofAttachedGuest(name, mtu: mtu))
        virtualInterface = try pool.map { try PoolMap($0) }
        rings = try GuestRings(
            name: name, depth: NetbackHost.ringDepth, map: try PoolMap(own.handle), other: virtualInterface)
    }

    var pool: MempoolHandle { own.handle }
    var poolName: String { own.name }
    /// The guest's own, which no other process of the EAL has.
    var lcores: [UInt16] { [UInt16(Self.firstLcore + 2 * index), UInt16(Self.firstLcore + 2 * index + 1)] }
}
