// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
public import CViaductAccel
import DPDK

/// An ``AcceleratedBackend`` in the form that netback loads. Keep it until netback let go of the plugin.
@safe
public final class AcceleratedBackendPlugin: Sendable {
    public let backend: AcceleratedBackend
    private let table: BackendHooks

    public init(_ backend: AcceleratedBackend) {
        self.backend = backend
        unsafe table = BackendHooks(
            name: backend.name, accelerator: backend, hot: UnsafeMutableRawPointer(backend.flowWatch.watch),
            receivedFromWire: acceleratedBackendReceived, transmittedToWire: acceleratedBackendTransmitted)
    }

    /// Valid as long as this object.
    @unsafe public var hooks: UnsafePointer<viaduct_backend_hooks> { unsafe table.table }
}

@c(viaduct_accelerated_backend_received) @_noLocks
func acceleratedBackendReceived(
    _ plugin: UnsafeMutableRawPointer, _ mbufs: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ count: UInt16
) {
    let watch = unsafe HotContext.of(plugin).assumingMemoryBound(to: FlowWatch.self)
    unsafe watch.pointee.look(at: BorrowedBurst(UnsafeMutableRawPointer(mbufs), count: count))
}

@c(viaduct_accelerated_backend_transmitted) @_noLocks
func acceleratedBackendTransmitted(
    _ plugin: UnsafeMutableRawPointer, _ mbufs: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ count: UInt16
) {
    // All forms steer by the guest's own address: what it sends tells them nothing.
}
