// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// The control side of a NIC in software, called on a control-plane thread.
public protocol SoftDeviceEngine: AnyObject, Sendable {
    /// A receive queue gets its size and the pool that its owner will post buffers from, before the port starts.
    func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError)
    /// Flow calls come one at a time, under the one lock of all ports.
    func validate(_ rule: FlowRule) throws(FlowError)
    /// A handle that is not 0.
    func create(_ rule: FlowRule) throws(FlowError) -> UInt
    func destroy(_ handle: UInt) throws(FlowError)
}

/// What a software NIC runs in a driver's place on its owner's lcore. Plain C functions, since bursts call them.
@unsafe
public struct SoftDeviceFunctions {
    public typealias Received = @convention(c) (UnsafeMutableRawPointer, UInt16) -> Void
    public typealias Transmitting = @convention(c) (UnsafeMutableRawPointer, UInt16, MbufSlots, UInt16) -> UInt16
    public typealias ReadClock = @convention(c) (UnsafeMutableRawPointer) -> UInt64
    public typealias TransmitDone = @convention(c) (UnsafeMutableRawPointer, UInt16, UInt32) -> Int32

    /// Passed to each function; outlives the port.
    let context: UnsafeMutableRawPointer
    /// Behind each receive burst of a queue: post empty buffers, reap completions.
    let received: Received
    /// In front of each transmit burst: how many of the mbufs may be posted.
    let transmitting: Transmitting
    /// Nanoseconds on the device's clock.
    let readClock: ReadClock
    /// 1 when all but the given number of newest descriptors of a queue are on the wire.
    let transmitDone: TransmitDone

    public init(
        context: UnsafeMutableRawPointer, received: @escaping Received, transmitting: @escaping Transmitting,
        readClock: @escaping ReadClock, transmitDone: @escaping TransmitDone
    ) {
        unsafe self.context = context
        unsafe self.received = unsafe received
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
                engine: box, context: functions.context, queue_setup: queueSetUp, flow_validate: flowValidate,
                flow_create: flowCreate, flow_destroy: flowDestroy, received: functions.received,
                transmitting: functions.transmitting, read_clock: functions.readClock, tx_done: functions.transmitDone))
        unsafe _ = cdpdk_soft_device_set(port.rawValue, device)
    }

    deinit {
        unsafe cdpdk_soft_device_clear(port.rawValue, device)
        unsafe Unmanaged<EngineBox>.fromOpaque(device.pointee.engine).release()
        unsafe device.deallocate()
    }
}

/// What the shim's flow calls find behind their context.
private final class EngineBox {
    let engine: any SoftDeviceEngine
    init(_ engine: any SoftDeviceEngine) { self.engine = engine }

    static func at(_ context: UnsafeMutableRawPointer) -> any SoftDeviceEngine {
        unsafe Unmanaged<EngineBox>.fromOpaque(context).takeUnretainedValue().engine
    }
}

private func report(_ error: FlowError, _ to: UnsafeMutablePointer<cdpdk_flow_error>) -> Int32 {
    unsafe withUnsafeMutableBytes(of: &to.pointee.message) { bytes in
        unsafe bytes.copyBytes(from: error.message.utf8.prefix(bytes.count - 1))
    }
    return 0 - error.code
}

private func queueSetUp(
    _ context: UnsafeMutableRawPointer, _ queue: UInt16, _ descriptors: UInt16, _ pool: OpaquePointer
) -> Int32 {
    do throws(DPDKError) {
        unsafe try EngineBox.at(context).setUpQueue(queue, descriptors: Int(descriptors), pool: MempoolHandle(pool))
        return 0
    } catch {
        return 0 - error.code
    }
}

private func flowValidate(
    _ context: UnsafeMutableRawPointer, _ rule: UnsafePointer<cdpdk_flow_rule>,
    _ reason: UnsafeMutablePointer<cdpdk_flow_error>
) -> Int32 {
    do throws(FlowError) {
        unsafe try EngineBox.at(context).validate(FlowRule(rule.pointee))
        return 0
    } catch {
        return unsafe report(error, reason)
    }
}

private func flowCreate(
    _ context: UnsafeMutableRawPointer, _ rule: UnsafePointer<cdpdk_flow_rule>, _ code: UnsafeMutablePointer<Int32>,
    _ reason: UnsafeMutablePointer<cdpdk_flow_error>
) -> UnsafeMutableRawPointer? {
    do throws(FlowError) {
        return unsafe UnsafeMutableRawPointer(bitPattern: try EngineBox.at(context).create(FlowRule(rule.pointee)))
    } catch {
        unsafe code.pointee = unsafe report(error, reason)
        return nil
    }
}

private func flowDestroy(
    _ context: UnsafeMutableRawPointer, _ flow: UnsafeMutableRawPointer, _ reason: UnsafeMutablePointer<cdpdk_flow_error>
) -> Int32 {
    do throws(FlowError) {
        try unsafe EngineBox.at(context).destroy(UInt(bitPattern: flow))
        return 0
    } catch {
        return unsafe report(error, reason)
    }
}
