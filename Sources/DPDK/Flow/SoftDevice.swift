// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// The control side of a NIC in software, called on a control-plane thread.
public protocol SoftDeviceEngine: AnyObject, Sendable {
    /// A receive queue gets its size and the pool that its owner will post buffers from, before the port starts.
    func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError)
    /// The same, for a device that cares what happens when the queue is full; what the shim calls. May come while the port runs.
    func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle, dropsWhenFull: Bool) throws(DPDKError)
    /// What the device says of itself in net_ring's place; nil to leave it at that.
    var information: SoftDeviceInformation? { get }
    /// The port was configured. `pools` is 0 for none.
    func configure(queues: Int, pools: Int) throws(DPDKError)
    /// The port was started; also when it had been running.
    func start() throws(DPDKError)
    /// The port was stopped.
    func stop()
    /// The stopped port becomes as it was before it was first configured: its queues have to be set up anew.
    func reset() throws(DPDKError)
    /// An address of six octets, the first most significant.
    func addAddress(_ mac: UInt64, pool: Int) throws(DPDKError)
    func removeAddress(_ mac: UInt64) throws(DPDKError)
    func startReceiveQueue(_ queue: Int) throws(DPDKError)
    func stopReceiveQueue(_ queue: Int) throws(DPDKError)
    /// The port's counters; nil for net_ring's own.
    var statistics: PortStatistics? { get }
    /// What each queue pair counted, from the first on; nil for net_ring's own counters.
    var queueStatistics: [QueueStatistics]? { get }
    /// Flow calls come one at a time, under the one lock of all ports.
    func validate(_ rule: FlowRule) throws(FlowError)
    /// A handle that is not 0.
    func create(_ rule: FlowRule) throws(FlowError) -> UInt
    func destroy(_ handle: UInt) throws(FlowError)
    func query(_ handle: UInt) throws(FlowError) -> FlowCounts
}

/// A device that is no more than queue pairs.
extension SoftDeviceEngine {
    public func setUpQueue(
        _ queue: UInt16, descriptors: Int, pool: MempoolHandle, dropsWhenFull: Bool
    ) throws(DPDKError) {
        try setUpQueue(queue, descriptors: descriptors, pool: pool)
    }
    public var information: SoftDeviceInformation? { nil }
    public func configure(queues: Int, pools: Int) throws(DPDKError) {}
    public func start() throws(DPDKError) {}
    public func stop() {}
    public func reset() throws(DPDKError) {
        throw DPDKError("reset the port", code: 95, detail: "the device has no reset")
    }
    public func addAddress(_ mac: UInt64, pool: Int) throws(DPDKError) {
        throw DPDKError("add an address", code: 95, detail: "the device has no address filter")
    }
    public func removeAddress(_ mac: UInt64) throws(DPDKError) {}
    public func startReceiveQueue(_ queue: Int) throws(DPDKError) {
        throw DPDKError("start queue \(queue)", code: 95, detail: "the device can't start queues")
    }
    public func stopReceiveQueue(_ queue: Int) throws(DPDKError) {
        throw DPDKError("stop queue \(queue)", code: 95, detail: "the device can't stop queues")
    }
    public var statistics: PortStatistics? { nil }
    public var queueStatistics: [QueueStatistics]? { nil }
    public func query(_ handle: UInt) throws(FlowError) -> FlowCounts {
        throw FlowError(code: 95, message: "the device counts no rule's frames")
    }
}

/// What a device in software says of itself in place of the net_ring port that carries it.
public struct SoftDeviceInformation: Sendable {
    public var driver: String
    public var deviceID: UInt16?
    public var mac: UInt64
    public var isLinkUp: Bool
    public var maximumAddresses: Int
    public var vmdq: VMDqLimits?
    public var canStopQueues: Bool
    public var canSetUpQueuesWhileRunning: Bool

