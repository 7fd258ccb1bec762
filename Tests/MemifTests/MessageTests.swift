// SPDX-License-Identifier: BSD-3-Clause
import Testing

@testable import Memif

struct MessageTests {
    private let messages: [MemifMessage] = [
        .ack, .hello(name: "viaduct", versions: 0x0200...0x0200, lastRegion: 15, lastRings: 0, maximumLog2RingSize: 14),
        .initialize(
            version: 0x0200, id: 7, mode: 0, secret: Array(1...24), name: "DPDK 22.11"),
        .addRegion(index: 1, size: 1 << 33),
        .addRing(flags: 1, index: 0, region: 1, offset: 0x0102_0304, log2Size: 10, headerSize: 4),
        .connect(name: "net_memif0"), .connected(name: "vi"), .disconnect(code: 3, reason: "no more"),
    ]

    @Test func eachMessageComesBackAsItWas() throws {
        for message in messages {
            #expect(message.encoded.count == 128)
            #expect(MemifMessage(message.encoded) == message)
        }
    }

    /// The places that memif.h gives them, which has nothing aligned.
    @Test func fieldsLieWhereTheProtocolHasThem() {
        let ring = MemifMessage.addRing(flags: 1, index: 2, region: 3, offset: 0x0A0B_0C0D, log2Size: 9, headerSize: 5).encoded
        #expect(Array(ring.prefix(15)) == [5, 0, 1, 0, 2, 0, 3, 0, 0x0D, 0x0C, 0x0B, 0x0A, 9, 5, 0])
        let region = MemifMessage.addRegion(index: 1, size: 0x0102_0304_0506_0708).encoded
        #expect(Array(region.prefix(12)) == [4, 0, 1, 0, 8, 7, 6, 5, 4, 3, 2, 1])
        let hello = MemifMessage.hello(name: "n", versions: 0x0100...0x0200, lastRegion: 3, lastRings: 1, maximumLog2RingSize: 11)
        #expect(Array(hello.encoded[34..<45]) == [0, 1, 0, 2, 3, 0, 1, 0, 1, 0, 11])
    }

    @Test func whatIsNoMessageIsNone() {
        #expect(MemifMessage([]) == nil)
        #expect(MemifMessage(Array(MemifMessage.ack.encoded.dropLast())) == nil)
        #expect(MemifMessage(MemifMessage.ack.encoded + [0]) == nil)
        for type: UInt8 in [0, 9, 255] {
            var bytes = MemifMessage.ack.encoded
            bytes[0] = type
            #expect(MemifMessage(bytes) == nil)
        }
        var hello = messages[1].encoded
        hello[35] = 9
        #expect(MemifMessage(hello) == nil, "the least version is above the most")
    }

    @Test func longTextsAreCut() {
        let long = String(repeating: "x", count: 500)
        #expect(MemifMessage(MemifMessage.connect(name: long).encoded) == .connect(name: String(long.prefix(31))))
        #expect(
            MemifMessage(MemifMessage.disconnect(code: 0, reason: long).encoded)
                == .disconnect(code: 0, reason: String(long.prefix(95))))
    }
}
