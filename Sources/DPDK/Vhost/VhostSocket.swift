// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// The device number that librte_vhost gave to a connected guest.
public typealias VhostDeviceID = Int32
/// Told on librte_vhost's thread about a guest's rings.
public protocol VhostSocketDelegate: AnyObject, Sendable {
    /// Somebody came: `device` uses no ring yet, whatever had this number before. There may be several at a time.
    func guestOpened(_ device: VhostDeviceID)
    func guestConnected(_ device: VhostDeviceID)
    /// When this returns, no lcore may use `device` any more.
    func guestDisconnected(_ device: VhostDeviceID)
    /// The guest began, or ceased, to use a virtqueue: even numbers are those that it receives from. Also before it is connected.
    func guestRing(_ ring: Int, of device: VhostDeviceID, isEnabled: Bool)
    /// Its connection ends, since its memory is not what it said; once for each connection.
    func guestRefused(_ device: VhostDeviceID, _ fault: VhostMemoryFault)
}

/// A vhost-user socket (librte_vhost, the back end of the vhost-user protocol): one that this process serves, and that is removed with it, or
/// one that a guest serves and to which this process connects, again and again while nobody is there.
@safe
public final class VhostSocket: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): nothing changes after init; librte_vhost takes its own locks.
    public let path: String
    private let context: UnsafeMutableRawPointer

    /// Listens at `path`, which must not exist, or connects to it; at most 107 bytes (sockaddr_un).
    public init(path: String, connects: Bool = false, delegate: any VhostSocketDelegate) throws(DPDKError) {
        guard path.utf8.count < 108 else {
            throw DPDKError("listen at \(path)", code: 36, detail: "a socket's path has at most 107 bytes")
        }
        let context = unsafe Unmanaged.passRetained(DelegateBox(delegate)).toOpaque()
        var callbacks = unsafe cdpdk_vhost_callbacks(
            context: context,
            opened: { context, device in unsafe DelegateBox.at(context)?.guestOpened(device) },
            connected: { context, device in unsafe DelegateBox.at(context)?.guestConnected(device) },
            disconnected: { context, device in unsafe DelegateBox.at(context)?.guestDisconnected(device) },
            ring_changed: { context, device, ring, isEnabled in
                unsafe DelegateBox.at(context)?.guestRing(Int(ring), of: device, isEnabled: isEnabled)
            },
            refused: { context, device, fault in
                guard let fault = VhostMemoryFault(fault) else { return }
                unsafe DelegateBox.at(context)?.guestRefused(device, fault)
            })
        let result = unsafe cdpdk_vhost_register(path, connects, &callbacks)
        // Before the stored properties are set: a class that throws after that runs its deinit.
        if result < 0 {
            unsafe Unmanaged<DelegateBox>.fromOpaque(context).release()
            throw DPDKError("listen for a vhost-user guest at \(path)", code: result, detail: DPDKLog.takeLastLine())
        }
        self.path = path
        unsafe self.context = context
    }

    /// What the driver of a connected guest takes.
    public static func offloads(of device: VhostDeviceID) -> Offloads { Offloads(rawValue: cdpdk_vhost_offloads(device)) }

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
