// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

@testable import viaduct

struct SequenceHeaderTests {
    private static let endpoints = DemoSettings.endpoints

    /// A generated frame with that header.
    private static func frame(
        _ header: SequenceHeader, vlan: VLANTag? = nil, payloadLength: Int = 30
    ) -> FrameBytes {
        let writer = FrameWriter(
            destinationMAC: endpoints.destinationMAC, sourceMAC: endpoints.sourceMAC, vlan: vlan,
            addresses: .v4(source: endpoints.source, destination: endpoints.destination), sourcePort: 1, destinationPort: 2)
        let frame = FrameBytes(count: writer.payloadOffset + payloadLength)
        header.write(to: frame.view, at: writer.payloadOffset)
        let length = writer.write(into: frame.view, payloadLength: payloadLength)
        #expect(length == frame.count)
        return frame
    }

    private static func read(_ frame: FrameBytes) -> SequenceHeader? { frame.read { SequenceHeader(frame: $0) } }

    private static let header = SequenceHeader(flow: 7, sequence: 1 << 40, sentAt: 0x0123_4567_89AB_CDEF)

    @Test func whatIsWrittenIsRead() {
        #expect(Self.read(Self.frame(Self.header)) == Self.header)
        let tag = VLANTag(tagProtocol: .vlan, control: 5)
        #expect(Self.read(Self.frame(Self.header, vlan: tag)) == Self.header)
    }

    @Test func itIsAsLongAsItSays() {
        #expect(Self.read(Self.frame(Self.header, payloadLength: SequenceHeader.length)) == Self.header)
    }

    @Test func anotherMagicIsNoHeader() {
        let frame = Self.frame(Self.header)
        frame.view.set(u8: 0, at: 42)
        #expect(Self.read(frame) == nil)
    }

    @Test func anImpossibleNumberIsNoHeader() {
        let frame = Self.frame(Self.header)
        frame.view.set(u64: SequenceHeader.sequenceLimit, at: 42 + 8)
        #expect(Self.read(frame) == nil)
    }

    @Test func everyCutFrameIsNoHeader() {
        let frame = Self.frame(Self.header, payloadLength: SequenceHeader.length)
        for count in 0..<frame.count {
            let cut = FrameBytes(count: count)
            for index in 0..<count { cut.view.set(u8: frame.view[index], at: index) }
            #expect(Self.read(cut) == nil)
        }
    }
}

struct FrameSizesTests {
    @Test func theMixHasSevenShortFourMiddleAndOneLong() {
        var counts: [Int: Int] = [:]
        for index in 0..<120 as Range<UInt64> { counts[FrameSizes.imix.length(ofFrame: index), default: 0] += 1 }
        #expect(counts == [66: 70, 590: 40, 1514: 10])
        #expect(FrameSizes.imix.longest == 1514)
    }

    @Test func aFixedLengthStays() {
        #expect((0..<20 as Range<UInt64>).allSatisfy { FrameSizes.fixed(200).length(ofFrame: $0) == 200 })
    }

    @Test func theShortestFrameHoldsAllHeaders() {
        #expect(FrameSizes.minimum == 66)
    }
}
