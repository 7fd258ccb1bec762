// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
import Foundation

/// The frontend's end of the control link of a guest in a DPDK process of its own: connects to the host's socket, again and again.
///
/// When the host is gone, the frontend is told to let go of its VI. The next host begins with an offer, as the first one did.
public final class RemoteHostLink: ControlLink, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): everything that changes is guarded by the lock.
    public let side = ControlSide.frontend
    public let path: String
    private let lock = NSLock()
    private var host: MessageSocket?
    private var nextAttempt: UInt64 = 0
    /// What the frontend was granted, and is told to let go of when the host is gone.
    private var granted: UInt32?
    private var farewell: UInt32?
    /// Of the local addresses, over all hosts: each counts from its own beginning.
    private var generation: UInt64 = 0

    private static let retryNanoseconds: UInt64 = 100_000_000

    /// Connects when it is first read.
    public init(path: String) { self.path = path }

    public func send(_ message: ControlMessage) -> ControlSendResult {
        guard message.sender == side, message.isEncodable else { return .invalid }
        return lock.withLock {
            guard let host else { return .refused }
            return host.send(ControlCodec.encode(message)) ? .sent : .full
        }
    }

    public func receive() -> ControlReceipt? {
        lock.withLock {
            if let id = farewell {
                farewell = nil
                return .message(.revoke(id: id, AccelerationReason(.guestGone, "the host ended")))
            }
            connect()
            guard let host else { return nil }
            switch host.receive() {
            case .nothing: return nil
            case .closed:
                leave()
                return nil
            case .message(let bytes): return read(bytes)
            }
        }
    }

    /// Leaves the host, and comes again.
    public func reset() { lock.withLock { leave() } }

    private func connect() {
        guard host == nil else { return }
        let now = DispatchTime.now().uptimeNanoseconds
        guard now >= nextAttempt else { return }
        nextAttempt = now + Self.retryNanoseconds
        // Nobody there is no error: the guest goes by the slow path.
        host = try? MessageSocket(connectingTo: path)
    }

    private func leave() {
        host?.close()
        host = nil
        // An id of 0 takes back an offer.
        farewell = granted ?? 0
        granted = nil
    }

    private func read(_ bytes: [UInt8]) -> ControlReceipt {
        do throws(ControlDecodingError) {
            let message = try ControlCodec.decode(bytes, from: .backend)
            switch message {
            case .grant(let id, _, _, _): granted = id
            case .revoke: granted = nil
            case .localAddresses(_, let addresses):
                generation += 1
                return .message(.localAddresses(generation: generation, addresses))
            default: break
            }
            return .message(message)
        } catch {
            leave()
            return .violation(error)
        }
    }
}
