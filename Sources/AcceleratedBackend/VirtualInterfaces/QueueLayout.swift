// SPDX-License-Identifier: BSD-3-Clause
public import DPDK

/// How a port's queues are shared out: the first to the slow path, the others to VIs. To be made before the port is configured, since most
/// drivers take neither queues nor pools later.
public struct QueueLayout: Sendable, Equatable {
    /// A VI's place on the port.
    public struct Place: Sendable, Equatable {
        public let queue: UInt16
        /// The VMDq pool whose first queue it is.
        public let pool: Int?
    }

    /// For `Port.Queues` of `DPDK`: queue pairs, and pools if there are any.
    public let pairs: Int
    public let pools: Int?
    public let places: [Place]

    /// - Parameters:
    ///   - port: not configured yet.
    ///   - count: VIs.
    ///   - allowsPools: without, pools are left alone, and drivers that need them are steered by rules as far as those go.
    public init(_ port: PortInformation, virtualInterfaces count: Int, allowsPools: Bool = true) {
        guard count > 0, allowsPools, let vmdq = port.vmdq,
            Self.prefersPools(driver: port.driver, device: port.deviceID)
        else {
            pairs = 1 + count
            pools = nil
            places = (0..<count).map { Place(queue: UInt16($0 + 1), pool: nil) }
            return
        }
        // Pool 0 is the port's own: with ixgbe and igb one of those that are configured, with i40e beside them (vmdq_pool_base).
        let first = max(1, vmdq.firstPool)
        let last = first + count - 1
        pools = last - vmdq.firstPool + 1
        pairs = vmdq.queue(ofPool: last) + vmdq.queuesPerPool
        places = (first...last).map { Place(queue: UInt16(vmdq.queue(ofPool: $0)), pool: $0) }
    }

    /// Whether a port of that driver should have pools: its best form of steering needs them.
    ///
    /// - Parameter device: the PCI device id, if there is one.
    public static func prefersPools(driver: String, device: UInt16?) -> Bool {
        DriverFacts.forms(driver: driver, device: device).first == .addressPool
    }

    /// The VI that a receive queue belongs to; nil for the slow path's.
    public func virtualInterface(ofQueue queue: Int) -> Int? {
        guard pools != nil else { return queue == 0 ? nil : queue - 1 }
        return places.lastIndex { Int($0.queue) <= queue }
    }
}
