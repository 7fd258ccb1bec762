// SPDX-License-Identifier: BSD-3-Clause
import CViaductAccel
import Foundation
import PluginFolder
import TestSupport

/// The plugin in C that watches its host (`viaduct_test_plugin.h`), as a file of its own: so its counts are its own, too.
@safe
final class WatchedPlugin: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the plugin's functions may be called from any thread; nothing here changes.

    /// In the order of `enum viaduct_test_hook`.
    enum Hook: UInt32, CaseIterable {
        case newDevice, removeDevice, suspend, resume, backendChanged, poll, transmit, transmitDone, clock, armWakeup
        case disarmWakeup, isReady, statistics
        case attach, detach, probe, removeVif, want, received, transmitted, controlMessage, pathEvent, localAddresses
        case portSuspended, portResumed, linkChanged, tick

        static let frontend = allCases.filter { $0.rawValue < Hook.attach.rawValue }
        static let backend = allCases.filter { $0.rawValue >= Hook.attach.rawValue }
    }

    private typealias CountOf = @convention(c) (UInt32) -> UInt64
    private typealias Count = @convention(c) () -> UInt64
    private typealias Block = @convention(c) (UInt32, Bool) -> Void
    private typealias Mute = @convention(c) (Bool) -> Void
    private typealias WrapBackend = @convention(c) (UnsafePointer<viaduct_backend_hooks>?) -> Void
    private typealias WrapFrontend = @convention(c) (UnsafePointer<viaduct_frontend_hooks>?) -> Void

    let file: PluginFile
    private let handle: UnsafeMutableRawPointer

    struct NotThere: Error {}

    /// Loads a copy of the plugin; words in its name make it misbehave.
    init(_ shelf: PluginShelf, as name: String) throws {
        try shelf.put(.test, as: name)
        file = try PluginFolder(path: shelf.path).load(name)
        guard let handle = unsafe dlopen(file.path, RTLD_NOW | RTLD_NOLOAD) else { throw NotThere() }
        unsafe self.handle = handle
    }

    @unsafe var backendHooks: UnsafePointer<viaduct_backend_hooks> { unsafe file.backendHooks! }
    @unsafe var frontendHooks: UnsafePointer<viaduct_frontend_hooks> { unsafe file.frontendHooks! }

    func calls(_ hook: Hook) -> UInt64 {
        unsafe unsafeBitCast(dlsym(handle, "viaduct_test_calls"), to: CountOf.self)(hook.rawValue)
    }
    /// By hook.
    var allCalls: [UInt64] { Hook.allCases.map(calls) }
    /// Frames that a hot hook of the backend was shown.
    func frames(_ hook: Hook) -> UInt64 {
        unsafe unsafeBitCast(dlsym(handle, "viaduct_test_frames"), to: CountOf.self)(hook.rawValue)
    }
    /// Calls that are inside of the hook now.
    func inside(_ hook: Hook) -> UInt64 {
        unsafe unsafeBitCast(dlsym(handle, "viaduct_test_inside"), to: CountOf.self)(hook.rawValue)
    }
    /// Calls of what was removed.
    var lateCalls: UInt64 { unsafe unsafeBitCast(dlsym(handle, "viaduct_test_late_calls"), to: Count.self)() }
    /// Calls that met one that they must not meet.
    var overlaps: UInt64 { unsafe unsafeBitCast(dlsym(handle, "viaduct_test_overlaps"), to: Count.self)() }

    func block(_ hook: Hook, _ isBlocked: Bool) {
        unsafe unsafeBitCast(dlsym(handle, "viaduct_test_block"), to: Block.self)(hook.rawValue, isBlocked)
    }
    /// Keeps what the frontend says from the plugin inside.
    func mute(_ isMuted: Bool) { unsafe unsafeBitCast(dlsym(handle, "viaduct_test_mute"), to: Mute.self)(isMuted) }

    /// Puts this plugin around another one, which then does the work. Not while a host has it.
    @unsafe func wrap(_ hooks: UnsafePointer<viaduct_backend_hooks>?) {
        unsafe unsafeBitCast(dlsym(handle, "viaduct_test_wrap_backend"), to: WrapBackend.self)(hooks)
    }
    @unsafe func wrap(_ hooks: UnsafePointer<viaduct_frontend_hooks>?) {
        unsafe unsafeBitCast(dlsym(handle, "viaduct_test_wrap_frontend"), to: WrapFrontend.self)(hooks)
    }
}
