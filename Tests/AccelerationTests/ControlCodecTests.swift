// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

@testable import Acceleration

@Suite struct ControlCodecTests {
    private let mac = MACAddress(rawValue: 0x0200_0000_0001)

    private func failure(_ bytes: [UInt8], from side: ControlSide) -> ControlDecodingError? {
        do throws(ControlDecodingError) {
            _ = try ControlCodec.decode(bytes, from: side)
            return nil
        } catch {
            return error
        }
    }

    /// A message with a header that fits its body.
    private func framed(_ kind: ControlMessageKind, _ body: [UInt8]) -> [UInt8] {
        [0xAC, 1, kind.rawValue, 0, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
    }

    @Test func layoutIsBigEndianBehindASixOctetHeader() {
        #expect(
            ControlCodec.encode(.fenceReached(id: 0x0102_0304, sequence: 5, stashed: 0x600))
                == [0xAC, 1, 0x86, 0, 0, 12, 1, 2, 3, 4, 0, 0, 0, 5, 0, 0, 6, 0])
        #expect(
            ControlCodec.encode(.offer(version: 1, mac: mac, plugin: "vi", maximumStash: 256))
                == [0xAC, 1, 1, 0, 0, 16, 0, 1, 2, 0, 0, 0, 0, 1, 0, 2, 0x76, 0x69, 0, 0, 1, 0])
        let queuePair = Grant.queuePair(port: 3, rxQueue: 4, txQueue: 5, mempool: "p", vlan: 0x0123)
        #expect(
            ControlCodec.encode(.grant(id: 9, queuePair, fenceNonce: 0x0A0B, settleNanoseconds: 1))
                == framed(
                    .grant,
                    [0, 0, 0, 9, 1, 0, 3, 0, 4, 0, 5, 1, 0x23, 0, 1, 0x70] + [0, 0, 0, 0, 0, 0, 0x0A, 0x0B]
                        + [0, 0, 0, 0, 0, 0, 0, 1]))
    }

    @Test func largestMessagesFitTheLimit() throws {
        let addresses = [MACAddress](repeating: mac, count: ControlProtocol.maximumLocalAddresses)
        let largest: [ControlMessage] = [
            .localAddresses(generation: .max, addresses),
            .grant(
                id: 1, .device(devargs: String(repeating: "d", count: 1024)), fenceNonce: 0, settleNanoseconds: 0),
            .refuse(AccelerationReason(.quota, String(repeating: "r", count: 256))),
            .changeFlows(
                id: 1, sequence: .max,
                adds: [FlowEntry](
                    repeating: FlowEntry(id: 1, FlowSelector(IPv6Address.unspecified, .udp, port: 1)),
                    count: ControlProtocol.maximumFlowChanges),
                removes: [UInt32](repeating: 1, count: ControlProtocol.maximumFlowChanges)),
            .flowHits(
                id: 1, [FlowHits](repeating: FlowHits(flow: 1, frames: .max), count: ControlProtocol.maximumFlowHits)),
        ]
        for message in largest {
            let bytes = ControlCodec.encode(message)
            #expect(bytes.count <= ControlProtocol.maximumMessageLength)
            #expect(try ControlCodec.decode(bytes, from: message.sender) == message)
        }
    }

    @Test func everyStrictPrefixAndEveryTrailingOctetIsRefused() {
        var messages = RandomMessages(seed: 1)
        for _ in 0..<200 {
            let message = messages.message()
            let bytes = ControlCodec.encode(message)
            if bytes.count > 400 { continue }
            for length in 0..<bytes.count {
                #expect(failure(Array(bytes.prefix(length)), from: message.sender) != nil)
                // Also with a length field that fits.
                if length >= 6 {
                    #expect(failure(framed(message.kind, Array(bytes[6..<length])), from: message.sender) != nil)
                }
            }
            #expect(failure(bytes + [0], from: message.sender) == .badLength)
            #expect(failure(framed(message.kind, bytes[6...] + [0]), from: message.sender) == .trailingBytes)
        }
    }

    @Test func everyMessageIsRefusedFromTheWrongSide() {
        var messages = RandomMessages(seed: 2)
        for _ in 0..<300 {
            let message = messages.message()
            #expect(failure(ControlCodec.encode(message), from: message.sender.peer) == .wrongDirection)
        }
    }

    /// One row per hostility in the header.
    @Test(
        arguments: [
            ([], .truncatedHeader),
            ([0xAC, 1, 0x83, 0, 0], .truncatedHeader),
            ([0xAD, 1, 0x83, 0, 0, 4, 0, 0, 0, 1], .badMagic),
            ([0xAC, 2, 0x83, 0, 0, 4, 0, 0, 0, 1], .unsupportedEncoding(version: 2)),
            ([0xAC, 0, 0x83, 0, 0, 4, 0, 0, 0, 1], .unsupportedEncoding(version: 0)),
            ([0xAC, 1, 0x00, 0, 0, 4, 0, 0, 0, 1], .unknownType(0)),
            ([0xAC, 1, 0x90, 0, 0, 4, 0, 0, 0, 1], .unknownType(0x90)),
            ([0xAC, 1, 0x83, 1, 0, 4, 0, 0, 0, 1], .reservedFlags(1)),
            ([0xAC, 1, 0x83, 0x80, 0, 4, 0, 0, 0, 1], .reservedFlags(0x80)),
            ([0xAC, 1, 0x83, 0, 0, 5, 0, 0, 0, 1], .badLength),
            ([0xAC, 1, 0x83, 0, 0xFF, 0xFF, 0, 0, 0, 1], .badLength),
            ([0xAC, 1, 0x83, 0, 0, 0], .truncatedBody),
            ([0xAC, 1, 0x83, 0, 0, 4, 0, 0, 0, 0], .invalidValue),
            ([UInt8](repeating: 0xAC, count: 4097), .tooLong),
        ] as [([UInt8], ControlDecodingError)])
    func hostileHeaderIsRefused(bytes: [UInt8], error: ControlDecodingError) {
        #expect(failure(bytes, from: .frontend) == error)
    }

    /// One row per hostility in a body.
    @Test(
        arguments: [
            (.refuse, [0xFF, 0xFF, 0, 0], .invalidValue),
            (.refuse, [0, 8, 0x01, 0x01] + [UInt8](repeating: 0x61, count: 257), .overLimit),
            (.refuse, [0, 8, 0, 2, 0x61], .truncatedBody),
            (.refuse, [0, 8, 0, 1, 0xFF], .invalidText),
            (.refuse, [0, 8, 0, 2, 0xC0, 0x80], .invalidText),
            (.refuse, [0, 8, 0, 3, 0xED, 0xA0, 0x80], .invalidText),
            (.refuse, [0, 8, 0, 1, 0x1B], .forbiddenText),
            (.refuse, [0, 8, 0, 2, 0xC2, 0x9B], .forbiddenText),
            (.refuse, [0, 8, 0, 0, 0], .trailingBytes),
            (.offer, [0, 1, 3, 0, 0, 0, 0, 1, 0, 1, 0x61, 0, 0, 0, 0], .invalidValue),
            (.offer, [0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x61, 0, 0, 0, 0], .invalidValue),
            (.offer, [0, 1, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], .forbiddenText),
            (.offer, [0, 1, 2, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0], .forbiddenText),
            (.offer, [0, 1, 2, 0, 0, 0, 0, 1, 0, 65] + [UInt8](repeating: 0x61, count: 69), .overLimit),
            (.grant, [0, 0, 0, 0, 2, 0, 1, 0x61] + [UInt8](repeating: 0, count: 16), .invalidValue),
            (.grant, [0, 0, 0, 1, 3, 0, 1, 0x61] + [UInt8](repeating: 0, count: 16), .invalidValue),
            (.grant, [0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 33] + [UInt8](repeating: 0x61, count: 49), .overLimit),
            (.grant, [0, 0, 0, 1, 2, 4, 1] + [UInt8](repeating: 0x61, count: 1041), .overLimit),
            (.localAddresses, [0, 0, 0, 0, 0, 0, 0, 1, 2, 1], .overLimit),
            (.changeFlows, [0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0], .invalidValue),
            (.changeFlows, [0, 0, 0, 1, 0x7F, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9], .invalidValue),
            (.changeFlows, [0, 0, 0, 1, 0x80, 0, 0, 0, 0, 33], .overLimit),
            (.changeFlows, [0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 33], .overLimit),
            (.changeFlows, [0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], .invalidValue),
            (.changeFlows, [0, 0, 0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 1, 4, 17, 0, 7, 1, 2, 3], .truncatedBody),
            (.changeFlows, [0, 0, 0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 1, 5, 17, 0, 7, 1, 2, 3, 4, 0, 0], .invalidValue),
            (.changeFlows, [0, 0, 0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 1, 4, 1, 0, 7, 1, 2, 3, 4, 0, 0], .invalidValue),
            (.changeFlows, [0, 0, 0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 4, 17, 0, 7, 1, 2, 3, 4, 0, 0], .invalidValue),
            (.flowRulesChanged, [0, 0, 0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0], .invalidValue),
            (.flowHits, [0, 0, 0, 1, 0, 0], .invalidValue),
            (.flowHits, [0, 0, 0, 1, 1, 1], .overLimit),
            (.flowHits, [0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9], .invalidValue),
            (.flowsReady, [0, 0, 0, 1, 0, 0, 0, 1], .invalidValue),
            (.flowsDrained, [0, 0, 0, 0, 0x80, 0, 0, 1], .invalidValue),
            (.localAddresses, [0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 0, 0, 0, 0, 1], .truncatedBody),
            (.localAddresses, [0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0x5E, 0, 0, 1], .invalidValue),
        ] as [(ControlMessageKind, [UInt8], ControlDecodingError)])
    func hostileBodyIsRefused(kind: ControlMessageKind, body: [UInt8], error: ControlDecodingError) {
        #expect(failure(framed(kind, body), from: kind.sender) == error)
    }

    @Test func whatCannotBeEncodedSaysSo() {
        let long = String(repeating: "x", count: 1025)
        let unencodable: [ControlMessage] = [
            .offer(version: 1, mac: .broadcast, plugin: "p", maximumStash: 0),
            .offer(version: 1, mac: mac, plugin: "", maximumStash: 0),
            .offer(version: 1, mac: mac, plugin: String(long.prefix(65)), maximumStash: 0),
            .grant(id: 0, .device(devargs: "d"), fenceNonce: 0, settleNanoseconds: 0),
            .grant(id: 1, .device(devargs: long), fenceNonce: 0, settleNanoseconds: 0),
            .grant(id: 1, .device(devargs: "a\0b"), fenceNonce: 0, settleNanoseconds: 0),
            .grant(
                id: 1, .queuePair(port: 0, rxQueue: 0, txQueue: 0, mempool: String(long.prefix(33))), fenceNonce: 0,
                settleNanoseconds: 0),
            .localAddresses(generation: 1, [MACAddress](repeating: mac, count: 513)),
            .localAddresses(generation: 1, [.zero]),
            .closed(id: 0),
            .changeFlows(id: 1, sequence: 1 << 31, adds: [], removes: []),
            .changeFlows(id: 1, sequence: 5, adds: [], removes: [1]),
            .changeFlows(id: 1, sequence: 1 << 31, adds: [], removes: [UInt32](repeating: 1, count: 33)),
            .changeFlows(
                id: 1, sequence: 1 << 31, adds: [FlowEntry(id: 1, FlowSelector(IPv4Address.unspecified, .icmp, port: 0))],
                removes: []),
            .flowRulesChanged(id: 1, sequence: 1 << 31, failed: [0]),
            .flowHits(id: 1, []),
            .flowHits(id: 1, [FlowHits](repeating: FlowHits(flow: 1, frames: 1), count: 257)),
        ]
        for message in unencodable {
            #expect(!message.isEncodable, "\(message)")
        }
    }

    @Test func encodingWhatCannotBeEncodedIsOurOwnMistake() async {
        await #expect(processExitsWith: .failure) { _ = ControlCodec.encode(.closed(id: 0)) }
    }
}
