// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import DPDK
import Dataplane
import Foundation
import Logging
import Netback
import Wire

/// A guest that a host lets in, by the name of its vif.
struct ExpectedGuest: Sendable, Equatable {
    let name: String
    let mac: MACAddress
    /// IP addresses that are the guest's and nobody else's on the uplink, in whatever VLAN.
    var addresses: [FlowAddress] = []
}

/// An uplink and a netback whose guests are attached processes. All memory is allocated at the start.
final class AttachedHost: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): built by init, taken down by stop(), in between nothing changes.
    struct Configuration: Sendable {
        var uplink: UplinkChoice
        /// Whether VMDq may be used.
        var allowsPools = true
        var guests: [ExpectedGuest]
        /// Queue pairs of the uplink beside the default one: the first guests have one each.
        var virtualInterfaces: Int
        var sockets: String
        var lcores = LcorePlan.split
        var accelerationWanted = true
        var answerLimitMilliseconds: UInt64 = 5000
    }

    let configuration: Configuration
    let netback: Netback
    private let group: PollGroup
    private let pools: HostPools
    private let guests: [GuestMemory]
    private let uplink: HostUplink
    private let backend: AcceleratedBackend
    private let plugin: AcceleratedBackendPlugin
    private let logger: Logger

    /// The first lcore id of the first guest: netback's own are below.
    private static let firstGuestLcore = 8
    private static let descriptors = 1024
    private static let ringDepth = 1024

    /// What lies in shared memory for one guest.
    private struct GuestMemory: Sendable {
        let pool: OwnedPool
        let rings: GuestRings
        /// Of its VI's pool.
        let virtualInterface: PoolMap?
    }

    private final class OwnedPool: Sendable {
        let pool: Mempool
        init(_ name: String, _ count: Int) throws(DPDKError) { pool = try Mempool(name: name, count: count) }
    }

    /// Memory that a host with so many guests needs.
    static func megabytes(_ configuration: Configuration) -> Int {
        HostPools.megabytes(virtualInterfaces: configuration.virtualInterfaces, guests: max(1, configuration.guests.count)) + 24
            * configuration.guests.count
    }

    init(_ configuration: Configuration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        try Self.startEAL(configuration)
        group = try PollGroup(lcores: LcoreID.workers, idle: .adaptive)
        pools = try HostPools(virtualInterfaces: configuration.virtualInterfaces, guests: max(1, configuration.guests.count))
        let pools = pools
        guests = try configuration.guests.enumerated().map { index, guest in
            // Buffers in the rings, frames to send in the VI, and what the application keeps.
            let owned = try OwnedPool("\(guest.name)-pool", 8191)
            let other = index < configuration.virtualInterfaces ? try PoolMap(pools.handle(virtualInterface: index)) : nil
            return GuestMemory(
                pool: owned,
                rings: try GuestRings(
                    name: guest.name, depth: Self.ringDepth, map: try PoolMap(owned.pool.handle), other: other),
                virtualInterface: other)
        }
        uplink = try HostUplink(
            configuration.uplink, virtualInterfaces: configuration.virtualInterfaces, allowsPools: configuration.allowsPools,
            pools: pools, group: group, nicLoop: configuration.lcores.loop(for: .nic))
        // Without a way to reset the port: that allocates from DPDK's heap, which nobody does once guests may attach.
        netback = try Netback(
            NetbackConfiguration(name: "host0", maximumVifs: max(configuration.guests.count, 1)),
            uplink: QueuePair(
                port: uplink.port, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: UInt16(Self.descriptors)),
            pool: pools.host.handle, group: group, loop: configuration.lcores.loop(for: .netback), logger: logger)
        var interfaces: [VirtualInterface] = []
        for (index, guest) in configuration.guests.enumerated() where index < configuration.virtualInterfaces {
            let place = uplink.layout.places[index]
            interfaces.append(
                VirtualInterface(
                    queuePair: QueuePair(
                        port: uplink.port, receiveQueue: place.queue, transmitQueue: place.queue,
                        transmitDescriptors: UInt16(Self.descriptors)),
                    mempool: pools.name(virtualInterface: index), pool: place.pool, owner: guest.name))
        }
        var settings = AcceleratedBackendConfiguration()
        for guest in configuration.guests { settings.flows.addresses[guest.mac] = guest.addresses }
        backend = try AcceleratedBackend(
            configuration: settings, port: uplink.port, virtualInterfaces: interfaces, logger: logger)
        plugin = AcceleratedBackendPlugin(backend)
        try unsafe netback.loadPlugin(plugin.hooks)
        do {
            for index in configuration.guests.indices { try addVif(index) }
        } catch {
            _ = stop()
            throw error
        }
    }

    private static func startEAL(_ configuration: Configuration) throws {
        let megabytes = megabytes(configuration)
        SharedMemoryFiles.clean(own: false)
        if let complaint = SharedMemoryFiles.complaint(megabytes: megabytes) { throw HostError(complaint) }
        try DPDKLog.capture()
        let cpus = Array(0..<ProcessInfo.processInfo.activeProcessorCount)
        try EAL.start(
            EALConfiguration(
                workers: Array(repeating: cpus, count: configuration.lcores.lcoreCount),
                memory: .shared(megabytes: megabytes, filePrefix: SharedMemoryFiles.ownPrefix),
                usesPCI: configuration.uplink.pciAddress != nil,
                extraArguments: configuration.uplink.pciAddress.map { ["-a", $0] } ?? []))
    }

    private func addVif(_ index: Int) throws {
        let guest = configuration.guests[index]
        let memory = guests[index]
        let lcore = UInt16(Self.firstGuestLcore + 2 * index)
        var interface: AttachedVirtualInterface?
        var softQueue: AttachTerms.SoftQueue?
        if let map = memory.virtualInterface {
            let queue = Int(uplink.layout.places[index].queue)
            interface = AttachedVirtualInterface(
                map: map, queue: uplink.reclaimableQueue(queue))
            if case .softNIC = configuration.uplink {
                softQueue = AttachTerms.SoftQueue(
                    nic: HostUplink.nicName, queue: UInt16(queue), descriptors: UInt16(Self.descriptors),
                    mempool: pools.name(virtualInterface: index))
            }
        }
        let terms = AttachTerms(
            mac: guest.mac, filePrefix: SharedMemoryFiles.ownPrefix, lcores: [lcore, lcore + 1],
            devices: configuration.uplink.pciAddress.map { [$0] } ?? [], rings: guest.name,
            ringDepth: UInt32(memory.rings.names.depth), mempool: memory.pool.pool.name, softQueue: softQueue)
        _ = try netback.addVif(
            VifConfiguration(
                name: guest.name, mac: guest.mac, socketPath: "\(configuration.sockets)/\(guest.name)",
                acceleration: configuration.accelerationWanted,
                attachment: AttachmentConfiguration(
                    terms: terms, rings: memory.rings, virtualInterface: interface,
                    answerLimitMilliseconds: configuration.answerLimitMilliseconds)),
            link: nil)
    }

    /// Everything that is counted, now.
    var report: NetbackReport {
        let counts = backend.counts
        return NetbackReport(
            rules: backend.ruleCount,
            virtualInterfaces: .init(free: counts.free, granted: counts.granted, quarantined: counts.quarantined),
            counters: netback.counters.filter { $0.value > 0 },
            guests: netback.vifs.enumerated().map { index, vif in
                return NetbackReport.Guest(
                    vif, mbufsInUse: guests[index].pool.pool.handle.inUse,
                    virtualInterfaceMbufsInUse: index < configuration.virtualInterfaces
                        ? pools.handle(virtualInterface: index).inUse : 0)
            })
    }

    /// Sends the guests away and takes everything down.
    ///
    /// - Returns: mbufs of the host's own pools that are still in use.
    func stop() -> Int {
        do {
            try netback.unloadPlugin()
        } catch { logger.error("\(error)") }
        netback.stop()
        uplink.close()
        group.stop()
        SharedMemoryFiles.clean(own: true)
        return pools.ownInUse
    }
}
