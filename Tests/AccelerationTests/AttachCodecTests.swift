// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

@testable import Acceleration

@Suite struct AttachCodecTests {
    static let terms = AttachTerms(
        mac: MACAddress(rawValue: 0x0200_0000_0001), filePrefix: "viaduct-7", lcores: [4, 5], devices: ["0000:01:00.0"],
        rings: "g0",
        ringDepth: 1024, mempool: "g0-pool",
        softQueue: AttachTerms.SoftQueue(nic: "nic0", queue: 3, descriptors: 1024, mempool: "vi3"))

    static var messages: [(AttachMessage, ControlSide)] {
        var plain = terms
        plain.softQueue = nil
        plain.devices = []
        return [
            (.hello(version: 1, vif: "g0"), .frontend), (.ready, .frontend), (.failed("why"), .frontend), (.pong(7), .frontend),
            (.left, .frontend), (.ending, .backend), (.admitted, .backend),
            (.accepted(terms), .backend), (.accepted(plain), .backend), (.refused(""), .backend), (.ping(.max), .backend),
        ]
    }

    @Test func whatIsEncodedIsDecoded() throws {
        for (message, side) in Self.messages {
            let bytes = AttachCodec.encode(message)
            #expect(AttachProtocol.isAttachMessage(bytes))
            #expect(try AttachCodec.decode(bytes, from: side) == message)
            #expect(throws: ControlDecodingError.wrongDirection) { try AttachCodec.decode(bytes, from: side.peer) }
            #expect(throws: ControlDecodingError.self) { try ControlCodec.decode(bytes, from: side) }
        }
    }

    @Test func everyTruncationAndEveryExtensionIsRefused() {
        for (message, side) in Self.messages {
            let bytes = AttachCodec.encode(message)
            for length in 0..<bytes.count {
                #expect(throws: ControlDecodingError.self) { try AttachCodec.decode(Array(bytes[..<length]), from: side) }
                // With a length that fits what is there.
                guard length >= 6 else { continue }
                var cut = Array(bytes[..<length])
                cut[4] = UInt8((length - 6) >> 8)
                cut[5] = UInt8(truncatingIfNeeded: length - 6)
                if let again = try? AttachCodec.decode(cut, from: side) { #expect(AttachCodec.encode(again) == cut) }
            }
            #expect(throws: ControlDecodingError.self) { try AttachCodec.decode(bytes + [0], from: side) }
        }
    }

    @Test func noOctetThatChangesMakesItTrap() {
        for (message, side) in Self.messages {
            let bytes = AttachCodec.encode(message)
            for index in bytes.indices {
                for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                    var changed = bytes
                    changed[index] = value
                    if let again = try? AttachCodec.decode(changed, from: side) { #expect(AttachCodec.encode(again) == changed) }
                }
            }
        }
    }

    @Test func limitsAreKept() {
        var many = Self.terms
        many.lcores = Array(0..<17)
        #expect(throws: ControlDecodingError.overLimit) {
            try AttachCodec.decode(AttachCodec.encode(.accepted(many)), from: .backend)
        }
        many.lcores = []
        #expect(throws: ControlDecodingError.invalidValue) {
            try AttachCodec.decode(AttachCodec.encode(.accepted(many)), from: .backend)
        }
        let long = String(repeating: "x", count: 1000)
        #expect(throws: Never.self) { try AttachCodec.decode(AttachCodec.encode(.failed(long)), from: .frontend) }
    }
}
