// SPDX-License-Identifier: BSD-3-Clause
public import CViaductAccel
import Foundation

// What makes a file of its own of a plugin: built as a shared object, the host finds these by their names in C. A host that has
// the plugin in its program does not call them.

/// Lives as long as the process, as the tables that the entry points give must.
private let plugin = DummyAccelerator { line in FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

private let hostTooOld: StaticString = "the host is older than the plugin"

/// Whether that host knows our tables. We have none for older ones, and a newer host takes ours as they are.
private func isServed(
    _ hostVersion: UInt32, _ reason: UnsafeMutablePointer<UnsafePointer<CChar>?>
) -> Bool {
    if hostVersion >= UInt32(VIADUCT_ACCEL_API_VERSION) { return true }
    unsafe reason.pointee = UnsafeRawPointer(hostTooOld.utf8Start).assumingMemoryBound(to: CChar.self)
    return false
}

@c(viaduct_backend_plugin)
public func dummyBackendPlugin(
    _ hostVersion: UInt32, _ reason: UnsafeMutablePointer<UnsafePointer<CChar>?>
) -> UnsafePointer<viaduct_backend_hooks>? {
    unsafe isServed(hostVersion, reason) ? plugin.backendHooks : nil
}

@c(viaduct_frontend_plugin)
public func dummyFrontendPlugin(
    _ hostVersion: UInt32, _ reason: UnsafeMutablePointer<UnsafePointer<CChar>?>
) -> UnsafePointer<viaduct_frontend_hooks>? {
    unsafe isServed(hostVersion, reason) ? plugin.frontendHooks : nil
}
