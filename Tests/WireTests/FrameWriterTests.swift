// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct FrameWriterTests {
    private let v4 = IPAddressPair.v4(source: Frames.peerIPv4, destination: Frames.ourIPv4)
    private let v6 = IPAddressPair.v6(source: Frames.peerIPv6, destination: Frames.ourIPv6)

    private func writer(
        _ addresses: IPAddressPair, vlan: VLANTag? = nil, checksum: FrameWriter.Checksum = .computed
    ) -> FrameWriter {
        FrameWriter(
            destinationMAC: Frames.ourMAC, sourceMAC: Frames.peerMAC, vlan: vlan, addresses: addresses,
            sourcePort: 5000,
            destinationPort: 7, hopLimit: 33, checksum: checksum)
    }

    /// The frame that `writer` makes around `payload`, in a buffer without a byte to spare.
    private func frame(_ writer: FrameWriter, _ payload: [UInt8]) -> [UInt8]? {
        withExactBytes([UInt8](repeating: 0xEE, count: writer.payloadOffset) + payload) { buffer in
            guard let length = writer.write(into: buffer, payloadLength: payload.count) else { return nil }
            return buffer.view.prefix(length)?.bytes
        }
    }

    @Test(arguments: [nil, VLANTag(tagProtocol: .vlan, control: 0x2005)])
    func framesAreReadBackInBothVersions(_ vlan: VLANTag?) throws {
        for (addresses, length) in [(v4, 42), (v6, 62)] {
            let writer = writer(addresses, vlan: vlan)
            #expect(writer.payloadOffset == length + (vlan == nil ? 0 : 4))
            for payload: [UInt8] in [[], [1], [1, 2, 3, 4]] {
                let bytes = try #require(frame(writer, payload))
                #expect(bytes.count == writer.payloadOffset + payload.count)
                let key = try #require(withView(bytes) { FlowKey($0) })
                #expect(key.addresses == addresses && key.ports == FlowKey.Ports(source: 5000, destination: 7))
                #expect(key.destinationMAC == Frames.ourMAC && key.vlanID == vlan?.id)
                #expect(Array(bytes.suffix(payload.count)) == payload)
            }
        }
    }

    @Test func checksumsAreRight() throws {
        let packet4 = Array(try #require(frame(writer(v4), [1, 2, 3])).dropFirst(14))
        #expect(Frames.checksum(Array(packet4.prefix(20))) == 0)
        #expect(packet4[8] == 33 && packet4[6] == 0x40)
        let datagram = Array(packet4.dropFirst(20))
        #expect(Frames.checksum(Frames.pseudoHeader(Frames.peerIPv4, Frames.ourIPv4, 17, 11) + datagram) == 0)

        let packet6 = Array(try #require(frame(writer(v6), [1, 2, 3])).dropFirst(14))
        #expect(packet6[7] == 33)
        let message = Array(packet6.dropFirst(40))
        #expect(Frames.checksum(Frames.pseudoHeader(Frames.peerIPv6, Frames.ourIPv6, 17, 11) + message) == 0)
    }

    @Test func agreesByteForByteWithTheHandMadeFrame() throws {
        var expected = Frames.udpOverIPv6([1, 2, 3])
        expected[14 + 7] = 33
        #expect(try #require(frame(writer(v6), [1, 2, 3])) == expected)
    }

    @Test func checksumMayBeLeftOutOverIPv4Only() throws {
        let bytes = try #require(frame(writer(v4, checksum: .none), [1]))
        #expect(bytes[40] == 0 && bytes[41] == 0)
        #expect(frame(writer(v6, checksum: .none), [1]) == nil)
    }

    @Test func refusesWhatDoesNotFitAndWritesNothing() {
        for addresses in [v4, v6] {
            let writer = writer(addresses)
            let room = writer.payloadOffset + 9
            withExactBytes([UInt8](repeating: 0xEE, count: room)) { buffer in
                for length in [10, -1, 65_508, Int.max, Int.min] {
                    #expect(writer.write(into: buffer, payloadLength: length) == nil, "\(length)")
                }
                #expect(buffer.view.bytes == [UInt8](repeating: 0xEE, count: room))
                #expect(writer.write(into: buffer, payloadLength: 9) == room)
            }
        }
    }

    @Test func longestDatagramIsWritten() throws {
        let payload = [UInt8](repeating: 0xA5, count: 0xFFFF - 28)
        let bytes = try #require(frame(writer(v4), payload))
        withView(Array(bytes.dropFirst(14))) { #expect(IPv4Header($0)?.totalLength == 0xFFFF) }
        #expect(frame(writer(v4), payload + [0]) == nil)
    }
}
