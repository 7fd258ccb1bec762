// SPDX-License-Identifier: BSD-3-Clause
import Control
import DPDK
import Foundation
import Netback

/// The memory that a netback's host needs, and the EAL over it.
struct HostMemory {
    /// Mbufs of netback's own pool: the default queue's descriptors, a full hold of each vif that may be accelerated, and a full outbox of
    /// each queue pair of the other ones.
    let hostMbufs: Int
    let megabytes: Int
    /// nil: hugepages where enough are free, else ordinary ones.
    let pages: MemorySettings.Pages?
    private let memory: EALMemory

    init(_ configuration: DaemonConfiguration) {
        let attached = configuration.attachedVifs.count
        let others = configuration.switching.maximumVifs - attached
        let more = configuration.vifs.reduce(0) { $0 + $1.queuePairs - 1 }
        let holds = configuration.switching.hold * max(1, configuration.acceleratedVifs.count)
        hostMbufs = 8191 + holds + Netback.waitingMbufs * max(0, others + more)
        // An mbuf is its buffer, and 256 bytes; 64 bytes an address; pools of 8191 mbufs for the wire, for each VI, and for each attached
        // guest, which has rings besides.
        pages = configuration.memory.pages ?? (attached > 0 || configuration.capture ? .shared : nil)
        let length = PoolSize.dataRoom(mtu: configuration.uplink.mtu) + 256
        // No mbuf lies across the end of an ordinary page (rte_mempool_populate_default).
        let mbuf = pages == .shared || pages == .hugepages ? length : (length + 4095) / 4096 * 4096
        let tables = (hostMbufs * mbuf + configuration.switching.fdbCapacity * 64) >> 20
        let pool = (8192 * mbuf) >> 20
        megabytes =
            configuration.memory.megabytes
            ?? 160 + tables + pool * (1 + configuration.virtualInterfaces) + (pool + 12) * attached
            + (configuration.capture ? PacketCapture.megabytes : 0)
        switch pages {
        case .ordinary: memory = .ordinaryPages(megabytes: megabytes)
        case .hugepages: memory = .hugepages(megabytes: megabytes)
        case .shared: memory = .shared(megabytes: megabytes, filePrefix: SharedMemoryFiles.ownPrefix)
        case nil: memory = .preferred(megabytes: megabytes)
        }
    }

    func startEAL(_ configuration: DaemonConfiguration) throws {
        SharedMemoryFiles.clean(own: false)
        if case .shared = memory {
            if let complaint = SharedMemoryFiles.complaint(megabytes: megabytes) { throw HostError(complaint) }
        }
        try DPDKLog.capture(keepsLines: true)
        let all = Processors.allowed
        let lcores = configuration.lcores
        let address = UplinkChoice(configuration.uplink).pciAddress
        var eal = EALConfiguration(
            workers: lcores.cpus ?? Array(repeating: all, count: lcores.plan.lcoreCount), memory: memory,
            usesPCI: address != nil, extraArguments: address.map { ["-a", $0] } ?? [])
        eal.hasTelemetry = configuration.telemetry
        // Two daemons never meet in one folder.
        eal.filePrefix = SharedMemoryFiles.ownPrefix
        try EAL.start(eal)
    }
}

extension UplinkChoice {
    init(_ settings: UplinkSettings) {
        switch settings.device {
        case .pci(let address): self = .device(address)
        case .virtual(let device): self = .device(device)
        case .softNIC(let personality, let wire, let seed):
            let parts = wire.split(separator: ",", maxSplits: 1).map(String.init)
            self = .softNIC(
                personality, wire: .virtualDevice(name: parts.first ?? "", arguments: parts.count > 1 ? parts[1] : ""), seed: seed
            )
        }
    }
}
