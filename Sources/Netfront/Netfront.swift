// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
import CViaductAccel
public import DPDK
public import Dataplane
import Foundation
public import Logging
import Wire

/// The control side of a guest's network device: its slow path over virtio_user, the plugin that accelerates it, and the
/// conversation with the host about both.
///
/// Callable from any thread that does not poll.
@safe
public final class Netfront: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): everything mutable is guarded by `lock`; the device belongs to its lcore.
    public let configuration: NetfrontConfiguration
    let device: UnsafeMutablePointer<GuestDevice>
    let counterBlock: CounterBlock
    let commandRing: WordRing
    let eventRing: WordRing
    let group: PollGroup
    let link: any ControlLink
    let logger: Logger
    let lock = NSLock()
    let pool: MempoolHandle
    /// The pool, the port behind the slow path, unless they are shared with the host.
    private let ownPool: Mempool?
    private var port: DPDK.Port?
    private let rings: SharedSlowPath?
    private var isOpen = true
    private var thread: ControlThread?

    // Guarded by `lock`.
    var machine: FrontendMachine
    var outbox = ControlOutbox()
    var plugin: LoadedPlugin?
    /// A plugin one of whose hooks did not return. It is never called again; what a lcore may be in stays.
    var stuckPlugin: LoadedPlugin?
    var localAddresses: UnsafeMutablePointer<LocalAddressSet>?
    var switches = SwitchLog()
    var retired = viaduct_path_statistics()
    var ledger = FlowLedger()
    var status: AccelerationStatus {
        guard let stuckPlugin else { return AccelerationStatus(state: machine.state, reason: machine.state.reason) }
        return AccelerationStatus(state: .refused(stuckPlugin.stuckReason), reason: stuckPlugin.stuckReason)
    }

    /// Opens the slow path: the vif's socket must be served already, or is served from now on; then this waits for a host.
    ///
    /// - Parameters:
    ///   - link: the frontend's end of the vif's control link.
    ///   - group: the lcores among which is the one that will work on the device.
    public init(
        _ configuration: NetfrontConfiguration, link: any ControlLink, group: PollGroup, logger: Logger
    ) throws(NetfrontError) {
        try Self.check(configuration)
        self.configuration = configuration
        self.link = link
        self.group = group
        self.logger = logger
        machine = Self.machine(configuration)
        counterBlock = CounterBlock(count: NetfrontCounter.allCases.count)
        let name = configuration.name
        rings = nil
        do throws(DPDKError) {
            let pool = try Mempool(name: "\(name)-guest", count: configuration.poolSize, numaNode: configuration.numaNode)
            commandRing = try WordRing(name: "\(name)-commands", capacity: 256)
            eventRing = try WordRing(name: "\(name)-events", capacity: 256)
            let virtualDevice = "virtio_user_\(name)"
            let id = try DPDK.Port.attach(
                virtualDevice,
                arguments: "path=\(configuration.socketPath),queues=1,queue_size=\(configuration.vringSize),"
                    + "mac=\(configuration.mac)" + (configuration.servesSocket ? ",server=1" : ""))
            let handle = pool.handle
            self.pool = handle
            ownPool = consume pool
            port = try DPDK.Port(
                starting: id,
                queues: DPDK.Port.Queues(
                    receiveDescriptors: configuration.vringSize, transmitDescriptors: configuration.vringSize),
                virtualDevice: virtualDevice, pool: { _ in handle })
            unsafe device = .allocate(capacity: 1)
            unsafe device.initialize(
                to: GuestDevice(
                    mac: configuration.mac,
                    slow: .port(
                        QueuePair(
                            port: id, receiveQueue: 0, transmitQueue: 0,
                            transmitDescriptors: UInt16(configuration.vringSize))),
                    pool: handle, counters: counterBlock.counters, commands: commandRing.handle, events: eventRing.handle,
                    stashCapacity: configuration.stashCapacity,
                    fenceLimitMilliseconds: configuration.fenceLimitMilliseconds))
        } catch {
            throw NetfrontError.slowPath("\(error)")
        }
        thread = ControlThread(name: "netfront \(name)", intervalMicroseconds: 500) { [weak self] in self?.tick() }
    }

    /// Opens the slow path of a guest in an attached process: rings and a pool that the host has made, and this process alone, of the
    /// guests, uses. Makes nothing in the EAL's memory, which would be left behind when the process is killed.
    public init(
        attached configuration: NetfrontConfiguration, rings names: GuestRingNames, pool: MempoolHandle,
        link: any ControlLink, group: PollGroup, logger: Logger
    ) throws(NetfrontError) {
        try Self.check(configuration)
        self.configuration = configuration
        self.link = link
        self.group = group
        self.logger = logger
        machine = Self.machine(configuration)
        counterBlock = CounterBlock(count: NetfrontCounter.allCases.count)
        do throws(DPDKError) {
            commandRing = try WordRing(privateCapacity: 256)
            eventRing = try WordRing(privateCapacity: 256)
        } catch {
            throw NetfrontError.slowPath("\(error)")
        }
        let rings = try SharedSlowPath.open(names, pool: pool)
        self.rings = rings
        self.pool = pool
        ownPool = nil
        unsafe device = .allocate(capacity: 1)
        unsafe device.initialize(
            to: GuestDevice(
                mac: configuration.mac, slow: .rings(rings), pool: pool, counters: counterBlock.counters,
                commands: commandRing.handle, events: eventRing.handle, stashCapacity: configuration.stashCapacity,
                fenceLimitMilliseconds: configuration.fenceLimitMilliseconds))
        thread = ControlThread(name: "netfront", intervalMicroseconds: 500) { [weak self] in self?.tick() }
    }

    /// Whether a host is at the other end of the slow path, as far as that is known: of an attached guest it is not.
    public var isSlowPathUp: Bool {
        lock.withLock { (try? port?.id.information.isLinkUp) ?? true }
    }

    private static func machine(_ configuration: NetfrontConfiguration) -> FrontendMachine {
        FrontendMachine(
            versions: ControlProtocol.version...ControlProtocol.flowVersion, limits: configuration.limits, isAvailable: false)
    }

    private static func check(_ configuration: NetfrontConfiguration) throws(NetfrontError) {
        func require(_ condition: Bool, _ text: String) throws(NetfrontError) {
            if !condition { throw NetfrontError.configuration("guest \(configuration.name): \(text)") }
        }
        try require(!configuration.name.isEmpty && configuration.name.utf8.count <= 12, "a name has 1 to 12 bytes")
        try require(configuration.mac.isValidUnicast, "\(configuration.mac) is not a unicast MAC")
        let vring = configuration.vringSize
        try require(
            vring >= 64 && vring <= 32768 && vring & (vring - 1) == 0, "a vring has 64 to 32768 entries, a power of two")
        try require(
            configuration.stashCapacity > 0 && configuration.stashCapacity < 1 << 24, "a stash holds 1 to 16777215 frames")
        try require(configuration.poolSize > vring * 2, "the pool must hold more mbufs than both vrings (\(vring * 2))")
    }

    /// The device, for the application's lcore.
    public var guest: GuestDeviceHandle { unsafe GuestDeviceHandle(device: device) }

    /// Mbufs of the guest's pool that are in use.
    public var mbufsInUse: Int { pool.inUse }

    /// Ends acceleration at once and waits until the lcore has let go of the VI, at most two seconds. The application must still be
    /// running; afterwards take it off its lcore and call ``close()``.
    public func shutDown() {
        lock.withLock { step(.guestStopping) }
        _ = wait(milliseconds: 2000) { $0.machine.isIdle }
    }

    /// Closes the slow path and gives everything back. No lcore may work on the device any more.
    public func close() {
        thread?.stop()
        thread = nil
        lock.withLock {
            guard isOpen else { return }
            isOpen = false
            letGo()
            if plugin != nil { dropPlugin() }
            port = nil
            if let stuckPlugin { unsafe stuckPlugin.binding.deallocate() }
            freeOrders()
            unsafe device.deinitialize(count: 1)
            unsafe device.deallocate()
            rings?.deallocate()
            if let set = unsafe localAddresses {
                unsafe set.deinitialize(count: 1)
                unsafe set.deallocate()
            }
            unsafe localAddresses = nil
        }
    }

    deinit { close() }

    /// Waits, without the lock, until `condition` holds; false after the time limit.
    func wait(milliseconds: Int, until condition: (Netfront) -> Bool) -> Bool {
        let end = DispatchTime.now() + .milliseconds(milliseconds)
        while !lock.withLock({ condition(self) }) {
            if DispatchTime.now() > end { return false }
            Thread.sleep(forTimeInterval: 0.0005)
        }
        return true
    }
}
