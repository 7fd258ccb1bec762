// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
import Foundation
import Synchronization

/// The backend's end of the control link of a guest in another DPDK process: a UNIX socket that carries the link's messages, one in a
/// packet (SOCK_SEQPACKET).
///
/// The newest connection is the guest's: the one before may have died without a word. A peer that breaks the rules of the link is
/// sent away, and may come again.
public final class RemoteGuestLink: ControlLink, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): `peer` is guarded by the lock.
    public let side = ControlSide.backend
    /// Where the guest connects.
    public let path: String
    private let listener: MessageListener
    private let lock = NSLock()
    private var peer: MessageSocket?
    /// Rises by one as a guest comes, and as it goes.
    private let state = Atomic<UInt64>(0)

    /// Listens, for this process's user alone; a socket that nobody serves any more is replaced.
    public init(path: String) throws(SocketError) {
        self.path = path
        listener = try MessageListener(path: path)
    }

    /// How often a guest came or went, and whether one is there.
    var presence: (changes: UInt32, isThere: Bool) {
        let word = state.load(ordering: .acquiring)
        return (UInt32(truncatingIfNeeded: word), word & 1 == 1)
    }

    public func send(_ message: ControlMessage) -> ControlSendResult {
        guard message.sender == side, message.isEncodable else { return .invalid }
        return lock.withLock {
            guard let peer else { return .refused }
            return peer.send(ControlCodec.encode(message)) ? .sent : .full
        }
    }

    public func receive() -> ControlReceipt? {
        lock.withLock {
            acceptNewest()
            guard let peer else { return nil }
            switch peer.receive() {
            case .nothing: return nil
            case .closed:
                leave()
                return nil
            case .message(let bytes):
                do throws(ControlDecodingError) {
                    return .message(try ControlCodec.decode(bytes, from: .frontend))
                } catch {
                    return .violation(error)
                }
            }
        }
    }

    /// Sends the guest away.
    public func reset() { lock.withLock { leave() } }

    /// Most connections that are looked at in one call, so that a storm of them costs no more.
    private static let connectionsPerCall = 8

    private func acceptNewest() {
        for _ in 0..<Self.connectionsPerCall {
            guard let newest = listener.accept() else { return }
            leave()
            peer = newest.socket
            state.add(1, ordering: .releasing)
        }
    }

    /// Closes the connection, if there is one.
    private func leave() {
        guard let gone = peer else { return }
        gone.close()
        peer = nil
        state.add(1, ordering: .releasing)
    }
}
