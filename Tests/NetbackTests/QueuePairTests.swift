// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Foundation
import Testing
import Wire

@testable import Netback

/// Guests with several queue pairs, and sockets in the other direction.
@Suite struct QueuePairTests {
    /// A guest in this process that uses `pairs` queue pairs.
    private final class WideGuest {
        let port: DPDK.Port
        let pool: MempoolHandle

        init(_ number: Int, socket: String, pairs: Int, arguments: String = "", pool: MempoolHandle) throws {
            let name = "virtio_user\(number)"
            let id = try DPDK.Port.attach(name, arguments: "path=\(socket),queues=\(pairs),cq=1,queue_size=256\(arguments)")
            port = try DPDK.Port(
                starting: id, queues: DPDK.Port.Queues(pairs: pairs, receiveDescriptors: 256, transmitDescriptors: 256),
                virtualDevice: name
            ) { _ in pool }
            self.pool = pool
        }

        func send(_ frames: [Bytes], by queue: Int) -> Bool {
            var burst = MbufBurst(capacity: 64)
            pool.fill(&burst, with: frames[...])
            return port.queuePair(queue).transmit(&burst) == frames.count
        }

        func receive(from queue: Int) -> [Bytes] {
            var frames: [Bytes] = []
            var burst = MbufBurst(capacity: 32)
            while port.queuePair(queue).receive(into: &burst) > 0 {
                for index in 0..<burst.count { frames.append(burst[index].frame) }
                burst.free()
            }
            return frames
        }
    }

