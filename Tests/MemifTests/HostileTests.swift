// SPDX-License-Identifier: BSD-3-Clause
import CProcess
import DPDK
import Foundation
import Synchronization
import Testing

@testable import Memif

/// Clients that break the rules, each followed by a good one that is served.
struct HostileTests {
    /// A client by hand.
    private struct Hand {
        let peer: MemifPeer
        let region: MemifRegion
        let layout = MemifLayout(log2Size: 4, bufferLength: 2048)

        init(_ rig: MemifRig) throws {
            peer = try MemifPeer(connectingTo: rig.configuration.path)
            region = try MemifRegion(size: layout.size)
            toServer.clear()
            toClient.clear()
            #expect(answer() != nil)
        }

        var toServer: MemifRing { unsafe MemifRing(at: region.base + layout.outboundRing, log2Size: 4) }
        var toClient: MemifRing { unsafe MemifRing(at: region.base + layout.inboundRing, log2Size: 4) }

        /// The next message; nil when the server closed the connection.
        func answer() -> MemifMessage? {
            for _ in 0..<20_000 {
                switch peer.receive() {
                case .message(let message, _): return message
                case .nothing: usleep(100)
                case .closed, .violation: return nil
                }
            }
            return nil
        }

        func say(_ message: MemifMessage, _ descriptor: Int32 = -1) -> MemifMessage? {
            peer.send(message, descriptor: descriptor)
            return answer()
        }

        func introduce(_ rig: MemifRig) {
            #expect(
                say(
                    .initialize(version: 0x0200, id: 3, mode: 0, secret: rig.configuration.secretBytes, name: "hand")) == .ack)
        }

        func bringRegion() { #expect(say(.addRegion(index: 0, size: UInt64(region.size)), region.descriptor) == .ack) }

        func bringRings() {
            for (flags, offset) in [(1 as UInt16, layout.outboundRing), (0, layout.inboundRing)] {
                #expect(
                    say(.addRing(flags: flags, index: 0, region: 0, offset: UInt32(offset), log2Size: 4, headerSize: 0)) == .ack)
            }
        }

        func connect(_ rig: MemifRig) {
            introduce(rig)
            bringRegion()
            bringRings()
            #expect(say(.connect(name: "hand")) == .connected(name: "rig"))
        }

