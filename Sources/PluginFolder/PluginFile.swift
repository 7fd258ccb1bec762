// SPDX-License-Identifier: BSD-3-Clause
public import CViaductAccel

/// A plugin that was loaded from its folder: the tables of the halves that it implements.
///
/// The code and the tables stay for the life of the process, whether anybody uses them or not.
@safe
public struct PluginFile: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): what the pointers lead to never changes, as the entry points' contract says.

    /// Which halves a plugin implements.
    public enum Kind: String, Sendable {
        case backend, frontend, both
    }

    public let name: String
    /// The file itself, without symbolic links.
    public let path: String
    public let kind: Kind
    /// What netback loads; nil when the plugin has no such half.
    @unsafe public let backendHooks: UnsafePointer<viaduct_backend_hooks>?
    /// What netfront loads; nil when the plugin has no such half.
    @unsafe public let frontendHooks: UnsafePointer<viaduct_frontend_hooks>?

    /// The API version that a half is written for; nil when the plugin has no such half.
    public func version(of half: PluginHalf) -> UInt32? {
        switch half {
        case .backend: unsafe backendHooks?.pointee.api_version
        case .frontend: unsafe frontendHooks?.pointee.api_version
        }
    }

    typealias BackendEntry =
        @convention(c) (UInt32, UnsafeMutablePointer<UnsafePointer<CChar>?>) -> UnsafePointer<viaduct_backend_hooks>?
    typealias FrontendEntry =
        @convention(c) (UInt32, UnsafeMutablePointer<UnsafePointer<CChar>?>) -> UnsafePointer<viaduct_frontend_hooks>?

    /// Asks the file for its tables, and checks what every table begins with; hosts check the rest.
    init(_ object: SharedObject, name: String, path: String) throws(PluginFolderError) {
        self.name = name
        self.path = path
        let host = UInt32(VIADUCT_ACCEL_API_VERSION)
        var reason: UnsafePointer<CChar>?
        if let function = unsafe object.function("viaduct_backend_plugin") {
            // SAFETY: the header gives what has this name this type.
            let entry = unsafe unsafeBitCast(function, to: BackendEntry.self)
            guard let table = unsafe entry(host, &reason) else {
                throw .refused(name: name, half: .backend, reason: unsafe Self.text(reason))
            }
            try unsafe Self.check(UnsafeRawPointer(table), MemoryLayout<viaduct_backend_hooks>.size, .backend, name)
            unsafe backendHooks = table
        } else {
            unsafe backendHooks = nil
        }
        unsafe reason = nil
        if let function = unsafe object.function("viaduct_frontend_plugin") {
            // SAFETY: as above.
            let entry = unsafe unsafeBitCast(function, to: FrontendEntry.self)
            guard let table = unsafe entry(host, &reason) else {
                throw .refused(name: name, half: .frontend, reason: unsafe Self.text(reason))
            }
            try unsafe Self.check(UnsafeRawPointer(table), MemoryLayout<viaduct_frontend_hooks>.size, .frontend, name)
            unsafe frontendHooks = table
        } else {
            unsafe frontendHooks = nil
        }
        switch unsafe (backendHooks != nil, frontendHooks != nil) {
        case (true, true): kind = .both
        case (true, false): kind = .backend
        case (false, true): kind = .frontend
        case (false, false): throw .noEntryPoint(path: path)
        }
    }

    @unsafe
    private static func text(_ reason: UnsafePointer<CChar>?) -> String {
        unsafe reason.map { unsafe String(cString: $0) } ?? "no reason given"
    }

    /// Every table begins with its version and its size, for ever.
    @unsafe
    private static func check(
        _ table: UnsafeRawPointer, _ known: Int, _ half: PluginHalf, _ name: String
    ) throws(PluginFolderError) {
        let version = unsafe table.load(as: UInt32.self)
        let size = unsafe Int(table.load(fromByteOffset: 4, as: UInt32.self))
        if version > UInt32(VIADUCT_ACCEL_API_VERSION) {
            throw .tooNew(name: name, half: half, plugin: version, host: UInt32(VIADUCT_ACCEL_API_VERSION))
        }
        if version < UInt32(VIADUCT_ACCEL_API_OLDEST) {
            throw .tooOld(name: name, half: half, plugin: version, oldest: UInt32(VIADUCT_ACCEL_API_OLDEST))
        }
        guard size >= known else {
            throw .tableUnusable(name: name, half: half, problem: "it has \(size) bytes, this version has \(known)")
        }
    }
}
