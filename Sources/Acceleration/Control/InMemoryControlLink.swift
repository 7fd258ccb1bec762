// SPDX-License-Identifier: BSD-3-Clause

import Foundation

/// One end of a control link inside a process. It carries encoded messages, so that guests of every kind pass the
/// same checks.
///
/// Any thread may call it. The lock is Foundation's, because the thread sanitizer understands it.
public final class InMemoryControlLink: ControlLink {
    /// Messages that fit into one direction, not counting the slot of the local addresses.
    public static let capacity = 64

    public let side: ControlSide
    private let shared: Shared

    private init(side: ControlSide, shared: Shared) {
        self.side = side
        self.shared = shared
    }

    /// The two ends of a new link.
    public static func makePair() -> (backend: InMemoryControlLink, frontend: InMemoryControlLink) {
        let shared = Shared()
        return (Self(side: .backend, shared: shared), Self(side: .frontend, shared: shared))
    }

    public func send(_ message: ControlMessage) -> ControlSendResult {
        guard message.sender == side, message.isEncodable else { return .invalid }
        let bytes = ControlCodec.encode(message)
        if case .localAddresses(let generation, _) = message {
            return shared.withLock { $0[side].replaceLocalAddresses(bytes, generation: generation) }
        }
        return send(encoded: bytes)
    }

    /// Puts `bytes` on the link as they are: what a peer of another make might do. Checked at the other end.
    public func send(encoded bytes: [UInt8]) -> ControlSendResult {
        shared.withLock { $0[side].append(bytes) }
    }

    public func receive() -> ControlReceipt? {
        let sender = side.peer
        return shared.withLock { directions in
            guard let bytes = directions[sender].next() else { return nil }
            do throws(ControlDecodingError) {
                return .message(try ControlCodec.decode(bytes, from: sender))
            } catch {
                directions[sender].refuseAll()
                return .violation(error)
            }
        }
    }

    public func reset() {
        shared.withLock { directions in
            directions[.backend].reset()
            directions[.frontend].reset()
        }
    }
}

extension InMemoryControlLink {
    /// What one side sent and the other did not read yet.
    fileprivate struct Direction {
        private var queue: [[UInt8]] = []
        private var localAddresses: (bytes: [UInt8], generation: UInt64, unread: Bool)?
        private var refusesAll = false

        mutating func append(_ bytes: [UInt8]) -> ControlSendResult {
            if refusesAll { return .refused }
            guard queue.count < capacity else { return .full }
            // One octet too many is enough for the reader to see that it is too long.
            queue.append(Array(bytes.prefix(ControlProtocol.maximumMessageLength + 1)))
            return .sent
        }

        mutating func replaceLocalAddresses(_ bytes: [UInt8], generation: UInt64) -> ControlSendResult {
            if refusesAll { return .refused }
            if let newest = localAddresses, newest.generation >= generation { return .sent }
            localAddresses = (bytes, generation, true)
            return .sent
        }

        /// The local addresses go first: what is sent next by the VI must already respect them.
        mutating func next() -> [UInt8]? {
            if refusesAll { return nil }
            if let newest = localAddresses, newest.unread {
                localAddresses?.unread = false
                return newest.bytes
            }
            return queue.isEmpty ? nil : queue.removeFirst()
        }

        mutating func refuseAll() {
            queue.removeAll()
            refusesAll = true
        }

        mutating func reset() {
            queue.removeAll()
            refusesAll = false
            localAddresses?.unread = true
        }
    }

    fileprivate struct Directions {
        private var fromBackend = Direction()
        private var fromFrontend = Direction()

        subscript(sender: ControlSide) -> Direction {
            get { sender == .backend ? fromBackend : fromFrontend }
            set {
                if sender == .backend { fromBackend = newValue } else { fromFrontend = newValue }
            }
        }
    }

    /// SAFETY of `@unchecked Sendable`: `directions` is private and touched only while `lock` is held.
    fileprivate final class Shared: @unchecked Sendable {
        private let lock = NSLock()
        private var directions = Directions()

        func withLock<Result>(_ body: (inout Directions) -> Result) -> Result {
            lock.lock()
            defer { lock.unlock() }
            return body(&directions)
        }
    }
}
