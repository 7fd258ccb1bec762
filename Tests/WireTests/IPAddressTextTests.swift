// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct IPAddressTextTests {
    @Test func ipv4TextGoesInAndOut() {
        #expect(IPv4Address("192.168.0.199")?.rawValue == 0xC0A8_00C7)
        #expect(IPv4Address("0.0.0.0") == .unspecified)
        #expect(IPv4Address("255.255.255.255") == .limitedBroadcast)
        #expect(IPv4Address(rawValue: 0x0102_03FF).description == "1.2.3.255")
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.04", "1..3.4", "1.2.3.-4", "1.2.3.4 ", "0x1.2.3.4", ".",
    ])
    func refusesOtherIPv4Text(_ text: String) {
        #expect(IPv4Address(text) == nil)
    }

    @Test(arguments: [
        ("::", 0, 0, "::"),
        ("::1", 0, 1, "::1"),
        ("fe80::", 0xFE80_0000_0000_0000, 0, "fe80::"),
        ("2001:DB8::1", 0x2001_0DB8_0000_0000, 1, "2001:db8::1"),
        ("2001:db8:0:0:1:0:0:1", 0x2001_0DB8_0000_0000, 0x0001_0000_0000_0001, "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", 0x2001_0DB8_0000_0001, 0x0001_0001_0001_0001, "2001:db8:0:1:1:1:1:1"),
        ("1:2:3:4:5:6:7::", 0x0001_0002_0003_0004, 0x0005_0006_0007_0000, "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", 0x0000_0002_0003_0004, 0x0005_0006_0007_0008, "0:2:3:4:5:6:7:8"),
        ("::ffff:192.168.0.1", 0, 0x0000_FFFF_C0A8_0001, "::ffff:192.168.0.1"),
        ("64:ff9b::192.0.2.33", 0x0064_FF9B_0000_0000, 0xC000_0221, "64:ff9b::c000:221"),
        ("1:2:3:4:5:6:1.2.3.4", 0x0001_0002_0003_0004, 0x0005_0006_0102_0304, "1:2:3:4:5:6:102:304"),
        ("1:0:0:2:0:0:0:3", 0x0001_0000_0000_0002, 3, "1:0:0:2::3"),
    ])
    func ipv6TextGoesInAndComesOutCanonical(_ text: String, _ high: UInt64, _ low: UInt64, _ canonical: String) {
        let address = IPv6Address(text)
        #expect(address == IPv6Address(high: high, low: low))
        #expect(address?.description == canonical)
        #expect(IPv6Address(canonical) == address)
    }

    @Test(arguments: [
        "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "fe80::1%eth0", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4", "::-1", "1:::2",
    ])
    func refusesOtherIPv6Text(_ text: String) {
        #expect(IPv6Address(text) == nil)
    }

    @Test func multicastAddressesAreDerived() throws {
        let address = try #require(IPv6Address("fe80::ff:fe12:3456"))
        #expect(address.solicitedNode.description == "ff02::1:ff12:3456")
        #expect(address.solicitedNode.multicastMAC.description == "33:33:ff:12:34:56")
        #expect(IPv6Address.allNodes.isMulticast && !address.isMulticast && address.isValidUnicast)
        #expect(!IPv6Address.unspecified.isValidUnicast && IPv6Address("::1")?.isValidUnicast == false)
        #expect(IPv4Address("224.0.0.1")?.isMulticast == true && IPv4Address("239.255.255.255")?.isMulticast == true)
        #expect(IPv4Address("223.255.255.255")?.isMulticast == false && IPv4Address("240.0.0.0")?.isMulticast == false)
        for text in ["0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255"] {
            #expect(IPv4Address(text)?.isValidUnicast == false, "\(text)")
        }
        #expect(IPv4Address("10.0.0.1")?.isValidUnicast == true)
    }
}
