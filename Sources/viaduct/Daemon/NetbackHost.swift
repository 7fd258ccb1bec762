// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import Control
import DPDK
import Dataplane
import EventLog
import Foundation
import Logging
import Netback
import PluginFolder

/// An uplink and a netback that serves guests in virtual machines and in attached processes, as a configuration says.
///
/// All memory for attached guests is allocated at the start; other vifs come and go.
final class NetbackHost: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): `configuration` and `vifIDs` are guarded by `lock`, which is held for moments only; what changes them
    // holds `operations` from its begin to its end. Everything else is built by init and taken down by stop().
    private let lock = NSLock()
    let operations = NSLock()
    private var configuration: DaemonConfiguration
    private var vifIDs: [String: UInt32] = [:]

    let netback: Netback
    let uplink: HostUplink
    let levels: LogLevelSwitch
    let logger: Logger
    let startTime = DispatchTime.now()
    /// By the vif's name.
    let attachedGuests: [String: AttachedGuestMemory]
    let pools: HostPools
    private let group: PollGroup
    private let dpdkLog: DPDKLogReader
    let plugin: BackendPlugin
    let exportPlaces: ExportPlaces
    /// The EAL's, where this process may not make its default one.
    private let runtimeFolder: SocketFolder?
    private var isCaptured = false
    private var isStopped = false

    static let descriptors: UInt16 = 1024
    static let ringDepth = 1024
    /// librte_telemetry's name for it.
    private static let telemetrySocket = "dpdk_telemetry.v2"

    /// Starts everything, the EAL first, with every vif. What was started is taken down again when something fails.
    init(_ configuration: DaemonConfiguration, levels: LogLevelSwitch, logger: Logger) throws {
        var running = configuration
        running.vifs = []
        self.configuration = running
        self.levels = levels
        self.logger = logger
        // First of all: a name that is wrong costs no start, and the libraries of a plugin come before the EAL looks around.
        let file = try BackendPlugin.loadFile(configuration.plugin)
        for vif in configuration.vifs where vif.socketMode == .server { try SocketPath.prepare(vif.socketPath) }
        let longest = "/dpdk/\(SharedMemoryFiles.ownPrefix)/\(Self.telemetrySocket)".utf8.count
        runtimeFolder = geteuid() == 0 ? nil : try SocketFolder(longest: longest)
        if let runtimeFolder { unsafe setenv("XDG_RUNTIME_DIR", runtimeFolder.path, 1) }
        try HostMemory(configuration).startEAL(configuration)
        dpdkLog = DPDKLogReader(logger)
        group = try PollGroup(lcores: LcoreID.workers, idle: configuration.lcores.idleChoices.map(\.policy))
        let count = configuration.virtualInterfaces
        pools = try HostPools(
            virtualInterfaces: count, hostMbufs: HostMemory(configuration).hostMbufs,
            mtu: configuration.uplink.mtu)
        let attached = configuration.attachedVifs
        var guests: [String: AttachedGuestMemory] = [:]
        for (index, vif) in attached.enumerated() {
            guests[vif.name] = try AttachedGuestMemory(
                vif.name, index: index, mtu: configuration.uplink.mtu,
                virtualInterface: index < count ? pools.handle(virtualInterface: index) : nil)
        }
        attachedGuests = guests
        let uplink = try HostUplink(
            UplinkChoice(configuration.uplink), virtualInterfaces: count, allowsPools: configuration.uplink.allowsPools,
            demands: PortDemands(
                mtu: configuration.uplink.mtu > 0 ? configuration.uplink.mtu : nil,
                usesOffloads: configuration.uplink.offloads),
            pools: pools, group: group, nicLoop: configuration.lcores.plan.loop(for: .nic))
        self.uplink = uplink
        try Self.check(mtu: configuration.uplink.mtu, of: uplink.port)
        // A reset allocates from DPDK's heap, which nobody does once guests may attach.
        let reset: Netback.PortReset = { (whileDown) throws(DPDKError) in try uplink.reset(whileDown: whileDown) }
        netback = try Netback(
            configuration.netback,
            uplink: QueuePair(port: uplink.port, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: Self.descriptors),
            pool: pools.host.handle, group: group, loop: configuration.lcores.plan.loop(for: .netback),
            resetPort: attached.isEmpty ? reset : nil, logger: logger)
        let places = ExportPlaces()
        exportPlaces = places
        let loop = configuration.lcores.plan.loop(for: .nic)
        plugin = try BackendPlugin(
            configuration, file: file, port: uplink.port,
            virtualInterfaces: Self.virtualInterfaces(attached, uplink: uplink, pools: pools) { [pools, group] interface in
                MemifExport(
                    interface: interface, pool: pools.host.handle, group: group, loop: loop, logger: logger, place: places.place)
            }, logger: logger)
        do {
            try plugin.load(into: netback)
            for vif in configuration.vifs { try startVif(vif) }
            if configuration.telemetry { try startTelemetry() }
            if configuration.capture { try startCapture() }
        } catch {
            _ = stop()
            throw error
        }
    }

    /// Each attached guest's own, as far as they go; the others are exported, to whoever wants one.
    private static func virtualInterfaces(
        _ guests: [VifSettings], uplink: HostUplink, pools: HostPools, export: (QueuePair) -> any VirtualInterfaceExport
    ) -> [VirtualInterface] {
        uplink.layout.places.enumerated().map { index, place in
            let pair = QueuePair(
                port: uplink.port, receiveQueue: place.queue, transmitQueue: place.queue, transmitDescriptors: descriptors)
            let owner = index < guests.count ? guests[index].name : nil
            return VirtualInterface(
                queuePair: pair, mempool: pools.name(virtualInterface: index), pool: place.pool, owner: owner,
                export: owner == nil ? export(pair) : nil)
        }
    }

    private static func check(mtu: Int, of port: PortID) throws {
        let information = try port.information
        let has = information.mtu
        guard has > 0, has < mtu, information.driver != "net_af_packet" else { return }
        throw HostError("the uplink's port has an MTU of \(has), not of \(mtu): lower mtu of the uplink, or raise the port's")
    }

    // MARK: What can be seen, by any thread

    /// As it runs: with the vifs that are there.
    var running: DaemonConfiguration { lock.withLock { configuration } }
    func id(of vif: String) -> UInt32? { lock.withLock { vifIDs[vif] } }
    var vifNames: [UInt32: String] { lock.withLock { Dictionary(uniqueKeysWithValues: vifIDs.map { ($1, $0) }) } }
    var backend: AcceleratedBackend? { plugin.backend }
    /// Rounds of each poll loop so far, in the order of the plan.
    var pollLoops: [(lcore: LcoreID, all: UInt64, busy: UInt64)] { group.rounds }
    /// Rounds of each poll loop so far, by its lcore.
    var pollRounds: [LcoreID: UInt64] { Dictionary(uniqueKeysWithValues: pollLoops.map { ($0.lcore, $0.all) }) }

    // MARK: What is told by those who hold `operations`

    func note(_ vif: VifSettings, id: UInt32) {
        lock.withLock {
            vifIDs[vif.name] = id
            if let place = configuration.vifs.firstIndex(where: { $0.name == vif.name }) {
                configuration.vifs[place] = vif
            } else {
                configuration.vifs.append(vif)
            }
        }
    }

    func forget(_ name: String) {
        lock.withLock {
            vifIDs[name] = nil
            configuration.vifs.removeAll { $0.name == name }
        }
        exportPlaces.forget(name)
    }

    func note(logLevel: Logger.Level) {
        levels.level = logLevel
        lock.withLock { configuration.logLevel = logLevel }
    }

    private func startTelemetry() throws {
        try TelemetryService(self).start()
        logger.log(DaemonEvent.telemetryServed, ["socket": "\(EAL.runtimeFolder)/\(Self.telemetrySocket)"])
    }

    private func startCapture() throws {
        try PacketCapture.serve()
        isCaptured = true
        logger.log(DaemonEvent.captureServed, ["file-prefix": "\(SharedMemoryFiles.ownPrefix)"])
    }

    // MARK: The end

    /// What guests have for the way back from their VIs when the daemon ends: one that is flooded, or stands still, does not hold it up.
    private static let withdrawalMilliseconds = 1000

    /// Sends the guests away and takes everything down.
    ///
    /// - Returns: mbufs of the host's own pools that are still in use.
    func stop() -> Int {
        operations.lock()
        defer { operations.unlock() }
        guard !isStopped else { return 0 }
        isStopped = true
        Telemetry.withdraw()
        if isCaptured { PacketCapture.withdraw() }
        do throws(NetbackError) {
            try netback.unloadPlugin(within: Self.withdrawalMilliseconds)
        } catch {
            if error != .noPlugin { logger.log(DaemonEvent.pluginNotUnloaded, ["reason": "\(error)"]) }
        }
        netback.stop()
        uplink.close()
        group.stop()
        dpdkLog.stop(logger)
        SharedMemoryFiles.clean(own: true)
        runtimeFolder?.remove()
        return pools.ownInUse
    }
}

extension IdleChoice {
    var policy: IdlePolicy {
        switch self {
        case .busyPoll: .busyPoll
        case .adaptive: .adaptive
        case .sleep: .sleepy
        }
    }
}

extension DaemonConfiguration {
    /// Of the one netback.
    var netback: NetbackConfiguration {
        var netback = NetbackConfiguration(
            name: "host0", maximumVifs: switching.maximumVifs, fdbCapacity: switching.fdbCapacity,
            fdbAgeSeconds: switching.fdbAgeSeconds, holdCapacity: switching.hold,
            uplinkReceiveRing: Int(NetbackHost.descriptors), uplinkTransmitRing: Int(NetbackHost.descriptors))
        netback.uplinkMTU = uplink.mtu > 0 ? uplink.mtu : nil
        return netback
    }
}
