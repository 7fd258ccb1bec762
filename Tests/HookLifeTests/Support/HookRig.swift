// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import AcceleratedFrontend
import Acceleration
import DPDK
import Dataplane
import Foundation
import Netback
import Netfront
import PluginFolder
import SoftNIC
import TestSupport
import Testing
import Wire

/// A host with a guest or two and everything between them, with frames under way in both directions all the time: stations on the
/// wire, NIC in software, netback, netfronts. Plugins come and go as a test wants.
final class HookRig {
    /// Which lcore does what.
    enum Plan: Sendable {
        /// Wire and NIC on one, netback and guests on the other.
        case split
        /// Netback on one, all else on the other.
        case netbackAlone
        /// The first guest on one, all else on the other.
        case guestAlone
        case single

        var lcores: Int { self == .single ? 1 : 2 }
        var netback: Int { self == .split ? 1 : 0 }
        var wire: Int { self == .netbackAlone ? 1 : 0 }
        var guest: Int { self == .single ? 0 : 1 }
        var bystander: Int { self == .guestAlone ? 0 : guest }
    }

    struct Options: Sendable {
        var plan = Plan.split
        var form = SteeringForm.destinationMAC
        var guests = 1
        /// Loaded into netback before there is a vif, and into the guest's device before anything flows.
        var early: (@Sendable (HookRig) throws -> Void)?
        /// The time after which a poll loop counts as stuck.
        var stuckAfterMilliseconds = 5000
        var limits = AccelerationLimits()
    }

    final class Guest {
        let vif: UInt32
        let netfront: Netfront
        let application: Endpoint

        init(_ vif: UInt32, _ netfront: Netfront, _ application: Endpoint) {
            self.vif = vif
            self.netfront = netfront
            self.application = application
        }
    }

    final class PoolBox: Sendable {
        let pool: Mempool
        init(_ name: String) throws { pool = try Mempool(name: name, count: 8191) }
    }

    static let virtualInterfaces = 2

    let options: Options
    let name: String
    let group: PollGroup
    let cable: WireCable
    let hostPool: Mempool
    let interfacePools: [PoolBox]
    let nic: SoftNIC
    private var nicPort: DPDK.Port?
    let netback: Netback
    let directory: URL
    let ofGuests: TrafficCounters
    let stations: Endpoint
    private(set) var guests: [Guest] = []
    let log = LogBook()
    /// Plugins that do the work, for watched ones to be put around.
    let accelerated: AcceleratedPlugins
    private let shelf: PluginShelf
    private var watched: [WatchedPlugin] = []
    private var hasEnded = false

    nonisolated(unsafe) private static var last = 0

