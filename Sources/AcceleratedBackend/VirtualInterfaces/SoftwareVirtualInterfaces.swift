// SPDX-License-Identifier: BSD-3-Clause
public import DPDK

/// The software VIs of an uplink, for ports that cannot steer by themselves. Made at start; keep it until netback, netfront and
/// the backend have stopped.
public final class SoftwareVirtualInterfaces: Sendable {
    /// To be given to the backend, together with those of the port itself.
    public let virtualInterfaces: [VirtualInterface]

    /// - Parameters:
    ///   - name: at most 8 bytes, unique in the process.
    ///   - depth: frames that a VI takes in each direction before it drops (towards the guest) or is busy (from it).
    ///   - mempool: the name of the guest's pool.
    public init(
        name: String = "softvi", count: Int, uplink: PortID, mempool: String, depth: Int = 1024, numaNode: Int = -1
    ) throws(AcceleratedBackendError) {
        guard let pool = MempoolHandle(named: mempool) else { throw .badMempoolName(mempool) }
        var interfaces: [VirtualInterface] = []
        do throws(DPDKError) {
            for index in 0..<count {
                interfaces.append(
                    VirtualInterface(
                        software: try SoftwareVirtualInterface(
                            name: "\(name)\(index)", depth: depth, uplink: uplink, mempool: mempool, pool: pool,
                            numaNode: numaNode)))
            }
        } catch {
            throw .virtualDevice(error)
        }
        virtualInterfaces = interfaces
    }
}
