// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// A folder for this process's sockets, made fresh and removed with it.
final class SocketFolder: Sendable {
    let path: String

    /// In `$XDG_RUNTIME_DIR` where there is one in which the sockets' paths are not too long, else in `/tmp`.
    ///
    /// - Parameter longest: bytes of the longest path below the folder, with its first /; a socket's whole path has at most 107.
    init(longest: Int = 0) throws(HostError) {
        let base =
            ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"].flatMap {
                Self.isWritable($0) && $0.utf8.count + "/viaduct-XXXXXX".utf8.count + longest <= 107 ? $0 : nil
            } ?? "/tmp"
        let pattern = "\(base)/viaduct-XXXXXX"
        guard let made = unsafe strdup(pattern) else { throw HostError("no memory for a path") }
        defer { unsafe free(made) }
        guard unsafe mkdtemp(made) != nil else {
            throw HostError("can't make a folder for sockets in \(base): \(unsafe String(cString: strerror(errno)))")
        }
        path = unsafe String(cString: made)
    }

    private static func isWritable(_ path: String) -> Bool { unsafe !path.isEmpty && access(path, W_OK | X_OK) == 0 }

    /// Removes the folder and what is in it.
    func remove() { try? FileManager.default.removeItem(atPath: path) }

    deinit { remove() }
}
