// SPDX-License-Identifier: BSD-3-Clause

import Foundation
import Testing
import Wire

struct MACAddressTests {
    @Test(arguments: ["02:00:5e:10:ab:cd", "02:00:5E:10:AB:CD", "02-00-5e-10-aB-cD"])
    func readsTextInEitherCaseAndSeparator(_ text: String) {
        #expect(MACAddress(text)?.rawValue == 0x0200_5E10_ABCD)
        #expect(MACAddress(text)?.description == "02:00:5e:10:ab:cd")
    }

    @Test(arguments: [
        "", "02:00:5e:10:ab", "02:00:5e:10:ab:cd:", "02:00:5e:10:ab:cg", "02:00-5e:10:ab:cd", "0200.5e10.abcd",
        "2:0:5e:10:ab:cd:000", "02:00:5e:10:ab:c\u{FF11}", " 2:00:5e:10:ab:cd", "02:00:5e:10:ab:+d",
        "02005e10abcd00000",
    ])
    func refusesOtherText(_ text: String) {
        #expect(MACAddress(text) == nil)
    }

    @Test func keepsFortyEightBits() {
        #expect(MACAddress(rawValue: .max) == .broadcast)
        #expect(MACAddress(rawValue: 1 << 48) == .zero)
    }

    @Test func tellsGroupsFromStations() {
        #expect(MACAddress.broadcast.isGroup && MACAddress.broadcast.isBroadcast)
        #expect(!MACAddress.broadcast.isValidUnicast && !MACAddress.zero.isValidUnicast)
        let multicast = MACAddress(rawValue: 0x0100_5E00_0001)
        #expect(multicast.isGroup && !multicast.isBroadcast && !multicast.isValidUnicast)
        let station = MACAddress(rawValue: 0x0200_0000_0001)
        #expect(station.isValidUnicast && station.isLocallyAdministered && !station.isGroup)
        #expect(!MACAddress(rawValue: 0x0015_1700_0001).isLocallyAdministered)
        // Only the first octet counts.
        #expect(MACAddress(rawValue: 0x00FF_FFFF_FFFF).isValidUnicast)
    }

    @Test func equalityAndHashFollowTheValue() {
        let set: Set = [MACAddress(rawValue: 5), MACAddress(rawValue: 5 | 1 << 50), MACAddress(rawValue: 6)]
        #expect(set.count == 2)
        #expect(MACAddress(rawValue: 5) != MACAddress(rawValue: 6))
    }

    @Test func isCodedAsTextAndRefusesOtherText() throws {
        let addresses = [MACAddress(rawValue: 0x0200_5E10_ABCD)]
        let data = try JSONEncoder().encode(addresses)
        #expect(String(decoding: data, as: UTF8.self) == #"["02:00:5e:10:ab:cd"]"#)
        #expect(try JSONDecoder().decode([MACAddress].self, from: data) == addresses)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([MACAddress].self, from: Data(#"["02:00:5e:10:ab"]"#.utf8))
        }
    }
}
