// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CDPDK
import DPDK
import Foundation
import Synchronization
import Testing

@testable import Netback

/// Attached guests, with both sides in one process.
@Suite struct AttachedTests {
    /// A rig with one attached vif, whose pool is whole again at the end.
    private func run(
        queue: ((MempoolHandle) throws -> AttachedVirtualInterface)? = nil, answerLimit: UInt64 = 5000,
        _ body: (Rig, AttachedPeer, UInt32) throws -> Void
    ) throws {
        try Rig.run { rig in
            let peer = try AttachedPeer(rig, 1, queue: try queue.map { try $0(rig.guestPool.handle) }, answerLimit: answerLimit)
            let id = try peer.addVif(rig, 1)
            try body(rig, peer, id)
            peer.leave()
            try reclaimed(rig, id)
            #expect(peer.pool.handle.inUse == 0, "the guest's pool is not whole")
            try rig.settle()
            try rig.finish()
        }
    }

    private func reclaimed(_ rig: Rig, _ id: UInt32) throws {
        try rig.require("the next guest may come") { rig.status(id)?.attachment?.stage == .listening }
    }

    @Test func framesGoBothWays() throws {
        try run { rig, peer, id in
            try peer.attach(rig, id)
            peer.post(128)
            let inward = (0..<100).map { Frames.numbered($0, to: Rig.mac(1), from: Rig.station, length: 60 + Int($0)) }
            #expect(rig.wire.send(inward))
            #expect(try peer.receive(100, rig) == inward)
            let outward = (0..<100).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1), length: 1514 - Int($0)) }
            peer.send(outward)
            #expect(try rig.receiveFromWire(100) == outward)
            try rig.require("the sent mbufs come back") { peer.reap() >= 0 && peer.rings.waiting == 0 }
            #expect(rig.count("guestReceived", id) == 100 && rig.count("guestDelivered", id) == 100)
        }
    }

    @Test func framesGoFromAnAttachedGuestToOneByVhost() throws {
        try run { rig, peer, id in
            try peer.attach(rig, id)
            let other = try rig.addGuest(2)
            peer.post(64)
            let there = (0..<50).map { Frames.numbered($0, to: Rig.mac(2), from: Rig.mac(1)) }
            peer.send(there)
            #expect(try rig.receive(50, at: other) == there)
            let back = (0..<50).map { Frames.numbered($0, to: Rig.mac(1), from: Rig.mac(2)) }
            try rig.send(back, from: other)
            #expect(try peer.receive(50, rig) == back)
        }
    }

    @Test func framesWithoutABufferAreDroppedAndCounted() throws {
        try run { rig, peer, id in
            try peer.attach(rig, id)
            peer.post(10)
            #expect(rig.wire.send((0..<30).map { Frames.numbered($0, to: Rig.mac(1), from: Rig.station) }))
            try rig.require("all are dealt with") { rig.count("guestDelivered", id) + rig.count("vringFull", id) == 30 }
            #expect(rig.count("guestDelivered", id) == 10)
        }
    }

    /// What a guest may write into an mbuf that it sends, or send in its place.
    enum Hostility: String, CaseIterable {
        case noLength, longerThanItsBuffer, aLengthOf64K, anOffsetThatLeavesNoRoom, anOffsetBehindTheBuffer, twoLengths,
            a4GBFrame,
            twoSegments, noSegment, manySegments, insideAnMbuf, notAligned, theFirstPage, theKernelsHalf

        func apply(to mbuf: Mbuf) -> Mbuf {
            let cell = unsafe mbuf.unsafePointer
            switch self {
            case .noLength: unsafe (cell.pointee.data_len, cell.pointee.pkt_len) = (0, 0)
            case .longerThanItsBuffer: unsafe (cell.pointee.data_len, cell.pointee.pkt_len) = (2177, 2177)
            case .aLengthOf64K: unsafe (cell.pointee.data_len, cell.pointee.pkt_len) = (0xFFFF, 0xFFFF)
            case .anOffsetThatLeavesNoRoom: unsafe cell.pointee.data_off = 2176 - 59
            case .anOffsetBehindTheBuffer: unsafe cell.pointee.data_off = .max
            case .twoLengths: unsafe cell.pointee.pkt_len = 61
            case .a4GBFrame: unsafe cell.pointee.pkt_len = .max
            case .twoSegments: unsafe cell.pointee.nb_segs = 2
            case .noSegment: unsafe cell.pointee.nb_segs = 0
            case .manySegments: unsafe cell.pointee.nb_segs = .max
            case .insideAnMbuf: return Self.at(UInt(bitPattern: cell) + 64)
            case .notAligned: return Self.at(UInt(bitPattern: cell) + 1)
            case .theFirstPage: return Self.at(64)
            case .theKernelsHalf: return Self.at(UInt.max - 4095)
            }
            return mbuf
        }

        static func at(_ address: UInt) -> Mbuf { unsafe Mbuf(UnsafeMutablePointer<cdpdk_mbuf>(bitPattern: address)!) }
    }

    @Test(arguments: Hostility.allCases)
    func aBadMbufIsOneCountedDrop(_ hostility: Hostility) throws {
        try run { rig, peer, id in
            try peer.attach(rig, id)
            let good = (0..<20).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1)) }
            peer.send(Array(good[..<10]))
            let bad = peer.make(Frames.numbered(99, to: Rig.station, from: Rig.mac(1)))
            peer.send(hostility.apply(to: bad))
            peer.send(Array(good[10...]))
            #expect(try rig.receiveFromWire(20) == good)
            #expect(rig.count("malformed", id) == 1)
        }
    }

    @Test func aBufferAddressThatTheGuestWroteIsNotRead() throws {
        try run { rig, peer, id in
            try peer.attach(rig, id)
            let frame = Frames.numbered(1, to: Rig.station, from: Rig.mac(1))
            let mbuf = peer.make(frame)
            unsafe mbuf.unsafePointer.pointee.buf_addr = UnsafeMutableRawPointer(bitPattern: 8)!
            unsafe mbuf.unsafePointer.pointee.pool = UnsafeMutableRawPointer(bitPattern: 8)!
            peer.send(mbuf)
            #expect(try rig.receiveFromWire(1) == [frame])
        }
    }

    @Test func pointersThatAreNoBuffersAreNotWrittenTo() throws {
        try run { rig, peer, id in
            try peer.attach(rig, id)
            for address in [UInt(64), UInt.max - 4095, 0x1000] { peer.post(Hostility.at(address)) }
            peer.post(4)
            let frames = (0..<4).map { Frames.numbered($0, to: Rig.mac(1), from: Rig.station) }
            #expect(rig.wire.send(frames))
            #expect(try peer.receive(4, rig) == frames)
        }
    }

    // MARK: The socket

    /// What a process may say in place of a greeting.
    @Test(
        arguments: [
            [], [0xA7], [UInt8](repeating: 0xFF, count: 6000), AttachCodec.encode(.ready), AttachCodec.encode(.pong(1)),
            AttachCodec.encode(.hello(version: AttachProtocol.version + 1, vif: "vif1")),
            AttachCodec.encode(.hello(version: AttachProtocol.version, vif: "vif2")),
            ControlCodec.encode(.accept(version: 1)),
        ] as [[UInt8]])
    func whoDoesNotGreetIsTurnedAway(_ bytes: [UInt8]) throws {
        try run { rig, peer, id in
            try peer.connect()
            peer.say(bytes)
            if bytes.isEmpty {
                peer.leave()
            } else {
                guard case .refused(let words) = try peer.hearAttach() else { throw SocketError("be refused", code: 0) }
                #expect(!words.isEmpty)
                #expect(peer.hear() == .closed)
            }
            try reclaimed(rig, id)
            try peer.attach(rig, id)
            #expect(rig.status(id)?.attachment?.killed == 0)
        }
    }

    @Test func whoSaysNothingIsTurnedAway() throws {
        try run { rig, peer, id in
            try peer.connect()
            #expect(peer.hear() == .closed)
            try peer.attach(rig, id)
        }
    }

    @Test func aSecondGuestIsRefused() throws {
        try run { rig, peer, id in
            try peer.attach(rig, id)
            let second = try MessageSocket(connectingTo: peer.path)
            var answer = second.receive()
            try rig.require("the second is answered") {
                if answer == .nothing { answer = second.receive() }
                return answer != .nothing
            }
            guard case .message(let bytes) = answer else { throw SocketError("be refused", code: 0) }
            let words = try AttachCodec.decode(bytes, from: .backend)
            #expect(words == .refused("vif vif1 has a guest, process \(getpid())"))
            #expect(rig.status(id)?.isConnected == true)
        }
    }

    /// What a guest that was let in may not say.
    @Test(
        arguments: [
            [0xA7], [0], [UInt8](repeating: 0xAC, count: 5000), AttachCodec.encode(.ready),
            AttachCodec.encode(.hello(version: AttachProtocol.version, vif: "vif1")), ControlCodec.encode(.rulesRemoved(id: 1)),
        ] as [[UInt8]])
    func whoBreaksTheRulesLosesItsLinkAndMayComeAgain(_ bytes: [UInt8]) throws {
        try run { rig, peer, id in
            try peer.attach(rig, id)
            peer.post(100)
            peer.send((0..<20).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1)) })
            peer.say(bytes)
            try reclaimed(rig, id)
            #expect(rig.status(id)?.attachment?.killed == 1)
            #expect(rig.status(id)?.attachment?.reason != nil)
            #expect(peer.pool.handle.inUse == 0)
            peer.leave()
            try peer.attach(rig, id)
            peer.post(4)
            #expect(rig.wire.send([Frames.numbered(7, to: Rig.mac(1), from: Rig.station)]))
            #expect(try peer.receive(1, rig).count == 1)
            _ = rig.wire.receive()
        }
    }

    @Test func whoFloodsLosesItsLink() throws {
        try run { rig, peer, id in
            try peer.attach(rig, id)
            let message = AttachCodec.encode(.pong(1))
            try rig.require("the flood is noticed") {
                for _ in 0..<64 { peer.say(message) }
                return rig.status(id)?.attachment?.killed == 1
            }
        }
    }

    @Test func whoDoesNotAnswerIsEnded() throws {
        try run(answerLimit: 300) { rig, peer, id in
            try peer.attach(rig, id)
            try rig.require("silence is noticed") { rig.status(id)?.attachment?.killed == 1 }
            peer.leave()
            try reclaimed(rig, id)
            // One that answers stays.
            try peer.attach(rig, id)
            var pings = 0
            while pings < 20 {
                guard case .ping(let number) = try peer.hearAttach() else { throw SocketError("be asked", code: 0) }
                peer.say(.pong(number))
                pings += 1
            }
            #expect(rig.status(id)?.attachment?.killed == 1)
        }
    }

    // MARK: The end

    @Test func whatADeadGuestHeldIsTakenBack() throws {
        try run { rig, peer, id in
            for round in 1...5 {
                try peer.attach(rig, id)
                peer.post(200)
                // In its hands, in flight, and sent behind its end.
                for number in UInt32(0)..<100 { _ = peer.make(Frames.numbered(number, to: Rig.station, from: Rig.mac(1))) }
                peer.send((0..<50).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1)) })
                #expect(rig.wire.send((0..<30).map { Frames.numbered($0, to: Rig.mac(1), from: Rig.station) }))
                if round % 2 == 0 { try rig.require("some are delivered") { rig.count("guestDelivered", id) > 0 } }
                peer.leave()
                try rig.require("it is taken back") { rig.status(id)?.attachment?.reclaimed == round }
                #expect(rig.status(id)?.isConnected == false)
                #expect(peer.pool.handle.inUse == 0)
                _ = rig.wire.receive()
            }
            #expect(rig.status(id)?.attachment?.longestReclaimNanoseconds ?? .max < 1_000_000_000)
            try rig.settle()
            _ = rig.wire.receive()
        }
    }

    @Test func aGuestThatCannotStartIsNotKilled() throws {
        try run { rig, peer, id in
            try peer.connect()
            peer.say(.hello(version: AttachProtocol.version, vif: peer.name))
            _ = try peer.hearAttach()
            peer.say(.failed("no hugepages"))
            try rig.require("the next guest may come") { rig.status(id)?.attachment?.reclaimed == 1 }
            #expect(rig.status(id)?.attachment?.killed == 0)
            #expect(rig.status(id)?.attachment?.reason == "no hugepages")
            peer.leave()
            try peer.attach(rig, id)
        }
    }

    @Test func aGuestThatSaysGoodbyeIsNotWaitedFor() throws {
        try run { rig, peer, id in
            try peer.attach(rig, id)
            peer.post(100)
            peer.say(.left)
            try rig.require("the next guest may come") { rig.status(id)?.attachment?.reclaimed == 1 }
            #expect(peer.pool.handle.inUse == 0)
            #expect(rig.status(id)?.attachment?.killed == 0)
            peer.leave()
            try peer.attach(rig, id)
        }
    }

    /// A queue that notes what is asked of it.
    private final class Queue: ReclaimableQueue {
        let refuses: Bool
        let stops = Atomic<Int>(0)
        let starts = Atomic<Int>(0)
        init(refuses: Bool) { self.refuses = refuses }
        func stop() throws(DPDKError) {
            stops.add(1, ordering: .relaxed)
            if refuses { throw DPDKError("stop queue 1", code: 95) }
        }
        func start() throws(DPDKError) { starts.add(1, ordering: .relaxed) }
    }

    /// The guest is granted its VI, and may have opened it from then on.
    private func grant(_ rig: Rig, _ peer: AttachedPeer, _ id: UInt32) throws {
        let plugin = CountingPlugin()
        try rig.load(plugin)
        let grant = ControlMessage.grant(
            id: 1, .queuePair(port: 0, rxQueue: 1, txQueue: 1, mempool: "vi"), fenceNonce: 1, settleNanoseconds: 0)
        #expect(plugin.host.send(grant, vif: id) == .sent)
        var heard = peer.hear()
        while heard != .message(ControlCodec.encode(grant)), heard != .closed, heard != .nothing { heard = peer.hear() }
        #expect(heard == .message(ControlCodec.encode(grant)))
    }

    @Test func theQueueOfAGuestWithoutAVIIsLeftAlone() throws {
        let queue = Queue(refuses: true)
        try run(queue: { AttachedVirtualInterface(map: try PoolMap($0), queue: queue) }) { rig, peer, id in
            try peer.attach(rig, id)
            peer.leave()
            try rig.require("it is taken back") { rig.status(id)?.attachment?.reclaimed == 1 }
            #expect(queue.stops.load(ordering: .relaxed) == 0)
            #expect(rig.status(id)?.attachment?.quarantine == nil)
        }
    }

    @Test func theQueueOfADeadGuestIsStoppedAndStarted() throws {
        let queue = Queue(refuses: false)
        try run(queue: { AttachedVirtualInterface(map: try PoolMap($0), queue: queue) }) { rig, peer, id in
            try peer.attach(rig, id)
            try grant(rig, peer, id)
            var held = MbufBurst(capacity: 64)
            #expect(rig.guestPool.handle.allocate(64, into: &held))
            // In the hands of one who died.
            held.removeAll()
            peer.leave()
            try rig.require("it is taken back") { rig.status(id)?.attachment?.reclaimed == 1 }
            #expect(queue.stops.load(ordering: .relaxed) == 1 && queue.starts.load(ordering: .relaxed) == 1)
            #expect(rig.guestPool.handle.inUse == 0)
            #expect(rig.status(id)?.attachment?.quarantine == nil)
        }
    }

    @Test func aQueueThatCannotBeStoppedPutsTheVIInQuarantineAndNotTheVif() throws {
        let queue = Queue(refuses: true)
        try run(queue: { AttachedVirtualInterface(map: try PoolMap($0), queue: queue) }) { rig, peer, id in
            try peer.attach(rig, id)
            try grant(rig, peer, id)
            peer.leave()
            try rig.require("it is taken back") { rig.status(id)?.attachment?.reclaimed == 1 }
            #expect(rig.status(id)?.attachment?.quarantine?.contains("stop queue 1") == true)
            guard case .quarantined = rig.status(id)?.acceleration.state else { throw SocketError("be quarantined", code: 0) }
            try peer.attach(rig, id)
            peer.post(4)
            #expect(rig.wire.send([Frames.numbered(7, to: Rig.mac(1), from: Rig.station)]))
            #expect(try peer.receive(1, rig).count == 1)
            peer.leave()
            try rig.require("it is taken back again") { rig.status(id)?.attachment?.reclaimed == 2 }
            #expect(queue.stops.load(ordering: .relaxed) == 1)
            // What the queue may hold stays out of its pool; here it holds nothing.
            #expect(rig.guestPool.handle.inUse > 0)
            try PoolMap(rig.guestPool.handle).rebuild()
        }
    }

    @Test func thePluginHearsOfItsGuestsEnd() throws {
        try Rig.runWithPlugin { rig, plugin in
            let peer = try AttachedPeer(rig, 1)
            let id = try peer.addVif(rig, 1)
            #expect(plugin.events(of: id) == [.guestDied])
            try peer.attach(rig, id)
            try rig.require("the plugin hears of it") { plugin.events(of: id).last == .guestConnected }
            peer.leave()
            try reclaimed(rig, id)
            #expect(plugin.events(of: id) == [.guestDied, .guestConnected, .guestDied])
            try rig.netback.removeVif(id)
        }
    }
}