    /// The `number`th frame of a UDP flow.
    private func frame(_ number: Int, flow: Int, to destination: MACAddress, from source: MACAddress) -> Bytes {
        let payload = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } + Bytes(repeating: UInt8(flow), count: 14)
        var bytes = OffloadPacket(isIPv6: false, transport: .udp, payload: payload, left: .nothing)
            .frame(to: destination, from: source)
        bytes[35] = UInt8(flow)
        return bytes
    }

    @Test(arguments: [("", 4), (",packed_vq=1", 8), ("", 2)])
    func flowsSpreadOverTheQueuesAndStayInOrder(_ ring: String, _ pairs: Int) throws {
        try Rig.run { rig in
            var vif = rig.vif(1)
            vif.queuePairs = pairs
            let id = try rig.netback.addVif(vif, link: nil)
            var guest: WideGuest? = try WideGuest(
                1, socket: vif.socketPath, pairs: pairs, arguments: ring, pool: rig.guestPool.handle)
            // A guest with many turns them on one after the other.
            try rig.require("it is there, with all of them") { rig.status(id)?.queuePairs == pairs }
            rig.awaitRound()
            let flows = 64
            let rounds = 30
            var came = [[[Int]]](repeating: [[Int]](repeating: [], count: flows), count: pairs)
            for round in 0..<rounds {
                #expect(rig.wire.send((0..<flows).map { frame(round, flow: $0, to: Rig.mac(1), from: Rig.station) }))
                var total = 0
                try rig.require("a round arrives") {
                    for queue in 0..<pairs {
                        for bytes in guest?.receive(from: queue) ?? [] {
                            came[queue][Int(bytes[35])].append(Int(bytes[45]))
                            total += 1
                        }
                    }
                    return total == flows
                }
            }
            for flow in 0..<flows {
                let queues = (0..<pairs).filter { !came[$0][flow].isEmpty }
                #expect(queues.count == 1, "flow \(flow) came by queues \(queues)")
                #expect(came[queues.first ?? 0][flow] == Array(0..<rounds))
            }
            for queue in 0..<pairs { #expect(came[queue].contains { !$0.isEmpty }, "nothing came by queue \(queue)") }

            for queue in 0..<pairs {
                let frames = (0..<20).map { frame($0, flow: queue, to: Rig.station, from: Rig.mac(1)) }
                #expect(guest?.send(frames, by: queue) == true)
            }
            var sent = [Int](repeating: 0, count: pairs)
            for bytes in try rig.receiveFromWire(20 * pairs) {
                #expect(Int(bytes[45]) == sent[Int(bytes[35])], "a queue's frames are in order")
                sent[Int(bytes[35])] += 1
            }
            #expect(sent.allSatisfy { $0 == 20 })
            guest = nil
            try rig.settle()
        }
    }

    @Test func eachQueueLetsAsMuchWaitAndLosesTheRest() throws {
        try Rig.run { rig in
            var vif = rig.vif(1)
            vif.queuePairs = 2
            let id = try rig.netback.addVif(vif, link: nil)
            var guest: WideGuest? = try WideGuest(1, socket: vif.socketPath, pairs: 2, pool: rig.guestPool.handle)
            try rig.require("it is there, with all of them") { rig.status(id)?.queuePairs == 2 }
            #expect(rig.wire.send((0..<3000).map { frame($0, flow: $0 % 64, to: Rig.mac(1), from: Rig.station) }))
            try rig.require("what waited is given up") {
                rig.count("vringFull", id) + rig.count("guestDelivered", id) == 3000
            }
            #expect(rig.count("queued", id) == 0)
            var came = 0
            for queue in 0..<2 {
                let frames = (guest?.receive(from: queue) ?? []).map { Int($0[44]) << 8 | Int($0[45]) }
                #expect(zip(frames, frames.dropFirst()).allSatisfy { $0 < $1 }, "the oldest, in order")
                came += frames.count
            }
            #expect(came == Int(rig.count("guestDelivered", id)) && came > 256, "\(came)")
            // Both queues go on.
            #expect(rig.wire.send((4000..<4064).map { frame($0, flow: $0 % 64, to: Rig.mac(1), from: Rig.station) }))
            var again = 0
            try rig.require("all arrive") {
                for queue in 0..<2 { again += guest?.receive(from: queue).count ?? 0 }
                return again == 64
            }
            guest = nil
            try rig.settle()
        }
    }

    @Test func aGuestWithFewerQueuesFollowsOneWithMany() throws {
        try Rig.run { rig in
            var vif = rig.vif(1)
            vif.queuePairs = 4
            let id = try rig.netback.addVif(vif, link: nil)
            for pairs in [4, 1] {
                var guest: WideGuest? = try WideGuest(pairs, socket: vif.socketPath, pairs: pairs, pool: rig.guestPool.handle)
                try rig.require("it is there") { rig.status(id)?.queuePairs == pairs }
                let flows = 64
                #expect(rig.wire.send((0..<flows).map { frame(1, flow: $0, to: Rig.mac(1), from: Rig.station) }))
                var total = 0
                try rig.require("every flow arrives at the guest with \(pairs)") {
                    for queue in 0..<pairs { total += guest?.receive(from: queue).count ?? 0 }
                    return total == flows
                }
                guest = nil
                try rig.require("it has gone") { rig.status(id)?.isConnected == false }
            }
        }
    }

    @Test func theNewestGuestAtASocketIsServedAndAnOlderOnesEndIsNotIts() throws {
        try Rig.run { rig in
            let vif = rig.vif(1)
            let id = try rig.netback.addVif(vif, link: nil)
            var older: WideGuest? = try WideGuest(1, socket: vif.socketPath, pairs: 1, pool: rig.guestPool.handle)
            try rig.require("it is there") { rig.status(id)?.isConnected == true }
            func arrives(at guest: WideGuest?, _ number: Int) throws {
                let wanted = frame(number, flow: 1, to: Rig.mac(1), from: Rig.station)
                var came: [Bytes] = []
                // What was sent while the guests changed went to the one that was there.
                try rig.require("frame \(number) comes") {
                    _ = rig.wire.send([wanted])
                    usleep(2000)
                    came += guest?.receive(from: 0) ?? []
                    return came.contains(wanted)
                }
            }
            try arrives(at: older, 1)
            let newer = try WideGuest(2, socket: vif.socketPath, pairs: 1, pool: rig.guestPool.handle)
            try arrives(at: newer, 2)
            older = nil
            try arrives(at: newer, 3)
            #expect(rig.status(id)?.isConnected == true)
        }
    }

    @Test func aVifThatMayBeAcceleratedHasOneQueuePair() throws {
        try Rig.run { rig in
            var vif = rig.vif(1)
            vif.queuePairs = 2
            #expect(throws: NetbackError.self) {
                _ = try rig.netback.addVif(vif, link: InMemoryControlLink.makePair().backend)
            }
            vif.queuePairs = 9
            #expect(throws: NetbackError.self) { _ = try rig.netback.addVif(vif, link: nil) }
        }
    }

    @Test func netbackConnectsToAGuestThatListensAndComesBack() throws {
        try Rig.run { rig in
            var vif = rig.vif(1)
            vif.connectsToGuest = true
            let id = try rig.netback.addVif(vif, link: nil)
            // The guest comes later than netback, goes, and comes again.
            for life in 1...2 {
                var guest: WideGuest? = try WideGuest(
                    life, socket: vif.socketPath, pairs: 1, arguments: ",server=1", pool: rig.guestPool.handle)
                try rig.require("life \(life): connected") { rig.status(id)?.isConnected == true }
                let toGuest = frame(life, flow: 1, to: Rig.mac(1), from: Rig.station)
                #expect(rig.wire.send([toGuest]))
                var came: [Bytes] = []
                try rig.require("life \(life): a frame comes") {
                    came += guest?.receive(from: 0) ?? []
                    return !came.isEmpty
                }
                #expect(came == [toGuest])
                let toWire = frame(life, flow: 2, to: Rig.station, from: Rig.mac(1))
                #expect(guest?.send([toWire], by: 0) == true)
                #expect(try rig.receiveFromWire(1) == [toWire])
                guest = nil
                try rig.require("life \(life): gone") { rig.status(id)?.isConnected == false }
            }
        }
    }
}
