// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

/// A client of DPDK's telemetry, as dpdk-telemetry.py is one: a packet of a command, a packet of JSON.
final class TelemetryClient {
    private let descriptor: Int32
    /// What the library says first.
    private(set) var greeting: [String: Any] = [:]

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8.prefix(107)) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        let code = errno
        try #require(result == 0, "\(path): \(unsafe String(cString: strerror(code)))")
        greeting = try receive()
    }

    deinit { close(descriptor) }

    /// The answer to a command; nil for null.
    func ask(_ command: String) throws -> Any? {
        let bytes = Array(command.utf8)
        let sent = unsafe send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        try #require(sent == bytes.count)
        let all = try receive()
        let name = command.split(separator: ",")[0]
        let answer = try #require(all[String(name)])
        return answer is NSNull ? nil : answer
    }

    /// The object that a command is answered with.
    func object(_ command: String) throws -> [String: Any] { try #require(try ask(command) as? [String: Any]) }

    private func receive() throws -> [String: Any] {
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        let length = unsafe recv(descriptor, &buffer, buffer.count, 0)
        try #require(length > 0)
        return try #require(try JSONSerialization.jsonObject(with: Data(buffer.prefix(length))) as? [String: Any])
    }
}
