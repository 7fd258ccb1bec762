// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import EventLog
import Foundation
import Logging
import Wire

/// Everything of a netback that does not poll. Its lock is held during a plugin's hooks; what such a hook may call
/// (``PluginHost``) and what librte_vhost's thread calls (``Vif``) never takes it.
@safe
final class ControlPlane: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the variables are guarded by the lock.
    static let linkCheckTicks = 100

    let configuration: NetbackConfiguration
    let uplink: QueuePair
    let pool: MempoolHandle
    let group: PollGroup
    let logger: Logger
    let lock = NSLock()
    /// Held, around `lock`, by whoever changes something: an operation may let go of `lock` and wait for ticks to do their work.
    private let operations = NSLock()

    let totals = CounterRow.makeBlock()
    let channel: CommandChannel
    let eventRing: WordRing
    let directory: VifDirectory
    let host: PluginHost
    let commandsTaken: SharedWord
    let hotHooks: SharedWord
    /// The lane's alone: what another lcore does, or does not do, is no concern of a plugin's.
    let laneQuiescence: Quiescence
    let vifLanes: VifLanes
    let lane: UnsafeMutablePointer<NetbackLane>
    let snapshotBuffer: UnsafeMutablePointer<UInt64>

    var isStopped = false
    var vifs: [UInt32: Vif] = [:]
    var slots: [UInt32?]
    var nextID: UInt32 = 1
    var plugin: LoadedPlugin?
    var localAddresses = LocalAddresses()
    var wantsSnapshot = false
    var ticks = 0
    var wasLinkUp: Bool?
    /// Whether the link is looked at in this tick.
    var wantsLinkCheck = false
    var portLife = PortLife()
    let portInbox = PortEventInbox()
    private var portEvents: PortEvents?
    let resetPort: Netback.PortReset?

    init(
        _ configuration: NetbackConfiguration, uplink: QueuePair, pool: MempoolHandle, group: PollGroup, loop: Int,
        resetPort: Netback.PortReset?, logger: Logger
    ) throws(NetbackError) {
        try configuration.validate()
        self.configuration = configuration
        self.uplink = uplink
        self.pool = pool
        self.group = group
        self.resetPort = resetPort
        self.logger = logger
        slots = Array(repeating: nil, count: configuration.maximumVifs)
        let made = try Self.makeRings(configuration)
        do throws(DPDKError) { laneQuiescence = try Quiescence(readers: 1) } catch { throw .dpdk(error) }
        commandsTaken = .allocate()
        hotHooks = .allocate()
        channel = CommandChannel(made.commands, taken: commandsTaken)
        eventRing = made.events
        directory = VifDirectory(channel)
        host = PluginHost(directory)
        vifLanes = VifLanes.allocate(capacity: configuration.maximumVifs)
        let words = AddressSnapshot.wordCount(configuration.maximumLocalAddresses)
        unsafe snapshotBuffer = .allocate(capacity: words)
        unsafe snapshotBuffer.initialize(repeating: 0, count: words)
        unsafe snapshotBuffer[0] = UInt64(configuration.maximumLocalAddresses)
        unsafe lane = .allocate(capacity: 1)
        do throws(DPDKError) {
            let new = try NetbackLane(
                configuration, uplink: uplink, port: try uplink.port.information, pool: pool, totals: CounterRow(totals),
                commands: made.commands.handle,
                events: EventSender(eventRing.handle, maximumVifs: configuration.maximumVifs),
                commandsTaken: commandsTaken, hotHooks: hotHooks, quiescence: laneQuiescence.reader(0), vifs: vifLanes)
            let inbox = portInbox
            portEvents = try PortEvents(uplink.port) { inbox.put($0) }
            unsafe lane.initialize(to: new)
        } catch {
            isStopped = true
            unsafe lane.deallocate()
            freeShared()
            throw .dpdk(error)
        }
        laneQuiescence.reader(0).online()
        unsafe group.add(
            Poller(name: configuration.name, function: netback_poll, context: UnsafeMutableRawPointer(lane)), toLoop: loop)
    }

    private static func makeRings(
        _ configuration: NetbackConfiguration
    ) throws(NetbackError) -> (commands: WordRing, events: WordRing) {
        do throws(DPDKError) {
            let events = EventSender.capacity(maximumVifs: configuration.maximumVifs)
            return (
                try WordRing(name: "nbk-cmd-\(configuration.name)", capacity: 4096),
                try WordRing(name: "nbk-evt-\(configuration.name)", capacity: events)
            )
        } catch {
            throw .dpdk(error)
        }
    }

    private func freeShared() {
        unsafe snapshotBuffer.deallocate()
        vifLanes.deallocate()
        commandsTaken.deallocate()
        hotHooks.deallocate()
    }

    /// Runs `body`, one operation at a time, unless this netback was stopped.
    func operate<Result>(_ body: () throws(NetbackError) -> Result) throws(NetbackError) -> Result {
        operations.lock()
        defer { operations.unlock() }
        if lock.withLock({ isStopped }) { throw .stopped }
        return try body()
    }

    /// Begins an operation, unless another one is under way; to be ended with ``endOperation()``.
    func tryOperation() -> Bool { operations.try() }
    func endOperation() { operations.unlock() }

    /// Runs `body` under the lock.
    func locked<Result>(_ body: () throws(NetbackError) -> Result) throws(NetbackError) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }

    /// Ends all service. Mbufs that wait are freed and counted; sockets are gone when this returns.
    ///
    /// - Note: what a stuck poll loop may still touch is leaked.
    func stop() {
        try? operate { () throws(NetbackError) in
            try? unloadPluginInOperation()
            try locked { () throws(NetbackError) in stopLocked() }
        }
    }

    private func stopLocked() {
        isStopped = true
        portEvents = nil
        hotHooks.store(0)
        for vif in vifs.values {
            directory.remove(vif.id)
            vif.socket = nil
            vif.attached?.close()
        }
        guard unsafe group.remove(context: UnsafeMutableRawPointer(lane)) else {
            logger.log(NetbackEvent.loopSilent, ["netback": "\(configuration.name)"])
            Leaked.keep(self)
            return
        }
        unsafe lane.pointee.shutDown()
        unsafe lane.deinitialize(count: 1)
        unsafe lane.deallocate()
        for vif in vifs.values { vif.free() }
        vifs = [:]
        freeShared()
    }

    /// Once a millisecond, on the control thread.
    func tick() {
        let isResetDue = lock.withLock {
            guard !isStopped else { return false }
            drainEvents()
            tickAttached()
            endLostGuests()
            let isResetDue = followPort()
            tellGuestChanges()
            readLinks()
            if wantsSnapshot { requestSnapshot() }
            ticks += 1
            // Not every driver tells of its link.
            if wantsLinkCheck || ticks % Self.linkCheckTicks == 0 { checkUplink() }
            plugin?.tick(now: DispatchTime.now().uptimeNanoseconds)
            return isResetDue
        }
        // Everybody else's operations are kept out only for that.
        if isResetDue { resetPortIfDue() }
    }
}