    private init(_ options: Options) throws {
        self.options = options
        // SAFETY: rigs are made inside EALFixture's gate, one at a time.
        unsafe Self.last += 1
        let number = unsafe Self.last
        name = "hk\(number)"
        shelf = try PluginShelf()
        group = try PollGroup(
            lcores: Array(LcoreID.workers.prefix(options.plan.lcores)), idle: .adaptive,
            stuckAfterMilliseconds: options.stuckAfterMilliseconds)
        cable = try WireCable(name: name)
        hostPool = try Mempool(name: "\(name)-host", count: 16383)
        let name = name
        interfacePools = try (1...Self.virtualInterfaces).map { try PoolBox("\(name)-vi\($0)") }
        nic = try SoftNIC(
            SoftNICConfiguration(name: name, queuePairs: 1 + Self.virtualInterfaces, seed: UInt64(number)),
            wire: cable.nicEnd, wirePool: cable.pool.handle)
        let pools = [hostPool.handle] + interfacePools.map { $0.pool.handle }
        nicPort = try DPDK.Port(starting: nic.port, queues: DPDK.Port.Queues(pairs: pools.count)) { pools[$0] }
        group.add(nic.poller, toLoop: options.plan.wire)
        netback = try Netback(
            NetbackConfiguration(name: name),
            uplink: QueuePair(port: nic.port, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: 1024),
            pool: hostPool.handle, group: group, loop: options.plan.netback, logger: log.logger)
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("hooks-\(getpid())-\(number)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let flows = options.guests * Traffic.flowsOfGuest
        ofGuests = TrafficCounters(flows: flows)
        let ofStations = TrafficCounters(flows: flows)
        stations = Endpoint(
            .wire(cable.stationsEnd, cable.pool.handle), flows: 0..<flows, counters: ofStations, peer: ofGuests)
        accelerated = try AcceleratedPlugins(
            name: name, nic: nic, pools: interfacePools, anyPool: "\(name)-host", form: options.form,
            limits: options.limits, logger: log.logger)
        group.add(stations.poller, toLoop: options.plan.wire)
        try options.early?(self)
        for number in 0..<options.guests { try addGuest(number) }
    }

    private func addGuest(_ number: Int) throws {
        let socket = directory.appendingPathComponent("guest\(number)").path
        let links = InMemoryControlLink.makePair()
        let vif = try netback.addVif(
            VifConfiguration(
                name: "guest\(number)", mac: Traffic.guest(number), socketPath: socket, acceleration: number == 0),
            link: links.backend)
        let netfront = try Netfront(
            NetfrontConfiguration(
                name: "\(name)g\(number)", mac: Traffic.guest(number), socketPath: socket, limits: options.limits),
            link: links.frontend, group: group, logger: log.logger)
        let application = Endpoint(
            .guest(netfront.guest), flows: Traffic.flows(ofGuest: number), counters: ofGuests, peer: stations.counters)
        guests.append(Guest(vif, netfront, application))
        // Frames that come before would find nobody: librte_vhost says on a thread of its own that a guest is there.
        try wait("the guest") { netback.vifs.first { $0.id == vif }?.isConnected == true }
        group.add(application.poller, toLoop: number == 0 ? options.plan.guest : options.plan.bystander)
    }

    /// The one whose plugins come and go.
    var guest: Guest { guests[0] }
    var netfront: Netfront { guest.netfront }
    var endpoints: [Endpoint] { guests.map(\.application) + [stations] }

    /// A plugin of its own file, around the accelerated ones unless it shall accelerate nothing.
    func makeWatched(_ words: String = "", accelerates: Bool = true) throws -> WatchedPlugin {
        let plugin = try WatchedPlugin(shelf, as: "\(name)-\(watched.count)\(words)")
        if accelerates {
            unsafe plugin.wrap(accelerated.backendHooks)
            unsafe plugin.wrap(accelerated.frontendHooks)
        }
        watched.append(plugin)
        return plugin
    }

    /// The folder that holds them.
    var pluginShelf: PluginShelf { shelf }

    // MARK: The end

    /// Runs a test on a rig of its own, alone, with traffic in both directions, and checks at the end that no plugin was called too
    /// late or in a wrong company, and that every pool got all of its mbufs back.
    static func run(_ options: Options = Options(), _ body: (HookRig) throws -> Void) throws {
        try EALFixture.exclusively {
            let rig = try HookRig(options)
            defer { rig.end() }
            rig.startTraffic()
            try rig.passTraffic(50)
            try body(rig)
            rig.end()
            for plugin in rig.watched {
                #expect(plugin.lateCalls == 0, "\(plugin.file.name) was called after its end")
                #expect(plugin.overlaps == 0, "hooks of \(plugin.file.name) met")
            }
            var inUse = ["wire": rig.cable.pool.handle.inUse, "host": rig.hostPool.handle.inUse]
            for guest in rig.guests { inUse[guest.netfront.configuration.name] = guest.netfront.mbufsInUse }
            for box in rig.interfacePools { inUse[box.pool.name] = box.pool.handle.inUse }
            #expect(inUse.values.allSatisfy { $0 == 0 }, "mbufs leaked: \(inUse)")
        }
    }

    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        // Whatever a failed test left blocked must not keep the lcores.
        for plugin in watched {
            for hook in WatchedPlugin.Hook.allCases { plugin.block(hook, false) }
        }
        for guest in guests {
            guest.application.setAsleep(false)
            guest.netfront.shutDown()
            #expect(unsafe group.remove(context: guest.application.context))
            guest.application.discard()
            guest.netfront.close()
        }
        try? netback.unloadPlugin()
        for guest in guests { try? netback.removeVif(guest.vif) }
        netback.stop()
        _ = unsafe group.remove(context: stations.context)
        stations.discard()
        _ = unsafe group.remove(context: nic.poller.context)
        group.stop()
        accelerated.end()
        nicPort = nil
        nic.close()
        cable.close()
        try? FileManager.default.removeItem(at: directory)
    }
}
