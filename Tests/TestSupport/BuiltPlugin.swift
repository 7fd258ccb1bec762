// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// Plugins that this package builds as files of their own, for tests to load.
public enum BuiltPlugin: String, Sendable {
    /// In C: watches its host, and misbehaves as its file's name says (`viaduct_test_plugin.h`).
    case test = "viaduct-test"
    /// In C: a backend alone.
    case backendOnly = "viaduct-test-backend"
    /// In Swift: the template.
    case dummy = "viaduct-dummy"

    /// The file, which lies beside the tests' program; nil when it was not built.
    public var path: String? {
        guard let tests = MappedFiles.file(at: UInt(bitPattern: #dsohandle)) else { return nil }
        let file = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("lib\(rawValue).so").path
        return FileManager.default.fileExists(atPath: file) ? file : nil
    }
}

/// The files of code in this process, as the kernel lists them.
public enum MappedFiles {
    /// The file that is mapped at an address.
    public static func file(at address: UInt) -> String? {
        all.first { $0.range.contains(address) }?.path
    }

    /// The file of a shared library, by the beginning of its name.
    public static func library(_ prefix: String) -> String? {
        all.first { URL(fileURLWithPath: $0.path).lastPathComponent.hasPrefix(prefix) }?.path
    }

    private static var all: [(range: Range<UInt>, path: String)] {
        // The kernel gives it page by page: read until nothing comes.
        guard let file = FileHandle(forReadingAtPath: "/proc/self/maps") else { return [] }
        defer { try? file.close() }
        var maps = Data()
        while let part = try? file.read(upToCount: 1 << 16), !part.isEmpty { maps += part }
        return String(decoding: maps, as: UTF8.self).split(separator: "\n").compactMap { line in
            guard let slash = line.firstIndex(of: "/"), let space = line.firstIndex(of: " ") else { return nil }
            let ends = line[..<space].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, ends[0] < ends[1] else { return nil }
            return (ends[0]..<ends[1], String(line[slash...]))
        }
    }
}

/// A folder of plugins that a test fills; removed with the object. What was loaded from it stays loaded.
public final class PluginShelf {
    public let path: String

    public init() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plugins-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.resolvingSymlinksInPath().path
        try setMode(0o755)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// `libNAME.so` in the folder.
    public func file(_ name: String) -> String { "\(path)/lib\(name).so" }

    /// Copies a plugin into the folder; its file.
    @discardableResult
    public func put(_ plugin: BuiltPlugin, as name: String) throws -> String {
        guard let built = plugin.path else { throw NotBuilt(plugin: plugin) }
        try FileManager.default.copyItem(atPath: built, toPath: file(name))
        try setMode(0o644, of: "lib\(name).so")
        return file(name)
    }

    /// The mode of a file of the folder, or of the folder itself.
    public func setMode(_ mode: Int, of file: String = "") throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.isEmpty ? path : "\(path)/\(file)")
    }

    public struct NotBuilt: Error {
        public let plugin: BuiltPlugin
    }
}
