// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import AcceleratedFrontend
import Acceleration
import CViaductAccel
import DPDK
import Dataplane
import Foundation
import Memif
import Testing
import Wire

/// A VI that is carried to a guest over a memif.
struct ExportTests {
    @Test(arguments: [nil, 7] as [UInt16?]) func framesGoBothWaysAndTheGuestKnowsNoVLAN(vlan: UInt16?) throws {
        try ExportRig.run { rig in
            var guest = try rig.frontend(try rig.open(vlan: vlan ?? 0))
            defer { guest.close() }
            for round in 0..<10 as Range<UInt32> {
                let numbers = Array(round * 20..<round * 20 + 20)
                var burst = MbufBurst(capacity: 64)
                for number in numbers {
                    rig.frame(number, to: ExportRig.mac, from: ExportRig.peer, length: 64, vlan: vlan, &burst)
                }
                rig.deliver(&burst)
                var came: [ExportRig.Frame] = []
                try rig.require("frames for the guest") {
                    came += guest.take()
                    return came.count >= 20
                }
                #expect(came == numbers.map { ExportRig.Frame($0) })
                for number in numbers { rig.frame(number, &burst) }
                #expect(guest.offer(&burst) == 20)
                var sent: [ExportRig.Frame] = []
                try rig.require("frames on the wire") {
                    sent += rig.sent()
                    return sent.count >= 20
                }
                #expect(sent == numbers.map { ExportRig.Frame($0, vlan) })
            }
            let counts = rig.statistics
            #expect(counts.received == 200 && counts.delivered == 200 && counts.taken == 200 && counts.sent == 200)
            #expect(guest.statistics.rx_packets == 200 && guest.statistics.tx_packets == 200)
        }
    }

    @Test func framesOfOtherVLANsAreNotTheGuests() throws {
        try ExportRig.run { rig in
            var guest = try rig.frontend(try rig.open(vlan: 7))
            defer { guest.close() }
            var burst = MbufBurst(capacity: 64)
            rig.frame(1, to: ExportRig.mac, from: ExportRig.peer, length: 64, &burst)
            rig.frame(2, to: ExportRig.mac, from: ExportRig.peer, length: 64, vlan: 8, &burst)
            rig.frame(3, to: ExportRig.mac, from: ExportRig.peer, length: 64, vlan: 7, &burst)
            rig.deliver(&burst)
            var came = 0
            try rig.require("the one frame") {
                came += guest.take().count
                return rig.statistics.received == 3 && came == 1
            }
            #expect(rig.statistics.foreign == 2 && rig.statistics.delivered == 1)
        }
    }

    /// A guest with a driver of its own may put anything into the memif.
    @Test func whatIsNotTheGuestsToSendIsDroppedAndCounted() throws {
        try ExportRig.run { rig in
            let devargs = try rig.open()
            let client = try MemifClient(Self.configuration(devargs), log2RingSize: 6, bufferLength: 2048)
            defer { client.close() }
            var burst = MbufBurst(capacity: 16)
            rig.frame(1, &burst)
            rig.frame(2, from: 0x0200_0000_0012, &burst)
            rig.frame(3, vlan: 7, &burst)
            rig.frame(4, length: 1519, &burst)
            rig.frame(5, length: 1518, &burst)
            // A marker that nobody of this grant can have written.
            precondition(rig.pool.allocate(1, into: &burst))
            let forged = burst[burst.count - 1]
            precondition(forged.setLength(LinkMarker.length) && LinkMarker(nonce: 1, sequence: 1).write(to: forged.mutableBytes))
            #expect(client.endpoint.transmit(&burst) == 6)
            var sent: [ExportRig.Frame] = []
            try rig.require("the two frames") {
                sent += rig.sent()
                return rig.statistics.taken == 6 && sent.count == 2
            }
            #expect(sent == [ExportRig.Frame(1), ExportRig.Frame(5)])
            let counts = rig.statistics
            #expect(counts.refused == 4 && counts.sent == 2 && counts.markers == 0)
        }
    }

    @Test func theGuestIsToldWhenAllIsSentAndWhatTimeItIs() throws {
        try ExportRig.run { rig in
            var guest = try rig.frontend(try rig.open())
            defer { guest.close() }
            #expect(guest.isTransmitDone() == true, "nothing was sent")
            var burst = MbufBurst(capacity: 16)
            for number in 0..<5 as Range<UInt32> { rig.frame(number, &burst) }
            #expect(guest.offer(&burst) == 5 && guest.isTransmitDone() == false)
            try rig.require("all is sent") {
                #expect(guest.take().isEmpty)
                return guest.isTransmitDone() == true
            }
            #expect(rig.sent().count == 5)
            var readings: [UInt64] = []
            try rig.require("three readings") {
                #expect(guest.take().isEmpty)
                let reading = guest.clock()
                if reading != 0 { readings.append(reading) }
                return readings.count == 3
            }
            #expect(readings == readings.sorted() && Set(readings).count == 3)
        }
    }

    @Test func withoutAGuestFramesAreCountedAndDropped() throws {
        try ExportRig.run { rig in
            _ = try rig.open()
            var burst = MbufBurst(capacity: 16)
            for number in 0..<8 as Range<UInt32> { rig.frame(number, to: ExportRig.mac, from: ExportRig.peer, &burst) }
            rig.deliver(&burst)
            try rig.require("they are dropped") { rig.statistics.undelivered == 8 }
        }
    }

