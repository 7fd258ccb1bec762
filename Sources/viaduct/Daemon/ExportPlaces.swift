// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Control
import DPDK

/// Where each remote vif's memif socket is, and who may use it.
final class ExportPlaces: Sendable {
    private let places = Lock<[String: MemifExport.Place]>([:])

    func set(_ path: String, _ access: SocketAccess, vif: String) {
        let place = MemifExport.Place(path: path) { try SocketPath.allow(access, path) }
        places.withLock { $0[vif] = place }
    }

    func forget(_ vif: String) { places.withLock { $0[vif] = nil } }

    func place(_ vif: String) -> MemifExport.Place? { places.withLock { $0[vif] } }
}
