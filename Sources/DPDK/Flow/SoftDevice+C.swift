// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

// What the shim calls on a device in software, each function with the engine's box as its context.

/// What the shim's calls find behind their context.
final class EngineBox {
    let engine: any SoftDeviceEngine
    init(_ engine: any SoftDeviceEngine) { self.engine = engine }

    static func at(_ context: UnsafeMutableRawPointer) -> any SoftDeviceEngine {
        unsafe Unmanaged<EngineBox>.fromOpaque(context).takeUnretainedValue().engine
    }
}

/// 0, or the error's negative errno. The device's own words become DPDK's last log line, as a driver's would.
private func answer(_ body: () throws(DPDKError) -> Void) -> Int32 {
    do throws(DPDKError) {
        try body()
        return 0
    } catch {
        if let detail = error.detail { DPDKLog.note(detail) }
        return 0 - error.code
    }
}

private func report(_ error: FlowError, _ to: UnsafeMutablePointer<cdpdk_flow_error>) -> Int32 {
    unsafe withUnsafeMutableBytes(of: &to.pointee.message) { bytes in
        unsafe bytes.copyBytes(from: error.message.utf8.prefix(bytes.count - 1))
    }
    return 0 - error.code
}

private func number(_ octets: UnsafePointer<UInt8>) -> UInt64 {
    var mac: UInt64 = 0
    for index in 0..<6 { mac = mac << 8 | UInt64(unsafe octets[index]) }
    return mac
}

func queueSetUp(
    _ context: UnsafeMutableRawPointer, _ queue: UInt16, _ descriptors: UInt16, _ pool: OpaquePointer, _ drops: Bool
) -> Int32 {
    answer { () throws(DPDKError) in
        unsafe try EngineBox.at(context).setUpQueue(
            queue, descriptors: Int(descriptors), pool: MempoolHandle(pool), dropsWhenFull: drops)
    }
}

func describe(_ context: UnsafeMutableRawPointer, _ info: UnsafeMutablePointer<cdpdk_port_info>) {
    guard let device = unsafe EngineBox.at(context).information else { return }
    unsafe withUnsafeMutableBytes(of: &info.pointee.driver) { bytes in
        for index in bytes.indices { unsafe bytes[index] = 0 }
        unsafe bytes.copyBytes(from: device.driver.utf8.prefix(bytes.count - 1))
    }
    unsafe withUnsafeMutableBytes(of: &info.pointee.mac) { bytes in
        for index in 0..<6 { unsafe bytes[index] = UInt8(truncatingIfNeeded: device.mac >> UInt64(40 - index * 8)) }
    }
    // The port says so too while it is stopped.
    unsafe info.pointee.is_up = unsafe info.pointee.is_up && device.isLinkUp
    unsafe info.pointee.pci_device = device.deviceID.map(Int32.init) ?? -1
    unsafe info.pointee.max_mac_addresses = UInt32(device.maximumAddresses)
    unsafe info.pointee.can_stop_queues = device.canStopQueues
    unsafe info.pointee.runtime_rx_queue_setup = device.canSetUpQueuesWhileRunning
    guard let vmdq = device.vmdq else { return }
    unsafe info.pointee.vmdq_pools = UInt16(vmdq.maximumPools)
    unsafe info.pointee.vmdq_pool_base = UInt16(vmdq.firstPool)
    unsafe info.pointee.vmdq_queue_base = UInt16(vmdq.firstQueue)
    unsafe info.pointee.vmdq_queue_count = UInt16(vmdq.queueCount)
}

func configure(_ context: UnsafeMutableRawPointer, _ queues: UInt16, _ pools: UInt16) -> Int32 {
    answer { () throws(DPDKError) in
        unsafe try EngineBox.at(context).configure(queues: Int(queues), pools: Int(pools))
    }
}

func start(_ context: UnsafeMutableRawPointer) -> Int32 {
    answer { () throws(DPDKError) in unsafe try EngineBox.at(context).start() }
}

func stop(_ context: UnsafeMutableRawPointer) { unsafe EngineBox.at(context).stop() }

func reset(_ context: UnsafeMutableRawPointer) -> Int32 {
    answer { () throws(DPDKError) in unsafe try EngineBox.at(context).reset() }
}

func addAddress(_ context: UnsafeMutableRawPointer, _ mac: UnsafePointer<UInt8>, _ pool: UInt32) -> Int32 {
    answer { () throws(DPDKError) in
        unsafe try EngineBox.at(context).addAddress(number(mac), pool: Int(pool))
    }
}

func removeAddress(_ context: UnsafeMutableRawPointer, _ mac: UnsafePointer<UInt8>) -> Int32 {
    answer { () throws(DPDKError) in unsafe try EngineBox.at(context).removeAddress(number(mac)) }
}

func startQueue(_ context: UnsafeMutableRawPointer, _ queue: UInt16) -> Int32 {
    answer { () throws(DPDKError) in unsafe try EngineBox.at(context).startReceiveQueue(Int(queue)) }
}

func stopQueue(_ context: UnsafeMutableRawPointer, _ queue: UInt16) -> Int32 {
    answer { () throws(DPDKError) in unsafe try EngineBox.at(context).stopReceiveQueue(Int(queue)) }
}

func readStatistics(_ context: UnsafeMutableRawPointer, _ statistics: UnsafeMutablePointer<cdpdk_port_stats>) -> Int32 {
    guard let own = unsafe EngineBox.at(context).statistics else { return -95 }
    unsafe statistics.pointee = own.c
    return 0
}

func readQueueStatistics(
    _ context: UnsafeMutableRawPointer, _ statistics: UnsafeMutablePointer<cdpdk_queue_stats>, _ count: UInt16
) -> Int32 {
    guard let own = unsafe EngineBox.at(context).queueStatistics?.prefix(Int(count)) else { return -95 }
    for (index, queue) in own.enumerated() { unsafe statistics[index] = queue.c }
    return Int32(own.count)
}

func flowValidate(
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

func flowCreate(
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

func flowDestroy(
    _ context: UnsafeMutableRawPointer, _ flow: UnsafeMutableRawPointer, _ reason: UnsafeMutablePointer<cdpdk_flow_error>
) -> Int32 {
    do throws(FlowError) {
        try unsafe EngineBox.at(context).destroy(UInt(bitPattern: flow))
        return 0
    } catch {
        return unsafe report(error, reason)
    }
}

func flowQuery(
    _ context: UnsafeMutableRawPointer, _ flow: UnsafeMutableRawPointer, _ hits: UnsafeMutablePointer<UInt64>,
    _ bytes: UnsafeMutablePointer<UInt64>, _ reason: UnsafeMutablePointer<cdpdk_flow_error>
) -> Int32 {
    do throws(FlowError) {
        let counts = try unsafe EngineBox.at(context).query(UInt(bitPattern: flow))
        unsafe hits.pointee = counts.frames
        unsafe bytes.pointee = counts.bytes
        return 0
    } catch {
        return unsafe report(error, reason)
    }
}
