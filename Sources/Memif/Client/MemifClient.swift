// SPDX-License-Identifier: BSD-3-Clause
import CProcess
import Dataplane
import Foundation

/// The client of a memif interface, with memory of its own: a server that dies takes nothing away that an lcore may be using.
///
/// Callable from any thread that does not poll, ``endpoint`` apart.
@safe
public final class MemifClient: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): nothing changes but in close(), by the one who owns it.
    /// For the lcore; valid until ``close()``.
    public let endpoint: MemifEndpoint
    private let peer: MemifPeer
    private let counterBlock = CounterBlock(count: MemifCounter.allCases.count)
    private let session: UnsafeMutablePointer<MemifSession>
    private var isClosed = false

    /// Connects, and waits for the server's answers, at most so long in all.
    ///
    /// - Parameters:
    ///   - log2RingSize: of each ring, 1 to 14; less when the server wants that.
    ///   - bufferLength: bytes of a buffer; a longer frame takes more than one.
    public init(
        _ configuration: MemifConfiguration, log2RingSize: UInt8, bufferLength: Int, limitMilliseconds: Int = 1000
    ) throws(MemifError) {
        guard (1...MemifConfiguration.maximumLog2RingSize).contains(log2RingSize), (64...65536).contains(bufferLength) else {
            throw MemifError("a ring of 2^\(log2RingSize) buffers of \(bufferLength) bytes: it has 2^1 to 2^14 of 64 to 65536")
        }
        let peer = try MemifPeer(connectingTo: configuration.path)
        var conversation = Conversation(peer: peer, limitMilliseconds: limitMilliseconds)
        let log2Size = try conversation.introduce(configuration, log2RingSize: log2RingSize)
        let layout = MemifLayout(log2Size: log2Size, bufferLength: bufferLength)
        let region = try MemifRegion(size: layout.size)
        let outbound = unsafe MemifRing(at: region.base + layout.outboundRing, log2Size: log2Size)
        let inbound = unsafe MemifRing(at: region.base + layout.inboundRing, log2Size: log2Size)
        outbound.clear()
        inbound.clear()
        let session = UnsafeMutablePointer<MemifSession>.allocate(capacity: 1)
        unsafe session.initialize(
            to: MemifSession(
                inbound: inbound, outbound: outbound, layout: layout, region: region, counters: counterBlock.counters))
        do throws(MemifError) {
            try conversation.bring(region, layout)
            try conversation.connect(configuration.name)
        } catch {
            unsafe session.deinitialize(count: 1)
            unsafe session.deallocate()
            throw error
        }
        self.peer = peer
        unsafe self.session = session
        endpoint = .allocate()
        unsafe endpoint.publish(session)
    }

    deinit { close() }

    public var statistics: MemifStatistics { MemifStatistics(counterBlock.counters) }

    /// Leaves the server. No lcore may be using ``endpoint``, or use it again.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        unsafe endpoint.publish(nil)
        peer.send(.disconnect(code: 0, reason: "the client ends"))
        unsafe session.deinitialize(count: 1)
        unsafe session.deallocate()
        endpoint.deallocate()
    }
}

/// What a client says until it is connected, each answer waited for.
private struct Conversation {
    private let peer: MemifPeer
    private let deadline: DispatchTime

    init(peer: MemifPeer, limitMilliseconds: Int) {
        self.peer = peer
        deadline = .now() + .milliseconds(limitMilliseconds)
    }

    /// The log2 of the rings' size, which is at most what the server takes.
    mutating func introduce(_ configuration: MemifConfiguration, log2RingSize: UInt8) throws(MemifError) -> UInt8 {
        guard case .hello(_, let versions, _, _, let most) = try answer(), versions.contains(MemifProtocol.version) else {
            throw MemifError("the server speaks another version of memif")
        }
        guard most > 0 else { throw MemifError("the server takes no ring") }
        try say(
            .initialize(
                version: MemifProtocol.version, id: configuration.id, mode: MemifProtocol.ethernetMode,
                secret: configuration.secretBytes, name: configuration.name))
        return min(log2RingSize, most)
    }

    mutating func bring(_ region: MemifRegion, _ layout: MemifLayout) throws(MemifError) {
        try say(.addRegion(index: 0, size: UInt64(region.size)), with: region.descriptor)
        // The protocol wants an event for each ring, though nobody here waits for one.
        let event = cprocess_event()
        guard event >= 0 else { throw MemifError("make an event", code: 0 - event) }
        defer { cprocess_close(event) }
        try say(
            .addRing(
                flags: MemifProtocol.clientToServer, index: 0, region: 0, offset: UInt32(layout.outboundRing),
                log2Size: layout.log2Size, headerSize: 0), with: event)
        try say(
            .addRing(
                flags: 0, index: 0, region: 0, offset: UInt32(layout.inboundRing), log2Size: layout.log2Size, headerSize: 0),
            with: event)
    }

    mutating func connect(_ name: String) throws(MemifError) {
        guard peer.send(.connect(name: name)) else { throw MemifError("the server does not read") }
        guard case .connected = try answer() else { throw MemifError("the server does not connect") }
    }

    /// Sends, and waits for the acknowledgement.
    private func say(_ message: MemifMessage, with descriptor: Int32 = -1) throws(MemifError) {
        guard peer.send(message, descriptor: descriptor) else { throw MemifError("the server does not read") }
        guard case .ack = try answer() else { throw MemifError("the server answers out of turn") }
    }

    private func answer() throws(MemifError) -> MemifMessage {
        while DispatchTime.now() < deadline {
            switch peer.receive() {
            case .nothing: usleep(100)
            case .closed: throw MemifError("the server closed the connection")
            case .violation: throw MemifError("the server says what is no memif message")
            case .message(let message, let descriptor):
                if descriptor >= 0 { cprocess_close(descriptor) }
                if case .disconnect(_, let reason) = message { throw MemifError("the server refuses: \(reason)") }
                return message
            }
        }
        throw MemifError("the server does not answer")
    }
}
