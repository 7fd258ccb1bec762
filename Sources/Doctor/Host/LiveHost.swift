// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// The host that this process runs on.
public final class LiveHost: HostFiles {
    public init() {}

    public func text(_ path: String) -> String? {
        // Files of /proc and /sys say that they are empty: they are read until they end.
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    public func names(in path: String) -> [String]? {
        try? FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    public func target(_ path: String) -> String? {
        guard let words = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return nil }
        return words.split(separator: "/").last.map(String.init)
    }

    public func state(_ path: String) -> FileState? {
        var found = stat()
        guard unsafe stat(path, &found) == 0 else { return nil }
        return FileState(mode: found.st_mode & 0o7777, isFolder: found.st_mode & S_IFMT == S_IFDIR)
    }
}
