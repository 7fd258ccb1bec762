// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// A connection to a daemon's control socket. One thread at a time.
public final class ControlClient {
    /// Bytes of the longest reply.
    static let maximumReply = 256 << 20

    private let path: String
    private let descriptor: Int32

    /// - Parameter seconds: how long the daemon may take with each part of an answer.
    public init(path: String, seconds: Int = 60) throws(ControlFailure) {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ControlFailure("can't make a socket: \(SocketPath.systemError())") }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            _ = unsafe setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard SocketPath.connectSocket(descriptor, path) else {
            let code = errno
            close(descriptor)
            throw Self.failure(path, code)
        }
    }

    deinit { close(descriptor) }

    private static func failure(_ path: String, _ code: Int32) -> ControlFailure {
        switch code {
        case ENOENT, ECONNREFUSED:
            ControlFailure(
                "no daemon serves \(path): start viaduct netback --config FILE, or name its control socket with --socket")
        case EACCES, EPERM: ControlFailure("you may not use \(path): see control.mode and control.group of the daemon")
        default: ControlFailure("can't connect to \(path): \(SocketPath.systemError(code))")
        }
    }

    /// Sends a request and waits for what comes of it.
    public func send<Result: Codable & Sendable>(
        _ request: ControlRequest, for _: Result.Type = Result.self
    ) throws(ControlFailure) -> Result {
        guard let line = try? JSONEncoder().encode(request), line.count < ControlRequest.maximumBytes else {
            throw ControlFailure("the request is longer than \(ControlRequest.maximumBytes) bytes: ask for less at once")
        }
        try write([UInt8](line) + [UInt8(ascii: "\n")])
        let reply: ControlReply<Result>
        do {
            reply = try JSONDecoder().decode(ControlReply<Result>.self, from: Data(try readLine()))
        } catch let failure as ControlFailure {
            throw failure
        } catch {
            throw ControlFailure("the daemon's answer is not understood: use the same build as the daemon")
        }
        guard reply.ok, let result = reply.result else { throw ControlFailure(lines: reply.errors ?? ["the daemon refused"]) }
        return result
    }

    private func write(_ bytes: [UInt8]) throws(ControlFailure) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes { buffer in
                unsafe Foundation.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw ControlFailure("the daemon at \(path) hung up: \(SocketPath.systemError())") }
            sent += count
        }
    }

    private func readLine() throws(ControlFailure) -> [UInt8] {
        var line: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while line.count < Self.maximumReply {
            let count = unsafe piece.withUnsafeMutableBytes { buffer in
                unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) {
                throw ControlFailure("the daemon at \(path) does not answer: look at its log")
            }
            guard count > 0 else { throw ControlFailure("the daemon at \(path) hung up: look at its log") }
            if let end = piece[..<count].firstIndex(of: UInt8(ascii: "\n")) { return line + piece[..<end] }
            line += piece[..<count]
        }
        throw ControlFailure("the daemon's answer is longer than \(Self.maximumReply) bytes: use the same build as the daemon")
    }
}
