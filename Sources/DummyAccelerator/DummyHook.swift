// SPDX-License-Identifier: BSD-3-Clause

/// Every hook of both tables of `viaduct_accel.h`, in the tables' order.
public enum DummyHook: Int, CaseIterable, Sendable {
    case newDevice, removeDevice, suspend, resume, backendChanged, poll, transmit, transmitDone, clock, armWakeup
    case disarmWakeup, isReady, frontendStatistics
    case attach, detach, probe, removeVif, want, receivedFromWire, transmittedToWire, controlMessage, pathEvent
    case localAddresses, portSuspended, portResumed, linkChanged, tick

    /// The half of the plugin, and the hook's name in its table.
    public var name: String {
        switch self {
        case .newDevice: "frontend: new_device"
        case .removeDevice: "frontend: remove"
        case .suspend: "frontend: suspend"
        case .resume: "frontend: resume"
        case .backendChanged: "frontend: backend_changed"
        case .poll: "frontend: poll"
        case .transmit: "frontend: transmit"
        case .transmitDone: "frontend: transmit_done"
        case .clock: "frontend: clock"
        case .armWakeup: "frontend: arm_wakeup"
        case .disarmWakeup: "frontend: disarm_wakeup"
        case .isReady: "frontend: is_ready"
        case .frontendStatistics: "frontend: statistics"
        case .attach: "backend: attach"
        case .detach: "backend: detach"
        case .probe: "backend: probe"
        case .removeVif: "backend: remove"
        case .want: "backend: want"
        case .receivedFromWire: "backend: received_from_wire"
        case .transmittedToWire: "backend: transmitted_to_wire"
        case .controlMessage: "backend: control_message"
        case .pathEvent: "backend: path_event"
        case .localAddresses: "backend: local_addresses"
        case .portSuspended: "backend: port_suspended"
        case .portResumed: "backend: port_resumed"
        case .linkChanged: "backend: link_changed"
        case .tick: "backend: tick"
        }
    }
}
