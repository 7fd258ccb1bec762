// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The wire side of the NIC: what it is plugged into.
enum WireSide: Sendable {
    /// A cable made of two rings; the remote host's end is `wirePeer`.
    case ring
    /// Any virtual device of DPDK's, such as `net_tap0` with `iface=wire0`.
    case virtualDevice(name: String, arguments: String)
}

/// Owns the NIC's end of the wire and, on a ring wire, the remote host's.
final class WirePorts: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): nothing changes between init and deinit but `ports` in close(), by the owner's thread.
    let nicEnd: QueuePair
    let peerEnd: QueuePair?
    private var nicPort: DPDK.Port?
    private var peerPort: DPDK.Port?
    private var toNIC: MbufRing?
    private var toPeer: MbufRing?

    /// Frames that a ring wire holds in each direction.
    private static let ringLength = 1024

    init(_ wire: WireSide, pool: MempoolHandle) throws(DPDKError) {
        switch wire {
        case .ring:
            let toNIC = try MbufRing(name: "wire-to-nic", capacity: Self.ringLength)
            let toPeer = try MbufRing(name: "wire-to-peer", capacity: Self.ringLength)
            let nic = try DPDK.Port.attach(
                "wire-nic", receiveRings: [toNIC.handle], transmitRings: [toPeer.handle])
            let peer = try DPDK.Port.attach(
                "wire-peer", receiveRings: [toPeer.handle], transmitRings: [toNIC.handle])
            nicPort = try DPDK.Port(starting: nic, queues: DPDK.Port.Queues()) { _ in pool }
            peerPort = try DPDK.Port(starting: peer, queues: DPDK.Port.Queues()) { _ in pool }
            nicEnd = QueuePair(port: nic, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: 1024)
            peerEnd = QueuePair(port: peer, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: 1024)
            self.toNIC = consume toNIC
            self.toPeer = consume toPeer
        case .virtualDevice(let name, let arguments):
            let id = try DPDK.Port.attach(name, arguments: arguments)
            nicPort = try DPDK.Port(starting: id, queues: DPDK.Port.Queues(), virtualDevice: name) { _ in pool }
            nicEnd = QueuePair(port: id, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: 1024)
            peerEnd = nil
        }
    }

    /// Closes the ports, then frees what is left in the rings.
    func close() {
        nicPort = nil
        peerPort = nil
        toNIC = nil
        toPeer = nil
    }
}
