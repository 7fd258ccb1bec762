// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import AcceleratedFrontend
import Acceleration
import DPDK
import Dataplane
import Foundation
import Logging
import Netback
import Netfront
import SoftNIC
import TestSupport
import Testing
import Wire

/// A host and its guest with everything between them: stations on the wire, NIC in software, netback with one vif, netfront, and
/// both plugins.
final class SwitchingRig {
    struct Options: Sendable {
        var lcores = 2
        var forms: Set<SteeringForm> = [.destinationMAC, .software]
        var seed: UInt64 = 1
        var flows = 2
        var loadsPlugins = true
        var virtualInterfaces = 2
        /// Of the vif and of the stations.
        var vlan: UInt16?
        var personality = Personality.sfc
        /// Frames are UDP datagrams, each flow's to a port of its own.
        var isUDP = false
        var flowSteering = FlowConfiguration()
        /// Frames of each flow that may be under way. All of them together must fit into a vring.
        var window: UInt64 = 128
        /// Time limits as users have them.
        var hasDefaultLimits = false
        /// The guest comes by the attach socket and by rings, as one in another process.
        var isAttached = false
        /// The guest is told of the host by a socket alone, and its VI is carried to it over a memif, as in a process of its own.
        var isRemote = false
        /// The queue of an attached guest's VI can't be stopped while its port runs, as with igb.
        var refusesQueueStop = false
    }

    let options: Options
    let number: Int
    let group: PollGroup
    let cable: WireCable
    let hostPool: Mempool
    let interfacePools: [PoolBox]
    let nic: SoftNIC
    let nicPort: PortBox
    let netback: Netback
    let netfront: Netfront
    let vif: UInt32
    let directory: URL
    let guest: Endpoint
    let stations: Endpoint
    let log = LogBook()
    private(set) var backend: AcceleratedBackend?
    private var software: SoftwareVirtualInterfaces?
    private var backendPlugin: AcceleratedBackendPlugin?
    private var frontendPlugin: AcceleratedFrontendPlugin?
    private let attached: (connection: HostConnection, pool: PoolBox)?
    private var isGuestRunning = true
    private var hasGuestLeft = false
    private var hasEnded = false

    final class PoolBox: Sendable {
        let pool: Mempool
        init(_ name: String) throws { pool = try Mempool(name: name, count: 8191) }
    }

    private struct FirstQueue: ReclaimableQueue {
        let nic: SoftNIC
        let refusesStop: Bool
        func stop() throws(DPDKError) {
            if refusesStop { throw DPDKError("stop queue 1", code: ENOTSUP) }
            try nic.stopQueuePair(1)
        }
        func start() throws(DPDKError) { try nic.startQueuePair(1) }
    }

    /// Keeps the NIC's port, for the test and for netback's thread.
    final class PortBox: Sendable {
        private let port: Lock<DPDK.Port?>
        init(_ port: consuming DPDK.Port) { self.port = Lock(port) }
        func reset(whileDown: () throws(DPDKError) -> Void) throws(DPDKError) {
            try port.withLock { (port) throws(DPDKError) in try port?.reset(whileDown: whileDown) }
        }
        func close() { port.withLock { $0 = nil } }
    }

    nonisolated(unsafe) private static var last = 0

