// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import SoftNIC

/// What netback's uplink is.
enum UplinkChoice: Sendable {
    /// A NIC in software, plugged into a wire.
    case softNIC(NICKind, wire: WireSide, seed: UInt64)
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

/// The uplink port with its default queue pair and its VIs, and everything behind it.
final class HostUplink: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): built by init and taken down by close(), by one thread each.
    let port: PortID
    /// The remote host's end of a ring wire.
    let wirePeer: QueuePair?
    private var started: DPDK.Port?
    private var wire: WirePorts?
    private var nic: SoftNIC?
    private let group: PollGroup

    init(
        _ choice: UplinkChoice, virtualInterfaces: Int, pools: HostPools, group: PollGroup, nicLoop: Int
    ) throws {
        self.group = group
        let queues = DPDK.Port.Queues(pairs: 1 + virtualInterfaces)
        switch choice {
        case .softNIC(let kind, let side, let seed):
            let wire = try WirePorts(side, pool: pools.wire.handle)
            let nic = try SoftNIC(
                SoftNICConfiguration(
                    name: "nic0", queuePairs: queues.pairs, personality: kind == .sfc ? .sfc : .none, seed: seed),
                wire: wire.nicEnd, wirePool: pools.wire.handle)
            started = try DPDK.Port(starting: nic.port, queues: queues) { pools.handle(queue: $0) }
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
                started = try DPDK.Port(starting: found, queues: queues) { pools.handle(queue: $0) }
            } else {
                port = try DPDK.Port.attach(name, arguments: parts.count > 1 ? parts[1] : "")
                started = try DPDK.Port(starting: port, queues: queues, virtualDevice: name) { pools.handle(queue: $0) }
            }
            try started?.setPromiscuous(true)
            wirePeer = nil
        }
    }

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
