// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// The one folder from which this process takes plugins that are files of their own.
///
/// Whoever may put a file there, or change one, decides what code runs in this process. So the folder, what is above it and the files
/// must be out of the reach of everybody but root and the process's user; that is checked at each use.
public struct PluginFolder: Sendable {
    /// The folder itself, without symbolic links.
    public let path: String
    private let user: UInt32

    /// - Parameter path: of an existing folder. A symbolic link is followed now, and not again.
    public init(path: String) throws(PluginFolderError) {
        try self.init(path: path, user: geteuid())
    }

    /// - Parameter user: who, beside root, may own and write what is loaded.
    init(path: String, user: UInt32) throws(PluginFolderError) {
        guard !path.isEmpty, !path.utf8.contains(0), let resolved = resolve(path) else {
            let problem = path.isEmpty || path.utf8.contains(0) ? "this is no path" : lastError()
            throw .folderUnusable(path: path, problem: problem)
        }
        self.path = resolved
        self.user = user
        try check()
    }

    /// Loads the plugin from `libNAME.so`; the same one again when that was done before.
    ///
    /// Its code stays in the process. To load a new build, give it a new file name.
    public func load(_ name: String) throws(PluginFolderError) -> PluginFile {
        guard PluginName.isValid(name) else { throw .invalidName(name) }
        try check()
        let entry = "\(prefix)\(PluginName.file(name))"
        guard let file = resolve(entry) else {
            if errno == ENOENT { throw .notFound(name: name, folder: path, known: try names()) }
            throw .fileUnusable(path: entry, problem: lastError())
        }
        // Links within the folder, such as from a name without a version to one with it, are fine.
        guard file.hasPrefix(prefix), !file.dropFirst(prefix.count).contains("/") else {
            throw .leadsOut(path: entry, target: file)
        }
        let object = try SharedObject.Register.shared.open(file, name: name, user: user)
        return try PluginFile(object, name: name, path: file)
    }

    /// The names for which the folder has a file, in alphabetical order. Nothing is loaded.
    public func names() throws(PluginFolderError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).compactMap(PluginName.ofFile).sorted()
        } catch {
            throw .folderUnusable(path: path, problem: "it cannot be read")
        }
    }

    /// A file of the folder, and what became of loading it.
    public struct Listing: Sendable {
        public let name: String
        /// The plugin with its kind and versions, or why it is none.
        public let plugin: Result<PluginFile, PluginFolderError>
    }

    /// Every plugin of the folder, in alphabetical order.
    ///
    /// - Note: a file's kind and version are known to its code alone. So this loads each of them, for good: it is for a process
    ///   that only wants to know.
    public func plugins() throws(PluginFolderError) -> [Listing] {
        try check()
        return try names().map { name in
            Listing(name: name, plugin: Result { () throws(PluginFolderError) in try load(name) })
        }
    }

    private var prefix: String { path == "/" ? "/" : "\(path)/" }

    /// Refuses a folder that strangers may write to, or replace.
    private func check() throws(PluginFolderError) {
        guard let state = FileState(path: path) else { throw .folderUnusable(path: path, problem: lastError()) }
        guard state.isFolder else { throw .folderUnusable(path: path, problem: "it is no folder") }
        if let problem = state.strangers(user: user) { throw .folderNotTrusted(path: path, problem: problem) }
        var above = path
        while above != "/" {
            above = String(above[..<(above.lastIndex(of: "/") ?? above.startIndex)])
            if above.isEmpty { above = "/" }
            guard let state = FileState(path: above) else { throw .folderUnusable(path: above, problem: lastError()) }
            if let problem = state.strangersOnTheWay(user: user) { throw .folderNotTrusted(path: above, problem: problem) }
        }
    }
}
