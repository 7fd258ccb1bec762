// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// What the kernel says about a file or a folder, as far as it decides whether code from there may run in this process.
struct FileState: Sendable, Equatable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    /// Seconds and nanoseconds of the last change of the contents.
    let modified: [Int]
    /// Likewise of contents, owner, mode or links: unlike the other, it cannot be set back.
    let changed: [Int]
    let mode: UInt32
    let owner: UInt32

    /// nil when there is nothing at `path`: see `errno`. Follows symbolic links.
    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        size = Int64(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        mode = status.st_mode
        owner = status.st_uid
    }

    var isFolder: Bool { mode & S_IFMT == S_IFDIR }
    var isFile: Bool { mode & S_IFMT == S_IFREG }

    /// Whether what was loaded from `other`, under whatever name, is what this file holds.
    func hasContents(of other: FileState) -> Bool {
        isSameFile(as: other) && size == other.size && modified == other.modified
    }

    func isSameFile(as other: FileState) -> Bool { device == other.device && inode == other.inode }

    /// How somebody other than root and `user` may write here; nil when nobody may. An access control list that lets anybody
    /// write shows in the group's bits, which then are its mask.
    func strangers(user: UInt32) -> String? {
        if let owner = foreignOwner(user) { return owner }
        if mode & S_IWOTH != 0 { return "may be written by everybody" }
        if mode & S_IWGRP != 0 { return "may be written by its group" }
        return nil
    }

    /// Likewise for a folder on the way: in a sticky one, such as /tmp, others cannot touch what is not theirs.
    func strangersOnTheWay(user: UInt32) -> String? {
        mode & S_ISVTX != 0 ? foreignOwner(user) : strangers(user: user)
    }

    private func foreignOwner(_ user: UInt32) -> String? {
        owner == 0 || owner == user ? nil : "belongs to user \(owner)"
    }
}

/// The path without symbolic links; nil when it leads nowhere: see `errno`.
func resolve(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
}

/// The last error of the C library, in words.
func lastError() -> String {
    let code = errno
    return unsafe String(cString: strerror(code))
}
