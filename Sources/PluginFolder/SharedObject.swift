// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// A file of code in this process, for good: the handle of the dynamic loader.
@safe
struct SharedObject: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the loader's functions may be called from any thread; the handle is never closed.
    private let handle: UnsafeMutableRawPointer

    /// The address of an exported function; nil when this file, and what it was linked with, has none of that name.
    @unsafe
    func function(_ name: String) -> UnsafeMutableRawPointer? { unsafe dlsym(handle, name) }

    /// Opens files, and remembers what they were.
    ///
    /// The loader takes a file that it has already for the one that is asked for, by its path or by its inode, without another look at
    /// it. Who replaced a plugin's file would go on with the old code and not know it. So that is refused here.
    final class Register: @unchecked Sendable {
        // SAFETY (@unchecked Sendable): `opened` is guarded by the lock.
        /// One for the process, as is the loader.
        static let shared = Register()
        private let lock = NSLock()
        private var opened: [String: FileState] = [:]

        /// - Parameter path: of the file itself, without symbolic links.
        func open(_ path: String, name: String, user: UInt32) throws(PluginFolderError) -> SharedObject {
            // One at a time: between the looks at a file and the loader's own, nothing else is recorded.
            lock.lock()
            defer { lock.unlock() }
            let state = try Self.look(at: path, user: user)
            if let before = opened[path], before != state { throw .changed(name: name, path: path) }
            if opened.values.contains(where: { $0.isSameFile(as: state) && !$0.hasContents(of: state) }) {
                throw .changed(name: name, path: path)
            }
            if let problem = ObjectFile.problem(path: path, size: state.size) {
                throw .notLoadable(path: path, problem: problem)
            }
            // NODELETE: a Swift plugin that was unmapped would crash the process later, and no plugin can promise that none of its
            // code is on a thread's stack. NOW: a missing symbol is an error here, not the end of the process in a hook.
            guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
                let problem = unsafe dlerror().map { unsafe String(cString: $0) } ?? "no reason given"
                throw .notLoadable(path: path, problem: problem)
            }
            opened[path] = state
            // Who replaces a file while it is being opened gets no half of each.
            guard FileState(path: path) == state else { throw .changed(name: name, path: path) }
            return unsafe SharedObject(handle: handle)
        }

        private static func look(at path: String, user: UInt32) throws(PluginFolderError) -> FileState {
            guard let state = FileState(path: path) else { throw .fileUnusable(path: path, problem: lastError()) }
            guard state.isFile else { throw .fileUnusable(path: path, problem: "it is no ordinary file") }
            if let problem = state.strangers(user: user) { throw .fileNotTrusted(path: path, problem: problem) }
            return state
        }
    }
}
