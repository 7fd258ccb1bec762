// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel

/// Netback as a plugin sees it: notes what is asked, and keeps its answers until the test delivers them. One thread.
@safe
final class FakeHost: @unchecked Sendable {
    enum Call: Equatable {
        case hold, release, steer, unsteer, holdFlows, releaseFlows
        case fence(sequence: UInt32, settle: UInt64)
        case nonce(UInt64)
    }

    struct Event: Equatable {
        let vif: UInt32
        let event: PathEvent
    }

    private(set) var calls: [UInt32: [Call]] = [:]
    private(set) var reports: [UInt32: [AccelerationStatus]] = [:]
    /// What frontends did not read yet.
    var sent: [UInt32: [ControlMessage]] = [:]
    var events: [Event] = []
    var nonces: [UInt32: UInt64] = [:]
    var held: Set<UInt32> = []
    var heldFlows: [UInt32: [FlowSelector]] = [:]
    var steered: [UInt32: UnsafeMutableRawPointer] = unsafe [:]
    /// So many of the next calls find no room.
    var busyCalls = 0
    var isLinkFull = false
    /// What `steer` returns.
    var steerResult: Int32 = 0
    let table: UnsafeMutablePointer<viaduct_backend_host>

    init(size: Int? = nil) {
        let size = unsafe size ?? MemoryLayout<viaduct_backend_host>.size
        unsafe table = .allocate(capacity: 1)
        unsafe table.initialize(
            to: viaduct_backend_host(
                api_version: UInt32(VIADUCT_ACCEL_API_VERSION), size: UInt32(size),
                host: Unmanaged.passUnretained(self).toOpaque(), send: fakeSend, hold: fakeHold, release: fakeRelease,
                fence: fakeFence, set_fence_nonce: fakeNonce, report: fakeReport, steer: fakeSteer, unsteer: fakeUnsteer,
                hold_flows: fakeHoldFlows, release_flows: fakeReleaseFlows))
    }

    deinit { unsafe table.deallocate() }

    func calls(of vif: UInt32) -> [Call] { calls[vif] ?? [] }
    func status(of vif: UInt32) -> AccelerationStatus? { reports[vif]?.last }
    func states(of vif: UInt32) -> [AccelerationState] { (reports[vif] ?? []).map(\.state) }

    fileprivate func note(_ call: Call, _ vif: UInt32, _ answer: PathEvent?) -> Int32 {
        if busyCalls > 0 {
            busyCalls -= 1
            return -11
        }
        calls[vif, default: []].append(call)
        if let answer { events.append(Event(vif: vif, event: answer)) }
        return 0
    }

    fileprivate func note(_ status: AccelerationStatus, _ vif: UInt32) { reports[vif, default: []].append(status) }
}

private func host(_ context: UnsafeMutableRawPointer) -> FakeHost {
    unsafe Unmanaged<FakeHost>.fromOpaque(context).takeUnretainedValue()
}

private func fakeSend(_ context: UnsafeMutableRawPointer, _ vif: UInt32, _ bytes: UnsafePointer<UInt8>, _ length: Int) -> Int32 {
    let host = unsafe host(context)
    let array = unsafe Array(UnsafeBufferPointer(start: bytes, count: length))
    guard let message = try? ControlCodec.decode(array, from: .backend) else { return -22 }
    if case .localAddresses = message {} else if host.isLinkFull { return -11 }
    host.sent[vif, default: []].append(message)
    return 0
}

private func fakeHold(_ context: UnsafeMutableRawPointer, _ vif: UInt32) -> Int32 {
    let host = unsafe host(context)
    let result = host.note(.hold, vif, .held)
    if result == 0 { host.held.insert(vif) }
    return result
}

private func fakeRelease(_ context: UnsafeMutableRawPointer, _ vif: UInt32) -> Int32 {
    let host = unsafe host(context)
    let result = host.note(.release, vif, .released)
    if result == 0 { host.held.remove(vif) }
    return result
}

private func fakeFence(_ context: UnsafeMutableRawPointer, _ vif: UInt32, _ sequence: UInt32, _ settle: UInt64) -> Int32 {
    unsafe host(context).note(.fence(sequence: sequence, settle: settle), vif, .fenceSent(sequence: sequence))
}

private func fakeNonce(_ context: UnsafeMutableRawPointer, _ vif: UInt32, _ nonce: UInt64) -> Int32 {
    let host = unsafe host(context)
    let result = host.note(.nonce(nonce), vif, nil)
    if result == 0 { host.nonces[vif] = nonce }
    return result
}

private func fakeReport(_ context: UnsafeMutableRawPointer, _ vif: UInt32, _ status: UnsafePointer<viaduct_vif_status>) {
    unsafe host(context).note(AccelerationStatus(status.pointee), vif)
}

private func fakeSteer(_ context: UnsafeMutableRawPointer, _ vif: UInt32, _ interface: UnsafePointer<viaduct_soft_vi>) -> Int32 {
    let host = unsafe host(context)
    if host.steerResult != 0 { return host.steerResult }
    let result = host.note(.steer, vif, .steered)
    if result == 0 { unsafe host.steered[vif] = interface.pointee.to_guest }
    return result
}

private func fakeUnsteer(_ context: UnsafeMutableRawPointer, _ vif: UInt32) -> Int32 {
    let host = unsafe host(context)
    let result = host.note(.unsteer, vif, .unsteered)
    if result == 0 { unsafe host.steered[vif] = nil }
    return result
}

private func fakeHoldFlows(
    _ context: UnsafeMutableRawPointer, _ vif: UInt32, _ flows: UnsafePointer<viaduct_flow>, _ count: UInt32
) -> Int32 {
    let host = unsafe host(context)
    if host.heldFlows[vif] != nil { return -16 }
    let result = host.note(.holdFlows, vif, .flowsHeld)
    if result == 0 {
        host.heldFlows[vif] = unsafe UnsafeBufferPointer(start: flows, count: Int(count)).compactMap(FlowSelector.init)
    }
    return result
}

private func fakeReleaseFlows(_ context: UnsafeMutableRawPointer, _ vif: UInt32) -> Int32 {
    let host = unsafe host(context)
    guard host.heldFlows[vif] != nil else { return -22 }
    let result = host.note(.releaseFlows, vif, .flowsReleased)
    if result == 0 { host.heldFlows[vif] = nil }
    return result
}