    @Test func eachGrantHasASecretOfItsOwnAndTheLastOneIsTakenBack() throws {
        try ExportRig.run { rig in
            let first = try rig.open()
            var guest = try rig.frontend(first)
            let second = try rig.open()
            #expect(first != second)
            // The host has let go: what the first guest sends goes nowhere.
            var burst = MbufBurst(capacity: 16)
            rig.frame(1, &burst)
            #expect(guest.offer(&burst) == 1)
            guest.close()
            #expect(throws: DPDKError.self) { _ = try rig.frontend(first) }
            var next = try rig.frontend(second)
            rig.frame(2, &burst)
            #expect(next.offer(&burst) == 1)
            var sent: [ExportRig.Frame] = []
            try rig.require("the second guest's frame") {
                sent += rig.sent()
                return !sent.isEmpty
            }
            #expect(sent == [ExportRig.Frame(2)])
            next.close()
            #expect(rig.close() && rig.close())
            #expect(throws: DPDKError.self) { _ = try rig.frontend(second) }
            #expect(throws: ExportError.self) { _ = try rig.open("nowhere") }
        }
    }

    /// A guest's plugin asks again when an answer does not come, and believes only the answer to its last question.
    @Test func anAnswerThatIsLostIsAskedForAgain() throws {
        try ExportRig.run { rig in
            let path = FileManager.default.temporaryDirectory.appendingPathComponent("memif-\(UUID().uuidString)").path
            let secret = LinkSecret(0xABCD)
            let server = try MemifServer(MemifConfiguration(path: path, id: 0, secret: secret.text, name: "t")) { true }
            defer { server.close() }
            let ticking = Thread {
                while !Thread.current.isCancelled {
                    server.tick()
                    usleep(200)
                }
            }
            ticking.start()
            defer { ticking.cancel() }
            var guest = try rig.frontend(
                "net_memif0,role=client,id=0,socket=\(path),socket-abstract=no,secret=\(secret.text),rsize=6,bsize=2048")
            defer { guest.close() }
            func questions() -> [UInt32] {
                var burst = MbufBurst(capacity: 16)
                _ = server.endpoint.receive(into: &burst, pool: rig.pool)
                let found = (0..<burst.count).compactMap { LinkMarker(burst[$0].bytes)?.sequence }
                burst.free()
                return found
            }
            func answer(_ sequence: UInt32, clock: UInt64, nonce: UInt64 = 0xABCD) {
                var burst = MbufBurst(capacity: 1)
                precondition(rig.pool.allocate(1, into: &burst) && burst[0].setLength(LinkMarker.length))
                precondition(LinkMarker(nonce: nonce, sequence: sequence, clock: clock).write(to: burst[0].mutableBytes))
                #expect(server.endpoint.transmit(&burst) == 1)
            }
            try rig.require("a session") { server.isConnected }
            #expect(guest.clock() == 0 && guest.clock() == 0)
            #expect(questions() == [1], "one question at a time")
            usleep(150_000)
            #expect(guest.clock() == 0)
            #expect(questions() == [2])
            answer(1, clock: 5)
            #expect(guest.take().isEmpty && guest.clock() == 0, "an old answer says nothing")
            answer(2, clock: 6, nonce: 9)
            #expect(guest.take().count == 1, "a frame with another nonce is none of ours")
            answer(2, clock: 7)
            #expect(guest.take().isEmpty && guest.clock() == 7)
            #expect(guest.clock() == 0, "each answer is read once")
            #expect(questions() == [3])
        }
    }

    @Test(arguments: [
        "", "net_tap0,iface=x", "0000:03:00.0", "net_memif0",
        "net_memif0,role=server,socket=/a,socket-abstract=no,secret=0123456789abcdef",
        "net_memif0,role=client,socket=/a,socket-abstract=yes,secret=0123456789abcdef",
        "net_memif0,role=client,socket=a,socket-abstract=no,secret=0123456789abcdef",
        "net_memif0,role=client,socket=/a,socket-abstract=no", "net_memif0,role=client,socket=/a,socket-abstract=no,secret=short",
        "net_memif0,role=client,socket=/a,socket-abstract=no,secret=0123456789abcdef,rsize=15",
        "net_memif0,role=client,socket=/a,socket-abstract=no,secret=0123456789abcdef,bsize=63",
        "net_memif0,role=client,socket=/a,socket-abstract=no,secret=0123456789abcdef,id=x",
        "net_memif0,role=client,socket=/nonesuch/a,socket-abstract=no,secret=0123456789abcdef",
    ])
    func otherDevicesAreRefused(devargs: String) throws {
        try ExportRig.run { rig in
            #expect(throws: DPDKError.self) { _ = try rig.frontend(devargs) }
        }
    }

    private static func configuration(_ devargs: String) -> MemifConfiguration {
        func value(_ name: String) -> String {
            devargs.split(separator: ",").first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) } ?? ""
        }
        return MemifConfiguration(path: value("socket"), id: 0, secret: value("secret"), name: "test")
    }
}
