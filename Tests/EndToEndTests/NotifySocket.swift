// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// What a service manager listens at (sd_notify(3)).
final class NotifySocket {
    let path: String
    private let descriptor: Int32
    private var heard: [String] = []

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw CommandTimeout(description: "\(path) can't be bound") }
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path)
    }

    deinit { close(descriptor) }

    /// All messages so far, oldest first.
    var messages: [String] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while case let length = unsafe recv(descriptor, &bytes, bytes.count, 0), length > 0 {
            heard.append(String(decoding: bytes.prefix(length), as: UTF8.self))
        }
        return heard
    }

    func count(_ word: String) -> Int { messages.count { $0.split(separator: "\n").contains(Substring(word)) } }

    /// Whether a message has the line within `seconds`.
    func hears(_ line: String, within seconds: Double) -> Bool {
        let end = DispatchTime.now() + seconds
        while DispatchTime.now() < end {
            if count(line) > 0 { return true }
            Thread.sleep(forTimeInterval: 0.005)
        }
        return false
    }
}