        /// The server says why it sends this client away.
        func isSentAway(_ message: MemifMessage?) -> Bool {
            guard case .disconnect? = message else { return false }
            return answer() == nil
        }
    }

    private func isServed(_ rig: MemifRig) throws -> Bool {
        #expect(rig.await { !rig.server.isConnected })
        let client = try rig.connect()
        defer { client.close() }
        var burst = MbufBurst(capacity: 4)
        rig.frames([77], into: &burst)
        return client.endpoint.transmit(&burst) == 1 && rig.server.endpoint.takeAll(rig) == [77]
    }

    @Test func messagesOutOfTurnEndTheConnection() throws {
        try MemifRig.run { rig in
            let openings: [(MemifRig, Hand) -> MemifMessage?] = [
                { _, hand in hand.say(.connect(name: "x")) },
                { _, hand in hand.say(.addRegion(index: 0, size: 4096), hand.region.descriptor) },
                { _, hand in hand.say(.ack) },
                { rig, hand in
                    hand.introduce(rig)
                    return hand.say(.connect(name: "no rings"))
                },
                { rig, hand in
                    hand.introduce(rig)
                    return hand.say(.addRegion(index: 1, size: 4096), hand.region.descriptor)
                },
                { rig, hand in
                    hand.introduce(rig)
                    return hand.say(.addRegion(index: 0, size: 4096))
                },
                { rig, hand in
                    hand.introduce(rig)
                    return hand.say(.addRegion(index: 0, size: UInt64(hand.region.size) + 1), hand.region.descriptor)
                },
                { rig, hand in
                    hand.introduce(rig)
                    return hand.say(.addRegion(index: 0, size: .max), hand.region.descriptor)
                },
                { rig, hand in
                    hand.introduce(rig)
                    return hand.say(.addRegion(index: 0, size: 0), hand.region.descriptor)
                },
                { rig, hand in
                    hand.introduce(rig)
                    return hand.say(
                        .initialize(version: 0x0200, id: 3, mode: 0, secret: rig.configuration.secretBytes, name: "again"))
                },
            ]
            for opening in openings {
                let hand = try Hand(rig)
                #expect(hand.isSentAway(opening(rig, hand)))
            }
            #expect(rig.server.statistics.refusals == UInt64(openings.count))
            #expect(try isServed(rig))
        }
    }

    @Test func memoryThatCouldShrinkIsRefused() throws {
        try MemifRig.run { rig in
            let hand = try Hand(rig)
            hand.introduce(rig)
            let file = unsafe open(rig.configuration.path + ".file", O_CREAT | O_RDWR, 0o600)
            #expect(file >= 0 && ftruncate(file, 8192) == 0)
            #expect(hand.isSentAway(hand.say(.addRegion(index: 0, size: 8192), file)))
            close(file)
            #expect(try isServed(rig))
        }
    }

    @Test func ringsBesideTheirRegionAreRefused() throws {
        try MemifRig.run { rig in
            let size = UInt32(MemifLayout(log2Size: 4, bufferLength: 2048).size)
            let rings: [MemifMessage] = [
                .addRing(flags: 1, index: 0, region: 1, offset: 0, log2Size: 4, headerSize: 0),
                .addRing(flags: 1, index: 0, region: 0, offset: size - 64, log2Size: 4, headerSize: 0),
                .addRing(flags: 1, index: 0, region: 0, offset: .max - 63, log2Size: 4, headerSize: 0),
                .addRing(flags: 1, index: 0, region: 0, offset: 32, log2Size: 4, headerSize: 0),
                .addRing(flags: 1, index: 0, region: 0, offset: 0, log2Size: 0, headerSize: 0),
                .addRing(flags: 1, index: 0, region: 0, offset: 0, log2Size: 15, headerSize: 0),
                .addRing(flags: 1, index: 0, region: 0, offset: 0, log2Size: 255, headerSize: 0),
                .addRing(flags: 1, index: 1, region: 0, offset: 0, log2Size: 4, headerSize: 0),
                .addRing(flags: 1, index: 0, region: 0, offset: 0, log2Size: 4, headerSize: 8),
            ]
            for ring in rings {
                let hand = try Hand(rig)
                hand.introduce(rig)
                hand.bringRegion()
                #expect(hand.isSentAway(hand.say(ring)), "\(ring)")
            }
            let hand = try Hand(rig)
            hand.introduce(rig)
            hand.bringRegion()
            hand.bringRings()
            unsafe hand.region.base.storeBytes(of: 0, as: UInt32.self)
            #expect(hand.isSentAway(hand.say(.connect(name: "no cookie"))))
            #expect(try isServed(rig))
        }
    }

    @Test func slotsThatLieEndTheSessionAndNothingElse() throws {
        try MemifRig.run { rig in
            let lies: [(Hand) -> Void] = [
                // Beyond the region, in one step and in the sum.
                { hand in
                    hand.toServer.set(MemifDescriptor(flags: 0, region: 0, length: 64, offset: .max), at: 0)
                    hand.toServer.head = 1
                },
                { hand in
                    hand.toServer.set(MemifDescriptor(flags: 0, region: 0, length: .max, offset: 64), at: 0)
                    hand.toServer.head = 1
                },
                { hand in
                    hand.toServer.set(MemifDescriptor(flags: 0, region: 9, length: 64, offset: 0), at: 0)
                    hand.toServer.head = 1
                },
                // More slots than there are.
                { hand in hand.toServer.head = 17 },
                { hand in hand.toServer.head = 0x8000 },
                // A frame without an end.
                { hand in
                    for slot: UInt16 in 0..<16 {
                        hand.toServer.set(MemifDescriptor(flags: 1, region: 0, length: 1, offset: 0), at: slot)
                    }
                    hand.toServer.head = 16
                },
            ]
            for lie in lies {
                let hand = try Hand(rig)
                hand.connect(rig)
                lie(hand)
                #expect(rig.server.endpoint.takeAll(rig).isEmpty)
                #expect(hand.isSentAway(hand.answer()))
            }
            #expect(rig.server.statistics.broken == UInt64(lies.count))
            let buffers: [MemifDescriptor] = [
                MemifDescriptor(flags: 0, region: 0, length: 2048, offset: .max - 100),
                MemifDescriptor(flags: 0, region: 7, length: 2048, offset: 0),
                MemifDescriptor(flags: 0, region: 0, length: 0, offset: 0),
            ]
            for buffer in buffers {
                let hand = try Hand(rig)
                hand.connect(rig)
                hand.toClient.set(buffer, at: 0)
                hand.toClient.head = 1
                var burst = MbufBurst(capacity: 4)
                rig.frames([100], into: &burst)
                #expect(rig.server.endpoint.transmit(&burst) == 0)
                burst.free()
                #expect(hand.isSentAway(hand.answer()))
            }
            #expect(try isServed(rig))
        }
    }

    /// Empty ones, and ones that no mbuf holds.
    @Test func framesThatAreNoneAreCountedAndTheOthersCome() throws {
        try MemifRig.run { rig in
            let hand = try Hand(rig)
            hand.connect(rig)
            let first = UInt32(hand.layout.outboundBuffers)
            hand.toServer.set(MemifDescriptor(flags: 0, region: 0, length: 0, offset: 0), at: 0)
            hand.toServer.set(MemifDescriptor(flags: 0, region: 0, length: 5000, offset: first), at: 1)
            for place in 0..<60 {
                unsafe hand.region.base.storeBytes(
                    of: MemifRig.byte(60, place), toByteOffset: Int(first) + place, as: UInt8.self)
            }
            hand.toServer.set(MemifDescriptor(flags: 1, region: 0, length: 30, offset: first), at: 2)
            hand.toServer.set(MemifDescriptor(flags: 0, region: 0, length: 30, offset: first + 30), at: 3)
            hand.toServer.head = 4
            #expect(rig.server.endpoint.takeAll(rig) == [60])
            #expect(rig.server.statistics.malformed == 2 && rig.server.isConnected)
            #expect(hand.toServer.tail == 4)
        }
    }

    /// Clients that come and go while an lcore polls and sends.
    @Test func clientsComeAndGoUnderLoad() throws {
        try MemifRig.run { rig in
            let isEnding = Atomic<Bool>(false)
            let hasEnded = Atomic<Bool>(false)
            let inside = Atomic<Int>(0)
            let configuration = MemifConfiguration(
                path: rig.configuration.path + "2", id: 0, secret: "", name: "load")
            let server = try MemifServer(configuration) {
                // Until the poller below has begun another round.
                let before = inside.load(ordering: .acquiring)
                while inside.load(ordering: .acquiring) < before + 2 && !hasEnded.load(ordering: .acquiring) { usleep(50) }
                return true
            }
            let endpoint = server.endpoint
            let poller = Thread { [rig] in
                var burst = MbufBurst(capacity: 32)
                var outgoing = MbufBurst(capacity: 32)
                while !isEnding.load(ordering: .acquiring) {
                    inside.add(1, ordering: .acquiringAndReleasing)
                    _ = endpoint.receive(into: &burst, pool: rig.pool)
                    burst.free()
                    if outgoing.isEmpty { rig.frames([60, 1000, 1514], into: &outgoing) }
                    if endpoint.transmit(&outgoing) == 0 { usleep(10) }
                }
                outgoing.free()
                hasEnded.store(true, ordering: .releasing)
            }
            poller.start()
            var random = SystemRandomNumberGenerator()
            for round in 0..<60 {
                let pending = Atomic<Bool>(true)
                let ticker = Thread {
                    while pending.load(ordering: .acquiring) {
                        server.tick()
                        usleep(50)
                    }
                    pending.store(true, ordering: .releasing)
                }
                ticker.start()
                let client = try MemifClient(configuration, log2RingSize: 5, bufferLength: 512)
                var burst = MbufBurst(capacity: 8)
                var taken = MbufBurst(capacity: 8)
                for _ in 0..<Int.random(in: 0..<50, using: &random) {
                    if burst.isEmpty { rig.frames([64, 600, 1500], into: &burst) }
                    _ = client.endpoint.transmit(&burst)
                    // The poller never stops sending, so not all that there is.
                    _ = client.endpoint.receive(into: &taken, pool: rig.pool)
                    #expect(MemifRig.lengths(taken).allSatisfy { [60, 1000, 1514].contains($0) })
                    taken.free()
                }
                burst.free()
                client.close()
                #expect(rig.await { !server.isConnected }, "round \(round)")
                pending.store(false, ordering: .releasing)
                while !pending.load(ordering: .acquiring) { usleep(50) }
            }
            isEnding.store(true, ordering: .releasing)
            while !hasEnded.load(ordering: .acquiring) { usleep(100) }
            #expect(server.statistics.connections == 60 && server.statistics.broken == 0)
            server.close()
        }
    }
}
