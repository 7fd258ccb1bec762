// SPDX-License-Identifier: BSD-3-Clause

/// What the doctor reads of a host: files of `/proc` and `/sys`, and the state of some others. It never writes.
public protocol HostFiles: AnyObject {
    /// The contents; nil when there is no such file, or it may not be read.
    func text(_ path: String) -> String?
    /// The names in a folder, sorted; nil when there is no such folder.
    func names(in path: String) -> [String]?
    /// The last component of what a symbolic link leads to, such as a driver's name; nil when it is no link.
    func target(_ path: String) -> String?
    /// Who may write to a file or folder; follows links. nil when there is none.
    func state(_ path: String) -> FileState?
}

/// Of a file or a folder, as stat(2) has it.
public struct FileState: Sendable, Equatable, Codable {
    /// The permission bits, with the sticky one.
    public var mode: UInt32
    public var isFolder: Bool

    public init(mode: UInt32, isFolder: Bool) {
        self.mode = mode
        self.isFolder = isFolder
    }
}

extension HostFiles {
    /// The first line without the blanks around it; nil for a file that is missing or empty.
    func line(_ path: String) -> String? {
        let first = text(path)?.split(whereSeparator: \.isNewline).first.map(String.init)
        let words = first.map { $0.trimmingBlanks } ?? ""
        return words.isEmpty ? nil : words
    }

    /// The number that is all a file holds, in decimal or, after `0x`, in hexadecimal.
    func number(_ path: String) -> Int? {
        guard let line = line(path) else { return nil }
        return line.hasPrefix("0x") ? Int(line.dropFirst(2), radix: 16) : Int(line)
    }
}

extension StringProtocol {
    /// Without blanks at both ends.
    var trimmingBlanks: String {
        var rest = self[...]
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest.drop(while: \.isWhitespace))
    }
}
