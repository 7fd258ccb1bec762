// SPDX-License-Identifier: BSD-3-Clause
public import DPDK

/// A VI that the backend may grant: a queue pair, and the pool that belongs to it.
public struct VirtualInterface: Sendable {
    /// A VI's place: no two VIs share one.
    public struct ID: Hashable, Sendable, CustomStringConvertible {
        public let port: PortID
        public let queue: UInt16

        public var description: String { "VI \(queue) of \(port)" }
    }

    /// Transmit descriptors that a grant promises to the frontend, which cannot ask a queue for its size.
    public static let grantedTransmitDescriptors: UInt16 = 1024

    public let queuePair: QueuePair
    /// Name of the pool that the VI's owner alone touches.
    public let mempool: String
    /// The VMDq pool of the port that the queue is in; nil where the port was configured without.
    public let pool: Int?
    /// Name of the one vif that it may be granted to; nil for any. An attached guest goes on using its pool when it has given the VI
    /// back, and netback rebuilds it when the guest died: it can't be shared.
    public let owner: String?
    /// What carries it to guests in other processes; such a VI is for those alone.
    public let export: (any VirtualInterfaceExport)?
    /// The rings behind it, for a VI in software.
    let software: SoftwareVirtualInterface?

    public var id: ID { ID(port: queuePair.port, queue: queuePair.receiveQueue) }
    public var isSoftware: Bool { software != nil }

    /// A queue pair of the backend's port. Queue 0 is the slow path's, and so is the port's own pool: see ``QueueLayout``.
    ///
    /// - Parameter pool: the VMDq pool whose first queue it is.
    public init(
        queuePair: QueuePair, mempool: String, pool: Int? = nil, owner: String? = nil,
        export: (any VirtualInterfaceExport)? = nil
    ) {
        self.queuePair = queuePair
        self.mempool = mempool
        self.pool = pool
        self.owner = owner
        self.export = export
        software = nil
    }

    init(software: SoftwareVirtualInterface) {
        queuePair = software.queuePair
        mempool = software.mempool
        pool = nil
        owner = nil
        export = nil
        self.software = software
    }
}
