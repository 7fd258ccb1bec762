// SPDX-License-Identifier: BSD-3-Clause
import CProcess
import Foundation

/// One end of a socket that carries whole messages (AF_UNIX, SOCK_SEQPACKET), closed with this value. Nothing here waits.
@safe
public final class MessageSocket: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): a descriptor that changes in close() alone, which its one user calls.
    private var descriptor: Int32

    public enum Received: Equatable, Sendable {
        case message([UInt8])
        /// Nothing now.
        case nothing
        /// The other side is gone.
        case closed
    }

    fileprivate init(descriptor: Int32) { self.descriptor = descriptor }

    /// Connects to the socket at `path`; an errno when nobody serves it.
    public init(connectingTo path: String) throws(SocketError) {
        let result = unsafe cprocess_connect(path)
        guard result >= 0 else { throw SocketError("connect to \(path)", code: 0 - result) }
        descriptor = result
    }

    deinit { close() }

    public func close() {
        if descriptor >= 0 { cprocess_close(descriptor) }
        descriptor = -1
    }

    /// False when there is no room now; true when the message is under way, or nobody will ever read it.
    public func send(_ bytes: [UInt8]) -> Bool {
        let result = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe buffer.baseAddress.map { unsafe cprocess_send(descriptor, $0, buffer.count) } ?? 0
        }
        return result != -Int(EAGAIN)
    }

    /// The next message, whose octets beyond one more than the longest control message are left out.
    public func receive() -> Received {
        let most = ControlProtocol.maximumMessageLength + 1
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: most) { buffer -> Received in
            guard let base = buffer.baseAddress else { return .nothing }
            let length = unsafe cprocess_receive(descriptor, base, most)
            if length == -Int(EAGAIN) { return .nothing }
            guard length > 0 else { return .closed }
            return unsafe .message(Array(buffer.prefix(min(length, most))))
        }
    }
}

/// A socket for guests to connect to, removed with this value.
public final class MessageListener: Sendable {
    public let path: String
    private let descriptor: Int32

    /// Who is at the other end.
    public struct Peer: Sendable {
        public let socket: MessageSocket
        public let pid: Int32
        public let uid: UInt32
    }

    /// Replaces a socket that a process left behind; never one that is served.
    public init(path: String) throws(SocketError) {
        let result = unsafe cprocess_listen(path)
        guard result >= 0 else { throw SocketError("listen at \(path)", code: 0 - result) }
        self.path = path
        descriptor = result
        // For root and netback's own user.
        unsafe chmod(path, 0o600)
    }

    deinit {
        cprocess_close(descriptor)
        unsafe unlink(path)
    }

    /// The next peer; nil when none waits.
    public func accept() -> Peer? {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        let result = unsafe cprocess_accept(descriptor, &pid, &uid)
        guard result >= 0 else { return nil }
        return Peer(socket: MessageSocket(descriptor: result), pid: pid, uid: uid)
    }
}

/// What went wrong with a socket.
public struct SocketError: Error, Sendable, Equatable, CustomStringConvertible {
    public let operation: String
    public let code: Int32

    public init(_ operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    public var description: String { "\(operation): \(unsafe String(cString: strerror(code)))" }
}

/// A process, held by a descriptor: its number may become another's, this stays the same process.
public final class PeerProcess: Sendable {
    public let pid: Int32
    private let descriptor: Int32

    /// nil when there is no such process any more.
    public init?(pid: Int32) {
        let result = cprocess_open(pid)
        guard result >= 0 else { return nil }
        self.pid = pid
        descriptor = result
    }

    deinit { cprocess_close(descriptor) }

    /// Whether it is this process.
    public var isOwn: Bool { pid == getpid() }

    /// Ends it at once, also when it is stopped. Never this process.
    public func kill() { if !isOwn { _ = cprocess_signal(descriptor, SIGKILL) } }

    /// Whether it touches no memory any more.
    public var hasEnded: Bool { cprocess_has_ended(descriptor) }
}

/// Starts this program anew in place of this process.
public enum ProgramRestart {
    /// Whether memory is laid out at random, which can keep a secondary process from mapping the host's memory where the host has it.
    public static var isRandomized: Bool { cprocess_is_randomized() }

    /// Returns only when it failed.
    public static func begin(withoutRandomization: Bool) -> SocketError {
        var arguments = unsafe CommandLine.arguments.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        let result = unsafe arguments.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return Int32(-EINVAL) }
            return unsafe withoutRandomization ? cprocess_restart_without_randomization(base) : cprocess_restart(base)
        }
        return SocketError("start anew", code: 0 - result)
    }
}
