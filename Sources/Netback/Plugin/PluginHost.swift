// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import Foundation

/// The table of host functions that a plugin gets (`viaduct_backend_host`). None of them blocks, or takes the control plane's
/// lock.
@safe
final class PluginHost: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): nothing changes after init; the directory has a lock of its own.
    let table: UnsafeMutablePointer<viaduct_backend_host>
    private let directory: VifDirectory

    init(_ directory: VifDirectory) {
        self.directory = directory
        unsafe table = .allocate(capacity: 1)
        let host = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe table.initialize(
            to: viaduct_backend_host(
                api_version: UInt32(VIADUCT_ACCEL_API_VERSION), size: UInt32(unsafe MemoryLayout<viaduct_backend_host>.size),
                host: host,
                send: { host, vif, bytes, length in unsafe PluginHost.at(host).send(bytes, length, vif: vif) },
                hold: { host, vif in unsafe PluginHost.at(host).directory.send(LaneCommand.Operation.hold, vif: vif) },
                release: { host, vif in unsafe PluginHost.at(host).directory.send(LaneCommand.Operation.release, vif: vif) },
                fence: { host, vif, sequence, settle in
                    unsafe PluginHost.at(host).directory.send(
                        LaneCommand.Operation.fence, vif: vif, small: sequence, large: settle)
                },
                set_fence_nonce: { host, vif, nonce in
                    unsafe PluginHost.at(host).directory.send(LaneCommand.Operation.setNonce, vif: vif, large: nonce)
                },
                report: { host, vif, status in
                    unsafe PluginHost.at(host).directory.report(AccelerationStatus(status.pointee), vif: vif)
                },
                steer: { host, vif, interface in unsafe PluginHost.at(host).directory.steer(interface.pointee, vif: vif) },
                unsteer: { host, vif in unsafe PluginHost.at(host).directory.send(LaneCommand.Operation.unsteer, vif: vif) },
                hold_flows: { host, vif, flows, count in
                    let flows = unsafe UnsafeBufferPointer(start: flows, count: Int(min(count, UInt32(VIADUCT_HELD_FLOWS) + 1)))
                    let selectors = unsafe flows.compactMap(FlowSelector.init)
                    guard selectors.count == count else { return 0 - EINVAL }
                    return unsafe PluginHost.at(host).directory.holdFlows(selectors, vif: vif)
                },
                release_flows: { host, vif in unsafe PluginHost.at(host).directory.releaseFlows(vif: vif) }))
    }

    deinit { unsafe table.deallocate() }

    private static func at(_ host: UnsafeMutableRawPointer) -> PluginHost {
        unsafe Unmanaged<PluginHost>.fromOpaque(host).takeUnretainedValue()
    }

    private func send(_ bytes: UnsafePointer<UInt8>, _ length: Int, vif: UInt32) -> Int32 {
        guard let link = directory.link(of: vif) else { return 0 - EPIPE }
        let copy = unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: min(length, ControlProtocol.maximumMessageLength + 1)))
        guard let message = try? ControlCodec.decode(copy, from: .backend) else { return 0 - EINVAL }
        switch link.send(message) {
        case .sent: return 0
        case .full: return 0 - EAGAIN
        case .refused: return 0 - EPIPE
        case .invalid: return 0 - EINVAL
        }
    }
}
