// SPDX-License-Identifier: BSD-3-Clause
import CProcess
import Dataplane
import Foundation
import Synchronization

/// Serves one memif interface of one queue pair to one client at a time.
///
/// DPDK's net_memif can do that, too, but not for a client that is not trusted, or that may die: its interrupt thread unmaps the client's
/// memory while an lcore may be using it, and it believes descriptors. Here the lcore is out of the session before its memory goes,
/// what the client writes is checked, and memory that could shrink is refused. Clients may be DPDK's.
///
/// Callable from any thread that does not poll, ``endpoint`` apart.
@safe
public final class MemifServer: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): everything mutable is guarded by the lock.
    public let configuration: MemifConfiguration
    /// For the lcore; valid until ``close()``.
    public let endpoint: MemifEndpoint

    private let synchronize: @Sendable () -> Bool
    private let listener: Int32
    private let counterBlock = CounterBlock(count: MemifCounter.allCases.count)
    private let lock = NSLock()
    private var counts = MemifStatistics()
    /// A client that has no session yet, and until when it must have one.
    private var candidate: (peer: MemifPeer, admission: MemifAdmission, deadline: UInt64)?
    private var client: MemifPeer?
    private var session: UnsafeMutablePointer<MemifSession>?
    private var isClosed = false

    private static let admissionNanoseconds: UInt64 = 1_000_000_000
    private static let messagesPerTick = 16

    /// Listens at the configuration's path, for this process's user alone. A socket that nobody serves any more is replaced.
    ///
    /// - Parameter synchronize: returns true once no lcore is in a round that began before; false when one is stuck.
    public init(_ configuration: MemifConfiguration, synchronize: @escaping @Sendable () -> Bool) throws(MemifError) {
        let result = unsafe cprocess_listen(configuration.path)
        guard result >= 0 else { throw MemifError("listen at \(configuration.path)", code: 0 - result) }
        unsafe chmod(configuration.path, 0o600)
        listener = result
        self.configuration = configuration
        self.synchronize = synchronize
        endpoint = .allocate()
    }

    deinit { close() }

    public var isConnected: Bool { lock.withLock { client != nil } }

    public var statistics: MemifStatistics {
        lock.withLock {
            var all = MemifStatistics(counterBlock.counters)
            all.connections = counts.connections
            all.refusals = counts.refusals
            all.leaks = counts.leaks
            all.lastReason = counts.lastReason
            return all
        }
    }

    /// Sends the client away, and removes the socket. When this returns, no client's memory is used any more.
    public func close() {
        lock.withLock {
            guard !isClosed else { return }
            isClosed = true
            endSession("the interface ends")
            candidate = nil
            cprocess_close(listener)
            unsafe unlink(configuration.path)
            // What a stuck lcore is in stays, and so does what it counts in.
            if counts.leaks == 0 { endpoint.deallocate() } else { _ = unsafe Unmanaged.passRetained(counterBlock) }
        }
    }

    /// Hears who comes and what they say; to be called about once a millisecond. Never waits for a client.
    public func tick() {
        lock.withLock {
            guard !isClosed else { return }
            // One that left and comes again finds its place free.
            hear()
            admit()
            accept()
        }
    }

    // MARK: With the lock held

    private func accept() {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        let result = unsafe cprocess_accept(listener, &pid, &uid)
        guard result >= 0 else { return }
        let peer = MemifPeer(descriptor: result)
        guard client == nil, candidate == nil else { return refuse(peer, "another client is here") }
        peer.send(MemifAdmission.greeting(configuration))
        candidate = (peer, MemifAdmission(configuration), DispatchTime.now().uptimeNanoseconds + Self.admissionNanoseconds)
    }

    private func refuse(_ peer: MemifPeer, _ reason: String) {
        counts.refusals += 1
        counts.lastReason = reason
        peer.send(.disconnect(code: 0, reason: reason))
    }

    private func admit() {
        guard let candidate else { return }
        let peer = candidate.peer
        for _ in 0..<Self.messagesPerTick {
            switch peer.receive() {
            case .nothing:
                guard DispatchTime.now().uptimeNanoseconds >= candidate.deadline else { return }
                return dismiss(peer, "it takes too long")
            case .closed: return dismiss(nil, "it left")
            case .violation: return dismiss(peer, "not a memif message")
            case .message(let message, let descriptor):
                switch self.candidate?.admission.take(message, descriptor: descriptor) {
                case .answer(let answer)?:
                    if !peer.send(answer) { return dismiss(nil, "it does not read") }
                case .connect?: return begin(peer)
                case .refuse(let reason)?: return dismiss(peer, reason)
                case .leave(let reason)?: return dismiss(nil, reason)
                case nil: return
                }
            }
        }
    }

    /// - Parameter peer: nil when it is not there to be told.
    private func dismiss(_ peer: MemifPeer?, _ reason: String) {
        candidate = nil
        if let peer { return refuse(peer, reason) }
        counts.refusals += 1
        counts.lastReason = reason
    }

    private func begin(_ peer: MemifPeer) {
        guard let new = candidate?.admission.session(counterBlock.counters) else {
            return dismiss(peer, "a ring without its cookie")
        }
        let memory = UnsafeMutablePointer<MemifSession>.allocate(capacity: 1)
        unsafe memory.initialize(to: new)
        unsafe session = memory
        candidate = nil
        client = peer
        counts.connections += 1
        unsafe endpoint.publish(memory)
        if !peer.send(.connected(name: configuration.name)) { endSession("it does not read") }
    }

    private func hear() {
        guard let client else { return }
        if unsafe session?.pointee.isBroken.load(ordering: .relaxed) == true {
            return endSession("it broke the rules of the rings")
        }
        switch client.receive() {
        case .nothing: break
        case .closed: endSession("the client is gone")
        case .violation: endSession("not a memif message")
        case .message(.disconnect(_, let reason), let descriptor):
            if descriptor >= 0 { cprocess_close(descriptor) }
            endSession(reason)
        case .message(_, let descriptor):
            if descriptor >= 0 { cprocess_close(descriptor) }
            endSession("a message out of turn")
        }
    }

    private func endSession(_ reason: String) {
        guard let client else { return }
        counts.lastReason = reason
        unsafe endpoint.publish(nil)
        client.send(.disconnect(code: 0, reason: reason))
        self.client = nil
        guard let old = unsafe session else { return }
        unsafe session = nil
        guard synchronize() else {
            counts.leaks += 1
            return
        }
        unsafe old.deinitialize(count: 1)
        unsafe old.deallocate()
    }
}
