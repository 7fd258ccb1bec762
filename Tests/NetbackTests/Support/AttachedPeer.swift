// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CDPDK
import DPDK
import Foundation
import Testing
import Wire

@testable import Netback

/// An attached guest in the test's own process: the guest's side of the attach socket and of the rings, in the test's hands.
final class AttachedPeer {
    let pool: Mempool
    let rings: GuestRings
    let path: String
    let name: String
    private let mac: MACAddress
    private let posted, filled, sent, returned: MbufRingHandle
    private(set) var socket: MessageSocket?
    /// Addresses of mbufs that were made here.
    private var made: Set<UInt> = []
    static let depth = 256

    init(_ rig: Rig, _ number: Int, queue: AttachedVirtualInterface? = nil, answerLimit: UInt64 = 5000) throws {
        name = "vif\(number)"
        mac = Rig.mac(UInt64(number))
        path = rig.vif(number).socketPath
        pool = try Mempool(name: "at\(number)-pool", count: 2047)
        rings = try GuestRings(name: "at\(number)", depth: Self.depth, map: try PoolMap(pool.handle))
        func ring(_ name: String) throws -> MbufRingHandle { try #require(MbufRingHandle(named: name)) }
        posted = try ring(rings.names.posted)
        filled = try ring(rings.names.filled)
        sent = try ring(rings.names.sent)
        returned = try ring(rings.names.returned)
        configuration = AttachmentConfiguration(
            terms: AttachTerms(
                mac: mac, filePrefix: "none", lcores: [8, 9], devices: [], rings: "at\(number)", ringDepth: UInt32(Self.depth),
                mempool: "at\(number)-pool", softQueue: nil),
            rings: rings, virtualInterface: queue, answerLimitMilliseconds: answerLimit)
    }

    private let configuration: AttachmentConfiguration

    func addVif(_ rig: Rig, _ number: Int) throws -> UInt32 {
        var vif = rig.vif(number)
        vif.attachment = configuration
        return try rig.netback.addVif(vif, link: nil)
    }

    // MARK: The socket

    func connect() throws { socket = try MessageSocket(connectingTo: path) }
    func say(_ message: AttachMessage) { say(AttachCodec.encode(message)) }
    @discardableResult func say(_ bytes: [UInt8]) -> Bool { socket?.send(bytes) ?? false }
    func leave() {
        socket?.close()
        socket = nil
    }

    /// The next message, when it comes within 10 seconds; `closed` when the host hung up.
    func hear() -> MessageSocket.Received {
        for _ in 0..<20000 {
            let next = socket?.receive() ?? .closed
            if next != .nothing { return next }
            usleep(500)
        }
        return .nothing
    }

    func hearAttach() throws -> AttachMessage {
        guard case .message(let bytes) = hear() else { throw SocketError("hear", code: ECONNRESET) }
        return try AttachCodec.decode(bytes, from: .backend)
    }

    /// Goes all the way, and waits until the lane serves the rings.
    func attach(_ rig: Rig, _ id: UInt32) throws {
        try connect()
        say(.hello(version: AttachProtocol.version, vif: name))
        #expect(try hearAttach() == .accepted(configuration.terms))
        say(.ready)
        #expect(try hearAttach() == .admitted)
        #expect(rig.status(id)?.isConnected == true)
    }

    // MARK: The rings

    /// Gives netback empty buffers.
    func post(_ count: Int) {
        var burst = MbufBurst(capacity: 32)
        var left = count
        while left > 0 {
            let some = min(left, 32)
            precondition(pool.handle.allocate(some, into: &burst), "the test's pool is too small")
            precondition(posted.enqueue(&burst) == some, "the test's ring is too small")
            left -= some
        }
    }

    /// Posts what may be anything.
    func post(_ mbuf: Mbuf) { put(mbuf, posted) }
    func send(_ mbuf: Mbuf) { put(mbuf, sent) }

    private func put(_ mbuf: Mbuf, _ ring: MbufRingHandle) {
        let address = UInt(bitPattern: unsafe mbuf.unsafePointer)
        guard made.contains(address) else {
            // No mbuf: a hand-over that the thread sanitizer is told of would make it look there.
            let isTaken = unsafe cdpdk_ring_enqueue_word(OpaquePointer(ring.unsafeAddress), UInt64(address))
            return precondition(isTaken, "the test's ring is too small")
        }
        var burst = MbufBurst(capacity: 1)
        burst.append(mbuf)
        precondition(ring.enqueue(&burst) == 1, "the test's ring is too small")
    }

    /// An mbuf of the guest's pool with that frame, owned by nobody any more.
    func make(_ frame: Bytes) -> Mbuf {
        var burst = MbufBurst(capacity: 1)
        pool.handle.fill(&burst, with: [frame])
        let mbuf = burst[0]
        burst.removeAll()
        made.insert(UInt(bitPattern: unsafe mbuf.unsafePointer))
        return mbuf
    }

    func send(_ frames: [Bytes]) { for frame in frames { send(make(frame)) } }

    func receive() -> [Bytes] {
        var frames: [Bytes] = []
        var burst = MbufBurst(capacity: 32)
        while filled.dequeue(into: &burst) > 0 {
            for index in 0..<burst.count where burst[index].packetLength > 0 { frames.append(burst[index].frame) }
            burst.free()
        }
        return frames
    }

    /// Takes back what netback copied; how many mbufs.
    func reap() -> Int {
        var burst = MbufBurst(capacity: 32)
        var count = 0
        while returned.dequeue(into: &burst) > 0 { count += burst.free() }
        return count
    }

    func receive(_ count: Int, _ rig: Rig) throws -> [Bytes] {
        var frames: [Bytes] = []
        try rig.require("the guest gets \(count) frames") {
            frames += receive()
            return frames.count >= count
        }
        return frames
    }
}