    public init(
        driver: String, deviceID: UInt16? = nil, mac: UInt64 = 0, isLinkUp: Bool = true, maximumAddresses: Int = 1,
        vmdq: VMDqLimits? = nil, canStopQueues: Bool = false, canSetUpQueuesWhileRunning: Bool = false
    ) {
        self.driver = driver
        self.deviceID = deviceID
        self.mac = mac
        self.isLinkUp = isLinkUp
        self.maximumAddresses = maximumAddresses
        self.vmdq = vmdq
        self.canStopQueues = canStopQueues
        self.canSetUpQueuesWhileRunning = canSetUpQueuesWhileRunning
    }
}

/// What a software NIC runs in a driver's place on its owner's lcore. Plain C functions, since bursts call them.
@unsafe
public struct SoftDeviceFunctions {
    public typealias Received = @convention(c) (UnsafeMutableRawPointer, UInt16) -> Void
    public typealias Admitted = @convention(c) (UnsafeMutableRawPointer, UInt16, MbufSlots, UInt16) -> UInt16
    public typealias Transmitting = @convention(c) (UnsafeMutableRawPointer, UInt16, MbufSlots, UInt16) -> UInt16
    public typealias ReadClock = @convention(c) (UnsafeMutableRawPointer) -> UInt64
    public typealias TransmitDone = @convention(c) (UnsafeMutableRawPointer, UInt16, UInt32) -> Int32

    /// Passed to each function; outlives the port.
    let context: UnsafeMutableRawPointer
    /// Behind each receive burst of a queue: post empty buffers, reap completions.
    let received: Received
    /// In front of `received`, where there is one, with what the burst took: how many of the mbufs, from the first slot on, the
    /// queue's owner gets; the others belong to the device.
    let admitted: Admitted?
    /// In front of each transmit burst: how many of the mbufs may be posted.
    let transmitting: Transmitting
    /// Nanoseconds on the device's clock.
    let readClock: ReadClock
    /// 1 when all but the given number of newest descriptors of a queue are on the wire.
    let transmitDone: TransmitDone

    public init(
        context: UnsafeMutableRawPointer, received: @escaping Received, transmitting: @escaping Transmitting,
        readClock: @escaping ReadClock, transmitDone: @escaping TransmitDone, admitted: Admitted? = nil
    ) {
        unsafe self.context = context
        unsafe self.received = unsafe received
        unsafe self.admitted = unsafe admitted
        unsafe self.transmitting = unsafe transmitting
        unsafe self.readClock = unsafe readClock
        unsafe self.transmitDone = unsafe transmitDone
    }
}

/// Stands behind a net_ring port as its driver and flow engine; taken away with this value. Keep it longer than the port is in
/// use, and make it before the port is configured.
@safe
public final class SoftDevice: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): set up and torn down by one thread; the engine is Sendable, the C structs never change.
    public let port: PortID
    private let device: UnsafeMutablePointer<cdpdk_soft_device>

    /// Puts the device behind `port`.
    @unsafe
    public init(port: PortID, engine: any SoftDeviceEngine, functions: SoftDeviceFunctions) {
        self.port = port
        unsafe device = .allocate(capacity: 1)
        let box = unsafe Unmanaged.passRetained(EngineBox(engine)).toOpaque()
        unsafe device.initialize(
            to: cdpdk_soft_device(
                engine: box, context: functions.context, queue_setup: queueSetUp, info: describe, configure: configure,
                start: start, stop: stop, reset: reset, address_add: addAddress, address_remove: removeAddress,
                queue_start: startQueue, queue_stop: stopQueue, stats: readStatistics, queue_stats: readQueueStatistics,
                flow_validate: flowValidate, flow_create: flowCreate,
                flow_destroy: flowDestroy, flow_query: flowQuery, received: functions.received,
                admitted: functions.admitted, transmitting: functions.transmitting, read_clock: functions.readClock,
                tx_done: functions.transmitDone))
        unsafe _ = cdpdk_soft_device_set(port.rawValue, device)
    }

    /// Reports an event of the device to whoever watches its port, on this thread (``PortEvents``).
    public func raise(_ event: PortEvent) { PortEvents.raise(event, on: port) }

    deinit {
        unsafe cdpdk_soft_device_clear(port.rawValue, device)
        unsafe Unmanaged<EngineBox>.fromOpaque(device.pointee.engine).release()
        unsafe device.deallocate()
    }
}
