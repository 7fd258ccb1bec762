// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// Something that a port's driver reports by itself (`enum rte_eth_event_type`).
public enum PortEvent: Sendable, Equatable {
    /// ``PortInformation/isLinkUp`` may have changed.
    case linkChanged
    /// The NIC moves nothing any more until the port has been stopped and started.
    case resetRequested
    /// The driver repairs the NIC by itself: keep off its queues until one of the next two.
    case recovering
    /// Repaired; flow rules may be gone.
    case recovered
    /// Not repaired: the port must be closed.
    case recoveryFailed

    init?(_ event: UInt32) {
        switch event {
        case CDPDK_PORT_EVENT_LINK.rawValue: self = .linkChanged
        case CDPDK_PORT_EVENT_RESET.rawValue: self = .resetRequested
        case CDPDK_PORT_EVENT_RECOVERING.rawValue: self = .recovering
        case CDPDK_PORT_EVENT_RECOVERED.rawValue: self = .recovered
        case CDPDK_PORT_EVENT_RECOVERY_FAILED.rawValue: self = .recoveryFailed
        default: return nil
        }
    }

    var c: UInt32 {
        switch self {
        case .linkChanged: CDPDK_PORT_EVENT_LINK.rawValue
        case .resetRequested: CDPDK_PORT_EVENT_RESET.rawValue
        case .recovering: CDPDK_PORT_EVENT_RECOVERING.rawValue
        case .recovered: CDPDK_PORT_EVENT_RECOVERED.rawValue
        case .recoveryFailed: CDPDK_PORT_EVENT_RECOVERY_FAILED.rawValue
        }
    }
}

/// A subscription to a port's events, for as long as this value lives.
///
/// The handler runs on DPDK's interrupt thread; for a NIC in software on the thread that caused the event. It must be short, must
/// not stop or start the port, and must take no lock that the thread which ends the subscription holds.
@safe
public final class PortEvents: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the registration is made by init and ended by deinit; the shim has a lock of its own.
    public let port: PortID
    private let registration: OpaquePointer
    private let box: Unmanaged<HandlerBox>

    /// - Throws: when there is no such port.
    public init(_ port: PortID, handler: @escaping @Sendable (PortEvent) -> Void) throws(DPDKError) {
        let box = unsafe Unmanaged.passRetained(HandlerBox(handler))
        var error: Int32 = 0
        guard let registration = unsafe cdpdk_port_events_register(port.rawValue, portEventArrived, box.toOpaque(), &error)
        else {
            unsafe box.release()
            throw DPDKError("watch \(port)", code: error)
        }
        self.port = port
        unsafe self.registration = registration
        unsafe self.box = unsafe box
    }

    deinit {
        unsafe cdpdk_port_events_unregister(registration)
        unsafe box.release()
    }

    /// Reports an event of a device in software, on this thread.
    static func raise(_ event: PortEvent, on port: PortID) { cdpdk_port_event_raise(port.rawValue, event.c) }
}

private final class HandlerBox: Sendable {
    let handler: @Sendable (PortEvent) -> Void
    init(_ handler: @escaping @Sendable (PortEvent) -> Void) { self.handler = handler }
}

private func portEventArrived(_ context: UnsafeMutableRawPointer, _ port: UInt16, _ event: UInt32) {
    guard let event = PortEvent(event) else { return }
    unsafe Unmanaged<HandlerBox>.fromOpaque(context).takeUnretainedValue().handler(event)
}
