// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import DPDK
import Dataplane
import Netback
import SoftNIC

/// What netback's uplink is.
enum UplinkChoice: Sendable {
    /// A NIC in software, plugged into a wire.
    case softNIC(Personality, wire: WireSide, seed: UInt64)
    /// A port as it is: a PCI address, or a virtual device such as `net_tap0,iface=x`.
    case device(String)

    /// The PCI device to probe, if it is one.
    var pciAddress: String? {
        guard case .device(let text) = self,
            text.wholeMatch(of: /([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]/) != nil
        else { return nil }
        return text
    }
}

/// What is asked of an uplink's port beside its queues.
struct PortDemands: Sendable {
    /// Bytes behind the Ethernet header of the longest frame; nil: as the driver has it. A NIC in software keeps its own.
    var mtu: Int?
    /// Whether the transmitter does what it can about frames that guests leave unfinished.
    var usesOffloads = false
}

/// The uplink port with its default queue pair and its VIs, and everything behind it.
final class HostUplink: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): built by init and taken down by close(), by one thread each; in between netback's thread alone
    // changes anything, in reset().
    let port: PortID
    /// Where its VIs are.
    let layout: QueueLayout
    /// The remote host's end of a ring wire.
    let wirePeer: QueuePair?
    private var started: DPDK.Port?
    private var wire: WirePorts?
    /// The NIC in software, where that is what the port belongs to.
    private(set) var nic: SoftNIC?
    private let group: PollGroup

    /// Of the NIC in software.
    static let nicName = "nic0"

    init(
        _ choice: UplinkChoice, virtualInterfaces: Int, allowsPools: Bool, demands: PortDemands = PortDemands(),
        pools: HostPools, group: PollGroup, nicLoop: Int
    ) throws {
        self.group = group
        func layOut(_ id: PortID) throws(DPDKError) -> QueueLayout {
            QueueLayout(try id.information, virtualInterfaces: virtualInterfaces, allowsPools: allowsPools)
        }
        func start(_ id: PortID, _ layout: QueueLayout, virtualDevice: String? = nil) throws(DPDKError) -> DPDK.Port {
            var queues = DPDK.Port.Queues(pairs: layout.pairs, pools: layout.pools)
            queues.usesOffloads = demands.usesOffloads
            if case .device = choice { queues.mtu = demands.mtu }
            return try DPDK.Port(starting: id, queues: queues, virtualDevice: virtualDevice) {
                pools.handle(virtualInterface: layout.virtualInterface(ofQueue: $0))
            }
        }
        switch choice {
        case .softNIC(let kind, let side, let seed):
            let wire = try WirePorts(side, pool: pools.wire.handle)
            let nic = try SoftNIC(
                SoftNICConfiguration(
                    name: Self.nicName,
                    queuePairs: kind.queuePairs(virtualInterfaces: virtualInterfaces, allowsPools: allowsPools),
                    personality: kind, seed: seed),
                wire: wire.nicEnd, wirePool: pools.wire.handle)
            layout = try layOut(nic.port)
            started = try start(nic.port, layout)
            port = nic.port
            wirePeer = wire.peerEnd
            self.wire = wire
            self.nic = nic
            group.add(nic.poller, toLoop: nicLoop)
        case .device(let text):
            let parts = text.split(separator: ",", maxSplits: 1).map(String.init)
            let name = parts.first ?? ""
            if choice.pciAddress != nil {
                guard let found = PortID(named: text) else {
                    throw HostError("no port \(text): is it bound to vfio-pci (dpdk-devbind.py --status)?")
                }
                port = found
                layout = try layOut(found)
                started = try start(found, layout)
            } else {
                port = try DPDK.Port.attach(name, arguments: parts.count > 1 ? parts[1] : "")
                layout = try layOut(port)
                started = try start(port, layout, virtualDevice: name)
            }
            try started?.setPromiscuous(true)
            wirePeer = nil
        }
    }

    /// How a dead guest's queue pair is taken back.
    func reclaimableQueue(_ queue: Int) -> any ReclaimableQueue {
        nic.map { SoftNICQueue(nic: $0, queue: queue) } ?? PortQueue(port: port, queue: queue)
    }

    private struct SoftNICQueue: ReclaimableQueue {
        let nic: SoftNIC
        let queue: Int
        func stop() throws(DPDKError) { try nic.stopQueuePair(queue) }
        func start() throws(DPDKError) { try nic.startQueuePair(queue) }
    }

    private struct PortQueue: ReclaimableQueue {
        let port: PortID
        let queue: Int
        func stop() throws(DPDKError) { try port.stopQueuePair(queue) }
        func start() throws(DPDKError) { try port.startQueuePair(queue) }
    }

    /// Resets the port, which starts again as it was. Nobody may be using it.
    func reset(whileDown: () throws(DPDKError) -> Void) throws(DPDKError) { try started?.reset(whileDown: whileDown) }

    /// Stops the NIC and closes the ports. Nobody may use them any more, but the loops may still run.
    func close() {
        if let nic, unsafe !group.remove(context: nic.poller.context) { return }
        started = nil
        nic?.close()
        nic = nil
        wire?.close()
        wire = nil
    }
}
