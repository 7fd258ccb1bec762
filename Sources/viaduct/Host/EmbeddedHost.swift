// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import AcceleratedFrontend
import Acceleration
import Control
import DPDK
import Dataplane
import DummyAccelerator
import EventLog
import Foundation
import Logging
import Netback
import Netfront
import PluginFolder
import SoftNIC
import Wire

/// A host and its guests in one process: the uplink (as a rule a NIC in software and its wire), netback with a vif for each guest, and
/// their netfronts, joined to the plugins. Needs neither root nor hugepages.
final class EmbeddedHost: GuestHost, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): built by init, taken down by stop(), in between nothing changes.
    struct Configuration: Sendable {
        var settings = HostSettings()
        var guestMAC: MACAddress
        /// IP addresses that nobody but the first guest has on the uplink.
        var guestAddresses: [IPAddress] = []
        /// Guests; each has the MAC behind the last one's.
        var guestCount = 1
        var wire = WireSide.ring
        /// A port to use as it is, in place of the NIC in software and its wire.
        var uplinkDevice: String?
        /// Queue pairs of the uplink beside the default one.
        var virtualInterfaces = 2
        var accelerationWanted = false
        /// Takes what a plugin says, a line at a time.
        var pluginOutput: @Sendable (String) -> Void = { _ in }

        func mac(ofGuest index: Int) -> MACAddress { MACAddress(rawValue: guestMAC.rawValue + UInt64(index)) }

        var uplink: UplinkChoice {
            uplinkDevice.map(UplinkChoice.device) ?? .softNIC(settings.nic, wire: wire, seed: settings.seed)
        }
    }

    let configuration: Configuration
    let group: PollGroup
    /// At least one.
    let guests: [EmbeddedGuest]
    let wirePool: MempoolHandle
    private let logger: Logger
    private let sockets: SocketFolder
    private let pools: HostPools
    private let uplink: HostUplink
    private let netback: Netback
    private var softwareInterfaces: SoftwareVirtualInterfaces?
    private var backendPlugin: AcceleratedBackendPlugin?
    private var dummy: DummyAccelerator?
    private let pluginFile: PluginFile?

    /// Starts everything, the EAL first. What was started is taken down again when something fails.
    init(_ configuration: Configuration, logger: Logger) throws(HostError) {
        self.configuration = configuration
        self.logger = logger
        // First of all: a name that is wrong costs no start, and the libraries of a plugin come before the EAL looks around.
        pluginFile = try Self.loadPluginFile(configuration)
        sockets = try SocketFolder()
        do {
            try Self.startEAL(configuration, runtimeFolder: sockets.path)
            group = try PollGroup(lcores: LcoreID.workers, idle: .adaptive)
            pools = try HostPools(virtualInterfaces: configuration.virtualInterfaces, guests: configuration.guestCount)
            wirePool = pools.wire.handle
            uplink = try HostUplink(
                configuration.uplink, virtualInterfaces: configuration.virtualInterfaces,
                allowsPools: configuration.settings.allowsPools, pools: pools, group: group,
                nicLoop: configuration.settings.lcores.loop(for: .nic))
            let uplink = uplink
            netback = try Netback(
                NetbackConfiguration(name: "host0"),
                uplink: QueuePair(port: uplink.port, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: 1024),
                pool: pools.host.handle, group: group, loop: configuration.settings.lcores.loop(for: .netback),
                resetPort: { (whileDown) throws(DPDKError) in try uplink.reset(whileDown: whileDown) }, logger: logger)
            let (netback, folder, group) = (netback, sockets.path, group)
            guests = try (0..<configuration.guestCount).map { index in
                try EmbeddedGuest(index, of: configuration, netback: netback, socketFolder: folder, group: group, logger: logger)
            }
        } catch {
            throw HostError("\(error)")
        }
        do {
            try awaitGuests()
            try loadPlugins()
        } catch {
            _ = stop()
            throw HostError("\(error)")
        }
    }

    private static func startEAL(_ configuration: Configuration, runtimeFolder: String) throws {
        // The EAL wants a folder of its own even where it puts nothing there; an ordinary user may not make its default one.
        if geteuid() != 0 { unsafe setenv("XDG_RUNTIME_DIR", runtimeFolder, 1) }
        try DPDKLog.capture()
        let cpus = Processors.allowed
        // The lcores may run on any CPU: bound to one they would wait behind whatever else the machine runs there.
        try EAL.start(
            EALConfiguration(
                workers: Array(repeating: cpus, count: configuration.settings.lcores.lcoreCount),
                memory: .preferred(
                    megabytes: HostPools.megabytes(
                        virtualInterfaces: configuration.virtualInterfaces, guests: configuration.guestCount)),
                usesPCI: configuration.uplink.pciAddress != nil,
                extraArguments: configuration.uplink.pciAddress.map { ["-a", $0] } ?? []))
    }

    private static func loadPluginFile(_ configuration: Configuration) throws(HostError) -> PluginFile? {
        guard case .file(let name) = configuration.settings.plugin else { return nil }
        guard let folder = configuration.settings.pluginFolder else {
            throw HostError("plugin \(name) needs --plugin-folder: name it")
        }
        do throws(PluginFolderError) {
            return try PluginFolder(path: folder).load(name)
        } catch {
            throw HostError("\(error)")
        }
    }

    /// librte_vhost says on a thread of its own that a guest is there, and frames that come before that find nobody.
    private func awaitGuests() throws(HostError) {
        let end = DispatchTime.now() + .seconds(30)
        while !netback.vifs.allSatisfy(\.isConnected) {
            guard DispatchTime.now() < end else { throw HostError("netback does not see its guest: try again") }
            Thread.sleep(forTimeInterval: 0.001)
        }
    }

    private func loadPlugins() throws {
        switch configuration.settings.plugin {
        case .none: break
        case .accelerated:
            var settings = AcceleratedBackendConfiguration()
            settings.flows.addresses = [configuration.guestMAC: configuration.guestAddresses]
            if let rules = configuration.settings.rules { settings.quotas.vif.rules = rules }
            let backend = try AcceleratedBackend(
                configuration: settings, port: uplink.port, virtualInterfaces: try interfaces(),
                logger: logger)
            let backendPlugin = AcceleratedBackendPlugin(backend)
            self.backendPlugin = backendPlugin
            for guest in guests { try unsafe guest.netfront.loadPlugin(guest.plugin.hooks) }
            try unsafe netback.loadPlugin(backendPlugin.hooks)
        case .dummy:
            let dummy = DummyAccelerator(sink: configuration.pluginOutput)
            self.dummy = dummy
            try unsafe netfront.loadPlugin(dummy.frontendHooks)
            try unsafe netback.loadPlugin(dummy.backendHooks)
        case .file:
            // The half that the file lacks stays empty.
            if let hooks = unsafe pluginFile?.frontendHooks { try unsafe netfront.loadPlugin(hooks) }
            if let hooks = unsafe pluginFile?.backendHooks { try unsafe netback.loadPlugin(hooks) }
        }
    }

    /// The port's queue pairs, and VIs in software for when the port steers nothing.
    private func interfaces() throws -> [VirtualInterface] {
        var interfaces = uplink.layout.places.enumerated().map { index, place in
            VirtualInterface(
                queuePair: QueuePair(
                    port: uplink.port, receiveQueue: place.queue, transmitQueue: place.queue, transmitDescriptors: 1024),
                mempool: pools.name(virtualInterface: index), pool: place.pool)
        }
        let software = try SoftwareVirtualInterfaces(
            count: guests.count, uplink: uplink.port, mempool: "\(EmbeddedGuest.name(0))-guest")
        softwareInterfaces = software
        interfaces += software.virtualInterfaces
        return interfaces
    }

    // MARK: While it runs

    /// The first guest's.
    var netfront: Netfront { guests[0].netfront }
    private var vif: UInt32 { guests[0].vif }

    /// The NIC in software, if the uplink is one.
    var nic: SoftNIC? { uplink.nic }
    var port: PortStatus { netback.port }
    /// Queue pairs of the port that somebody polls: the default one's, and the VIs'.
    var queues: [Int] { [0] + uplink.layout.places.map { Int($0.queue) } }
    /// What the switch counted, whatever it is.
    var switchCounters: [String: UInt64] { netback.counters }
    /// In the order of the guests.
    var vifs: [VifStatus] { netback.vifs }
    /// Of the VIs in software.
    var softwareCounts: SoftwareVirtualInterfaceCounts { softwareInterfaces?.counts ?? SoftwareVirtualInterfaceCounts() }

    /// The remote host's end of a ring wire.
    var wirePeer: QueuePair? { uplink.wirePeer }

    func loop(for role: HostRole) -> Int { configuration.settings.lcores.loop(for: role) }

    func setAcceleration(_ wanted: Bool) { netback.setAcceleration(wanted, vif: vif) }
    func setAcceleration(_ wanted: Bool, of guest: EmbeddedGuest) { netback.setAcceleration(wanted, vif: guest.vif) }

    /// The host's view: state, form and reason.
    var backendStatus: AccelerationStatus {
        netback.vifs.first { $0.id == vif }?.acceleration ?? AccelerationStatus()
    }

    /// How the guest's frames come to its VI, and what else was tried; nil without a plugin of that kind.
    var steering: SteeringReport? { backendPlugin?.backend.steering(vif: vif) }

    /// The guest's flows that are steered one by one; nil while none of that is in use.
    var flowReport: FlowReport? { backendPlugin?.backend.flows(vif: vif) }

    /// Every counter of the switch, of the vif and of the uplink's port that is not zero, for status.
    var hostCounters: [String: UInt64] {
        var all = netback.counters
        for vif in netback.vifs {
            let prefix = guests.count == 1 ? "vif" : vif.name
            for (name, value) in vif.counters { all["\(prefix).\(name)"] = value }
        }
        if let nic = try? uplink.port.statistics {
            all["nic.received"] = nic.receivedPackets
            all["nic.transmitted"] = nic.transmittedPackets
            all["nic.missed"] = nic.receiveMissed
            all["nic.noMbuf"] = nic.receiveNoMbuf
            all["nic.receiveErrors"] = nic.receiveErrors
            all["nic.transmitErrors"] = nic.transmitErrors
        }
        return all.filter { $0.value > 0 }
    }

    // MARK: The end

    /// Takes everything down, in the order of use reversed. The guests' applications must be off their lcores.
    ///
    /// - Returns: mbufs that are still in use in any pool.
    func stop() -> Int {
        dummy?.report()
        for guest in guests {
            do {
                try guest.netfront.unloadPlugin()
            } catch { logger.log(DaemonEvent.hostNotTakenDown, ["reason": "\(error)"]) }
            guest.netfront.close()
        }
        do {
            if configuration.settings.plugin != .none { try netback.unloadPlugin() }
            for guest in guests { try netback.removeVif(guest.vif) }
        } catch { logger.log(DaemonEvent.hostNotTakenDown, ["reason": "\(error)"]) }
        netback.stop()
        backendPlugin = nil
        softwareInterfaces = nil
        uplink.close()
        group.stop()
        sockets.remove()
        return guests.reduce(pools.inUse) { $0 + $1.netfront.mbufsInUse }
    }
}
