// SPDX-License-Identifier: BSD-3-Clause
public import DPDK

/// A cable made of two rings, with a port at each end.
public final class WireCable {
    public let pool: Mempool
    private var near: Port?
    private var far: Port?
    private var toNear: MbufRing?
    private var toFar: MbufRing?

    public init(name: String) throws {
        pool = try Mempool(name: "\(name)-wire", count: 8191)
        let toNear = try MbufRing(name: "\(name)-near", capacity: 1024)
        let toFar = try MbufRing(name: "\(name)-far", capacity: 1024)
        let handle = pool.handle
        func end(_ name: String, _ receive: MbufRingHandle, _ transmit: MbufRingHandle) throws -> Port {
            let id = try Port.attach(name, receiveRings: [receive], transmitRings: [transmit])
            return try Port(starting: id, queues: Port.Queues(), virtualDevice: "net_ring_\(name)") { _ in handle }
        }
        near = try end("\(name)n", toNear.handle, toFar.handle)
        far = try end("\(name)f", toFar.handle, toNear.handle)
        self.toNear = consume toNear
        self.toFar = consume toFar
    }

    /// The NIC's end.
    public var nicEnd: QueuePair { near!.queuePair(0) }
    /// The stations' end.
    public var stationsEnd: QueuePair { far!.queuePair(0) }

    /// Closes the ports, then frees what is left in the rings.
    public func close() {
        near = nil
        far = nil
        toNear = nil
        toFar = nil
    }
}
