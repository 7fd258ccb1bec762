// SPDX-License-Identifier: BSD-3-Clause
public import DPDK

/// The software VIs of an uplink, for ports that cannot steer by themselves. Made at start; keep it until netback, netfront and
/// the backend have stopped.
public final class SoftwareVirtualInterfaces: Sendable {
    /// To be given to the backend, together with those of the port itself.
    public let virtualInterfaces: [VirtualInterface]
    /// Sums over all of them.
    public var counts: SoftwareVirtualInterfaceCounts {
        virtualInterfaces.compactMap(\.software?.counts).reduce(SoftwareVirtualInterfaceCounts(), +)
    }

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

/// Frames in VIs made in software. What goes in comes out, is discarded, or waits.
public struct SoftwareVirtualInterfaceCounts: Sendable, Equatable {
    /// Frames that were in a VI when it was taken back by force: for the guest, and from it.
    public var discardedToGuest: UInt64 = 0
    public var discardedFromGuest: UInt64 = 0
    /// Frames in the rings now.
    public var waiting = 0

    public init(discardedToGuest: UInt64 = 0, discardedFromGuest: UInt64 = 0, waiting: Int = 0) {
        self.discardedToGuest = discardedToGuest
        self.discardedFromGuest = discardedFromGuest
        self.waiting = waiting
    }

    static func + (a: Self, b: Self) -> Self {
        Self(
            discardedToGuest: a.discardedToGuest + b.discardedToGuest,
            discardedFromGuest: a.discardedFromGuest + b.discardedFromGuest, waiting: a.waiting + b.waiting)
    }
}
