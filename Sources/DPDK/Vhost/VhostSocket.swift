// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// The device number that librte_vhost gave to a connected guest.
public typealias VhostDeviceID = Int32

/// Told on librte_vhost's thread about a guest's rings.
public protocol VhostSocketDelegate: AnyObject, Sendable {
    func guestConnected(_ device: VhostDeviceID)
    /// When this returns, no lcore may use `device` any more.
    func guestDisconnected(_ device: VhostDeviceID)
}

/// A vhost-user socket served by this process (librte_vhost; server side of the vhost-user protocol), and removed with it.
@safe
public final class VhostSocket: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): nothing changes after init; librte_vhost takes its own locks.
    public let path: String
    private let context: UnsafeMutableRawPointer

    /// Listens at `path`, which must not exist; at most 107 bytes (sockaddr_un).
    public init(path: String, delegate: any VhostSocketDelegate) throws(DPDKError) {
        guard path.utf8.count < 108 else {
            throw DPDKError("listen at \(path)", code: 36, detail: "a socket's path has at most 107 bytes")
        }
        let context = unsafe Unmanaged.passRetained(DelegateBox(delegate)).toOpaque()
        var callbacks = unsafe cdpdk_vhost_callbacks(
            context: context,
            connected: { context, device in unsafe DelegateBox.at(context)?.guestConnected(device) },
            disconnected: { context, device in unsafe DelegateBox.at(context)?.guestDisconnected(device) })
        let result = unsafe cdpdk_vhost_register(path, &callbacks)
        // Before the stored properties are set: a class that throws after that runs its deinit.
        if result < 0 {
            unsafe Unmanaged<DelegateBox>.fromOpaque(context).release()
            throw DPDKError("listen for a vhost-user guest at \(path)", code: result, detail: DPDKLog.takeLastLine())
        }
        self.path = path
        unsafe self.context = context
    }

    deinit {
        unsafe _ = cdpdk_vhost_unregister(path)
        unsafe Unmanaged<DelegateBox>.fromOpaque(context).release()
    }
}

private final class DelegateBox {
    /// Weak: the delegate owns the socket.
    weak var delegate: (any VhostSocketDelegate)?
    init(_ delegate: any VhostSocketDelegate) { self.delegate = delegate }

    static func at(_ context: UnsafeMutableRawPointer) -> (any VhostSocketDelegate)? {
        unsafe Unmanaged<DelegateBox>.fromOpaque(context).takeUnretainedValue().delegate
    }
}
