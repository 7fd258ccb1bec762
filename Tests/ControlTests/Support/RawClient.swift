// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// A client that may say anything.
final class RawClient {
    private var descriptor: Int32
    private var waiting: [UInt8] = []

    struct Hung: Error {}

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result != 0 { throw Hung() }
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Foundation.close(descriptor) }
        descriptor = -1
    }

    /// As much as there is room for, for a moment.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        var patience = 100
        while sent < bytes.count, patience > 0 {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                sent += count
            } else {
                patience -= 1
                usleep(1000)
            }
        }
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func lines(_ count: Int) throws -> [String] {
        var found: [String] = []
        while found.count < count {
            while let end = waiting.firstIndex(of: UInt8(ascii: "\n")), found.count < count {
                found.append(String(decoding: waiting[..<end], as: UTF8.self))
                waiting.removeFirst(end + 1)
            }
            if found.count == count { break }
            guard let piece = read(), !piece.isEmpty else { throw Hung() }
            waiting += piece
        }
        return found
    }

    /// Whether the other side hung up.
    func isClosed() -> Bool {
        while let piece = read() { if piece.isEmpty { return true } }
        return errno == ECONNRESET
    }

    /// nil after an error.
    private func read() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : Array(bytes[..<count])
    }
}
