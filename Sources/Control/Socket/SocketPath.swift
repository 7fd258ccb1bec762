// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// The file of a UNIX socket: whether somebody serves it, and who may use it.
public enum SocketPath {
    /// Makes way for a new socket: makes the folder, and removes a socket that nobody serves any more.
    ///
    /// - Throws: when somebody serves it, or something else is there.
    public static func prepare(_ path: String) throws(ControlFailure) {
        try makeFolder(ofSocket: path)
        var information = stat()
        guard unsafe lstat(path, &information) == 0 else {
            if errno == ENOENT { return }
            throw ControlFailure("\(path) can't be looked at: \(systemError()): choose another path")
        }
        guard information.st_mode & S_IFMT == S_IFSOCK else {
            throw ControlFailure("\(path) exists and is no socket: remove it, or choose another path")
        }
        switch connect(path) {
        // A socket of another type has its server, too.
        case 0, EPROTOTYPE: throw ControlFailure("\(path) is served by another process: end that, or choose another path")
        case ECONNREFUSED:
            guard unsafe unlink(path) == 0 || errno == ENOENT else {
                throw ControlFailure("nobody serves \(path), but it can't be removed: \(systemError()): remove it")
            }
        case ENOENT: break
        case let code: throw ControlFailure("\(path) exists and can't be tried: \(systemError(code)): choose another path")
        }
    }

    /// Makes the folder that a socket is to be in, if it isn't there: what is in `/run` is gone after a start of the machine.
    static func makeFolder(ofSocket path: String) throws(ControlFailure) {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        guard !folder.isEmpty, unsafe mkdir(folder, 0o755) != 0, errno != EEXIST else { return }
        throw ControlFailure("can't make the folder \(folder) for sockets: \(systemError()): make it, or choose another path")
    }

    /// Gives the socket to those who may use it.
    public static func allow(_ access: SocketAccess, _ path: String) throws(ControlFailure) {
        let owner = access.owner.flatMap(UserDirectory.user)
        let group = access.group.flatMap(UserDirectory.group)
        if owner != nil || group != nil, unsafe chown(path, owner ?? uid_t.max, group ?? gid_t.max) != 0 {
            throw ControlFailure(
                "\(path) can't be given to its owner: \(systemError()): run as root, or leave owner and group out")
        }
        if let mode = access.mode, unsafe chmod(path, mode_t(mode)) != 0 {
            throw ControlFailure("the mode of \(path) can't be set: \(systemError()): choose another path")
        }
    }

    /// 0, or the errno of a try to connect.
    private static func connect(_ path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        guard connectSocket(descriptor, path) else { return errno }
        return 0
    }

    /// `path` may be the name of an abstract socket behind `@` (unix(7)).
    static func connectSocket(_ descriptor: Int32, _ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < room else {
            errno = ENAMETOOLONG
            return false
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        // All of an abstract name counts, and nothing behind it may.
        let whole = MemoryLayout<sockaddr_un>.size
        let length = socklen_t(isAbstract ? whole - room + bytes.count : whole)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Foundation.connect(descriptor, $0, length) == 0
            }
        }
    }

    static func systemError(_ code: Int32 = errno) -> String { unsafe String(cString: strerror(code)) }
}