    private init(_ options: Options) throws {
        self.options = options
        // SAFETY: rigs are made inside EALFixture's gate, one at a time.
        unsafe Self.last += 1
        number = unsafe Self.last
        let name = "sw\(number)"
        group = try PollGroup(lcores: Array(LcoreID.workers.prefix(options.lcores)), idle: .adaptive)
        cable = try WireCable(name: name)
        hostPool = try Mempool(name: "\(name)-host", count: 16383)
        interfacePools = try (1...options.virtualInterfaces).map { try PoolBox("\(name)-vi\($0)") }
        nic = try SoftNIC(
            SoftNICConfiguration(
                name: name, queuePairs: 1 + options.virtualInterfaces, personality: options.personality, seed: options.seed),
            wire: cable.nicEnd, wirePool: cable.pool.handle)
        let pools = [hostPool.handle] + interfacePools.map { $0.pool.handle }
        nicPort = PortBox(try DPDK.Port(starting: nic.port, queues: DPDK.Port.Queues(pairs: pools.count)) { pools[$0] })
        group.add(nic.poller, toLoop: 0)
        let side = options.lcores - 1
        let nicPort = nicPort
        var switching = NetbackConfiguration(name: name)
        // Frames that a VI does not carry go by the slow path: this wire has room for them.
        switching.uplinkMTU = 2000
        netback = try Netback(
            switching,
            uplink: QueuePair(port: nic.port, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: 1024),
            pool: hostPool.handle, group: group, loop: side,
            resetPort: { (whileDown) throws(DPDKError) in try nicPort.reset(whileDown: whileDown) },
            logger: log.logger)
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("switching-\(getpid())-\(number)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let socket = directory.appendingPathComponent("guest").path
        let links = InMemoryControlLink.makePair()
        let configuration = NetfrontConfiguration(name: name, mac: Traffic.guestMAC, socketPath: socket)
        var wanted = VifConfiguration(
            name: "guest", mac: Traffic.guestMAC, vlan: options.vlan, socketPath: socket, acceleration: false)
        if options.isAttached {
            let pool = try PoolBox("\(name)-guest")
            let other = try PoolMap(interfacePools[0].pool.handle)
            let rings = try GuestRings(name: name, depth: 1024, map: try PoolMap(pool.pool.handle), other: other)
            wanted.attachment = AttachmentConfiguration(
                terms: AttachTerms(
                    mac: wanted.mac, filePrefix: "none", lcores: [1], devices: [], rings: name, ringDepth: 1024,
                    mempool: pool.pool.name, softQueue: nil),
                rings: rings,
                virtualInterface: AttachedVirtualInterface(
                    map: other, queue: FirstQueue(nic: nic, refusesStop: options.refusesQueueStop)),
                answerLimitMilliseconds: 60_000)
            vif = try netback.addVif(wanted, link: nil)
            let connection = try HostConnection(path: socket)
            let terms = try connection.terms(limitMilliseconds: 60_000)
            netfront = try Netfront(
                attached: configuration, rings: GuestRingNames(guest: terms.rings, depth: Int(terms.ringDepth)),
                pool: pool.pool.handle, link: connection.link, group: group, logger: log.logger)
            connection.begin()
            attached = (connection, pool)
        } else {
            let backendLink: any ControlLink = options.isRemote ? try RemoteGuestLink(path: socket + ".link") : links.backend
            let frontendLink: any ControlLink = options.isRemote ? RemoteHostLink(path: socket + ".link") : links.frontend
            vif = try netback.addVif(wanted, link: backendLink)
            netfront = try Netfront(configuration, link: frontendLink, group: group, logger: log.logger)
            attached = nil
        }
        let ofGuest = TrafficCounters(flows: options.flows)
        let ofStations = TrafficCounters(flows: options.flows)
        guest = try Endpoint(
            .guest(netfront.guest), flows: options.flows, counters: ofGuest, peer: ofStations, name: "\(name)-g",
            isUDP: options.isUDP, window: options.window)
        stations = try Endpoint(
            .wire(cable.stationsEnd, cable.pool.handle), flows: options.flows, counters: ofStations, peer: ofGuest,
            name: "\(name)-s", vlan: options.vlan, isUDP: options.isUDP, window: options.window)
        // Frames that come before would find nobody: librte_vhost says on a thread of its own that a guest is there.
        try attached?.connection.awaitAdmission(limitMilliseconds: 60_000)
        try wait("the guest") { netback.vifs.first { $0.id == vif }?.isConnected == true }
        group.add(stations.poller, toLoop: 0)
        group.add(guest.poller, toLoop: side)
        if options.loadsPlugins {
            try loadFrontend()
            try loadBackend()
        }
    }

    // MARK: Plugins

    func loadFrontend() throws {
        let plugin = frontendPlugin ?? AcceleratedFrontendPlugin()
        frontendPlugin = plugin
        try unsafe netfront.loadPlugin(plugin.hooks)
    }

    func loadBackend() throws {
        if backendPlugin == nil { backendPlugin = AcceleratedBackendPlugin(try makeBackend()) }
        guard let backendPlugin else { return }
        backend = backendPlugin.backend
        try unsafe netback.loadPlugin(backendPlugin.hooks)
    }

    /// The port's VIs, and one in software.
    private func makeBackend() throws -> AcceleratedBackend {
        let software = try SoftwareVirtualInterfaces(
            name: "s\(number)v", count: 1, uplink: nic.port, mempool: "sw\(number)-guest")
        self.software = software
        let memif = directory.appendingPathComponent("guest.vi").path
        var interfaces = interfacePools.enumerated().map { index, box in
            let pair = QueuePair(
                port: nic.port, receiveQueue: UInt16(index + 1), transmitQueue: UInt16(index + 1), transmitDescriptors: 1024)
            let export = MemifExport(interface: pair, pool: hostPool.handle, group: group, loop: 0, logger: log.logger) { _ in
                MemifExport.Place(path: memif) {}
            }
            return VirtualInterface(queuePair: pair, mempool: box.pool.name, export: options.isRemote ? export : nil)
        }
        interfaces += software.virtualInterfaces
        var configuration = AcceleratedBackendConfiguration()
        configuration.forms = options.forms
        configuration.flows = options.flowSteering
        // A machine that is short of processors is no peer that does not answer.
        if !options.hasDefaultLimits {
            configuration.limits.offer = 30_000_000_000
            configuration.limits.open = 30_000_000_000
            configuration.limits.fence = 30_000_000_000
            configuration.limits.drain = 30_000_000_000
            configuration.limits.close = 30_000_000_000
        }
        return try AcceleratedBackend(
            configuration: configuration, port: nic.port, virtualInterfaces: interfaces, logger: log.logger)
    }

    // MARK: The end

    /// Runs a test on a rig of its own, alone, and checks at the end that every pool got all of its mbufs back.
    static func run(_ options: Options = Options(), _ body: (SwitchingRig) throws -> Void) throws {
        try EALFixture.exclusively {
            let rig = try SwitchingRig(options)
            defer { rig.end() }
            try body(rig)
            rig.end()
            var inUse = [
                "wire": rig.cable.pool.handle.inUse, "host": rig.hostPool.handle.inUse, "guest": rig.netfront.mbufsInUse,
            ]
            for box in rig.interfacePools { inUse[box.pool.name] = box.pool.handle.inUse }
            #expect(inUse.values.allSatisfy { $0 == 0 }, "mbufs leaked: \(inUse)")
        }
    }

    /// The guest gets no time on its lcore while `body` runs.
    func withGuestStandingStill(_ body: () throws -> Void) rethrows {
        #expect(unsafe group.remove(context: guest.context))
        defer { group.add(guest.poller, toLoop: options.lcores - 1) }
        try body()
    }

    /// Takes the guest's application off its lcore at once.
    func stopGuest() {
        guard isGuestRunning else { return }
        isGuestRunning = false
        #expect(unsafe group.remove(context: guest.context))
        guest.discard()
    }

    private func closeGuest() {
        if hasGuestLeft { return }
        if isGuestRunning { netfront.shutDown() }
        stopGuest()
        netfront.close()
    }

    /// The attached guest, if it is one, ends, and what it held is taken back.
    func leaveGuest() throws {
        closeGuest()
        guard let attached, !hasGuestLeft else { return }
        hasGuestLeft = true
        attached.connection.close()
        try wait("the dead guest's pool") { netback.vifs.first?.attachment?.reclaimed == 1 }
    }

    /// Another guest takes the attached one's place while `body` runs; it polls nothing.
    func withNextGuest(_ body: (HostConnection) throws -> Void) throws {
        let box = try #require(attached?.pool)
        let socket = directory.appendingPathComponent("guest").path
        let connection = try HostConnection(path: socket)
        let terms = try connection.terms(limitMilliseconds: 60_000)
        let next = try Netfront(
            attached: NetfrontConfiguration(name: "sw\(number)", mac: Traffic.guestMAC, socketPath: socket),
            rings: GuestRingNames(guest: terms.rings, depth: Int(terms.ringDepth)), pool: box.pool.handle, link: connection.link,
            group: group, logger: log.logger)
        let plugin = AcceleratedFrontendPlugin()
        defer {
            next.close()
            connection.close()
            withExtendedLifetime(plugin) {}
        }
        try unsafe next.loadPlugin(plugin.hooks)
        connection.begin()
        try connection.awaitAdmission(limitMilliseconds: 60_000)
        try body(connection)
    }

    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        closeGuest()
        try? netback.unloadPlugin()
        try? leaveGuest()
        try? netback.removeVif(vif)
        netback.stop()
        _ = unsafe group.remove(context: stations.context)
        stations.discard()
        _ = unsafe group.remove(context: nic.poller.context)
        group.stop()
        backendPlugin = nil
        backend = nil
        frontendPlugin = nil
        software = nil
        nicPort.close()
        nic.close()
        cable.close()
        try? FileManager.default.removeItem(at: directory)
    }
}
