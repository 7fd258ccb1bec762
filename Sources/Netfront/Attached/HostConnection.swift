// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
import DPDK
import Dataplane
import Foundation
import Synchronization

/// The guest's end of an attach socket: asks the host to let this process in, and then carries the control link.
public final class HostConnection: Sendable {
    private let socket: MessageSocket
    private let thread = Lock<ControlThread?>(nil)
    private let carrier: Carrier

    /// The frontend's end of the control link, for the netfront.
    public let link: InMemoryControlLink

    /// Connects to the socket at `path`, which is named after its vif.
    public init(path: String) throws(NetfrontError) {
        do throws(SocketError) {
            socket = try MessageSocket(connectingTo: path)
        } catch {
            throw .attach("\(error): is netback running, and is this the vif's socket?")
        }
        let links = InMemoryControlLink.makePair()
        link = links.frontend
        carrier = Carrier(socket: socket, link: links.backend)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        _ = socket.send(AttachCodec.encode(.hello(version: AttachProtocol.version, vif: name)))
    }

    /// What the host answers; waits for it.
    public func terms(limitMilliseconds: Int = 5000) throws(NetfrontError) -> AttachTerms {
        let end = DispatchTime.now() + .milliseconds(limitMilliseconds)
        while DispatchTime.now() < end {
            switch socket.receive() {
            case .nothing: usleep(1000)
            case .closed: throw .attach("the host closed the connection")
            case .message(let bytes):
                switch try? AttachCodec.decode(bytes, from: .backend) {
                case .accepted(let terms)?: return terms
                case .refused(let words)?: throw .attach("the host refuses: \(words)")
                default: throw .attach("the host speaks another protocol: use the same build")
                }
            }
        }
        throw .attach("the host does not answer")
    }

    /// Says that this process can't start and touches nothing of the host's.
    public func fail(_ words: String) {
        _ = socket.send(AttachCodec.encode(.failed(words)))
        socket.close()
    }

    /// Says that the guest polls, and carries messages until ``close(touchesNothing:)``, or until the host is gone.
    public func begin() {
        _ = socket.send(AttachCodec.encode(.ready))
        thread.withLock { thread in
            thread = ControlThread(name: "attach socket", intervalMicroseconds: 500) { [carrier] in
                if !carrier.carry() { carrier.isLost.store(true, ordering: .releasing) }
            }
        }
    }

    /// After ``begin()``: returns once the host delivers frames to this guest.
    public func awaitAdmission(limitMilliseconds: Int = 5000) throws(NetfrontError) {
        let end = DispatchTime.now() + .milliseconds(limitMilliseconds)
        while !carrier.isAdmitted.load(ordering: .acquiring) {
            if isLost { throw .attach("the host closed the connection") }
            guard DispatchTime.now() < end else { throw .attach("the host does not answer") }
            usleep(500)
        }
    }

    /// The host is gone, or about to go: its rings, its ports and its memory are nobody's any more.
    public var isLost: Bool { carrier.isLost.load(ordering: .acquiring) }

    /// - Parameter touchesNothing: whether nothing in this process touches the host's memory any more: the host need not wait for the
    ///   process's end.
    public func close(touchesNothing: Bool = false) {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.stop()
        if touchesNothing { _ = socket.send(AttachCodec.encode(.left)) }
        socket.close()
    }
}

/// Moves messages between the socket and the backend's end of the link in this process.
private final class Carrier: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): used by one thread.
    private static let messagesPerTurn = 64
    let isLost = Atomic<Bool>(false)
    let isAdmitted = Atomic<Bool>(false)
    private let socket: MessageSocket
    private let link: InMemoryControlLink
    private var outgoing: [UInt8]?
    private var incoming: [UInt8]?

    init(socket: MessageSocket, link: InMemoryControlLink) {
        self.socket = socket
        self.link = link
    }

    /// False when the host is gone.
    func carry() -> Bool {
        send()
        for _ in 0..<Self.messagesPerTurn {
            if let bytes = incoming {
                if link.send(encoded: bytes) == .full { return true }
                incoming = nil
            }
            switch socket.receive() {
            case .nothing: return true
            case .closed: return false
            case .message(let bytes):
                if !AttachProtocol.isAttachMessage(bytes) {
                    incoming = bytes
                    continue
                }
                switch try? AttachCodec.decode(bytes, from: .backend) {
                case .ping(let number)?: _ = socket.send(AttachCodec.encode(.pong(number)))
                case .admitted?: isAdmitted.store(true, ordering: .releasing)
                case .ending?: return false
                default: break
                }
            }
        }
        return true
    }

    private func send() {
        for _ in 0..<Self.messagesPerTurn {
            if outgoing == nil, case .message(let message)? = link.receive() { outgoing = ControlCodec.encode(message) }
            guard let bytes = outgoing, socket.send(bytes) else { return }
            outgoing = nil
        }
    }
}
