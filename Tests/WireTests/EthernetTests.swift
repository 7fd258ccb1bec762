// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct EthernetTests {
    @Test func headerOfFourteenBytesIsEnoughAndThirteenAreNot() throws {
        let frame = Frames.ethernet(type: 0x0800, [])
        try withView(frame) {
            let header = try #require(EthernetHeader($0))
            #expect(header.destination == Frames.ourMAC && header.source == Frames.peerMAC)
            #expect(header.etherType == .ipv4 && header.headerLength == 14)
            #expect(header.vlan == nil && header.innerVLAN == nil)
        }
        for length in 0..<14 {
            withView(Array(frame.prefix(length))) { #expect(EthernetHeader($0) == nil, "\(length)") }
        }
    }

    @Test func oneTagIsReadAndItsTruncationRefused() throws {
        let frame = Frames.ethernet(tags: [(0x8100, 0xB123)], type: 0x86DD, [])
        #expect(frame.count == 18)
        try withView(frame) {
            let header = try #require(EthernetHeader($0))
            #expect(header.etherType == .ipv6 && header.headerLength == 18)
            let tag = try #require(header.vlan)
            #expect(tag.id == 0x123 && tag.priority == 5 && tag.isDropEligible && tag.tagProtocol == .vlan)
            #expect(header.innerVLAN == nil)
        }
        for length in 14..<18 {
            withView(Array(frame.prefix(length))) { #expect(EthernetHeader($0) == nil, "\(length)") }
        }
    }

    @Test func twoTagsAreReadOutermostFirst() throws {
        let frame = Frames.ethernet(tags: [(0x88A8, 0x0064), (0x8100, 0x00C8)], type: 0x0806, [])
        #expect(frame.count == 22)
        try withView(frame) {
            let header = try #require(EthernetHeader($0))
            #expect(header.etherType == .arp && header.headerLength == 22)
            #expect(header.vlan == VLANTag(tagProtocol: .qinq, control: 100))
            #expect(header.innerVLAN?.id == 200)
        }
        for length in 18..<22 {
            withView(Array(frame.prefix(length))) { #expect(EthernetHeader($0) == nil, "\(length)") }
        }
    }

    @Test func aPriorityTagIsNoVLAN() {
        let rows: [(tag: (type: UInt16, control: UInt16)?, length: Int, isInVLAN: Bool)] = [
            (nil, 60, false), ((0x8100, 1), 60, true), ((0x8100, 0xE000), 60, false), ((0x88A8, 0x0FFF), 60, true),
            ((0x8100, 0xE000), 18, false), ((0x8100, 0), 17, true), ((0x8100, 5), 13, false), (nil, 14, false),
        ]
        for row in rows {
            let tags = row.tag.map { [($0.type, $0.control)] } ?? []
            let frame = Frames.ethernet(tags: tags, type: 0x0800, Array(repeating: 0, count: 60))
            withView(Array(frame.prefix(row.length))) { #expect($0.isInVLAN == row.isInVLAN, "\(row)") }
        }
    }

    @Test func thirdTagIsLeftInPlace() throws {
        let frame = Frames.ethernet(tags: [(0x88A8, 1), (0x8100, 2), (0x8100, 3)], type: 0x0800, [])
        try withView(frame) {
            let header = try #require(EthernetHeader($0))
            #expect(header.etherType == .vlan && header.headerLength == 22)
        }
        let udp = Frames.udpOverIPv4([1])
        let hidden = Frames.ethernet(tags: [(0x88A8, 1), (0x8100, 2), (0x8100, 3)], type: 0x0800, Array(udp[14...]))
        withView(hidden) { #expect(FlowKey($0) == nil) }
    }

    @Test func lengthFieldsAreNotTypes() {
        #expect(EtherType(rawValue: 0x05FF).isLength && !EtherType(rawValue: 0x0600).isLength)
        #expect(EtherType.vlan.isVLANTag && EtherType.qinq.isVLANTag && !EtherType.ipv4.isVLANTag)
        #expect(EtherType.localExperimental1.rawValue == 0x88B5 && EtherType.rarp.rawValue == 0x8035)
        #expect(EtherType.arp != .rarp)
    }
}
