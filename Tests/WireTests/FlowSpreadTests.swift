// SPDX-License-Identifier: BSD-3-Clause
import Testing

@testable import Wire

@Suite struct FlowSpreadTests {
    private func spread(_ bytes: [UInt8]) -> UInt64 {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            return unsafe ByteView(unsafeStart: base, count: buffer.count).flowSpread
        }
    }

    private func ipv4(ports: [UInt8], fragment: [UInt8] = [0x40, 0], protocolNumber: UInt8 = 17, source: UInt8 = 1) -> [UInt8] {
        [UInt8](repeating: 2, count: 12) + [0x08, 0, 0x45, 0, 0, 60, 0, 1] + fragment + [64, protocolNumber, 0, 0]
            + [10, 0, 0, source, 10, 0, 0, 9] + ports + [UInt8](repeating: 7, count: 26)
    }

    private func ipv6(ports: [UInt8], next: UInt8 = 6) -> [UInt8] {
        [UInt8](repeating: 2, count: 12) + [0x86, 0xDD, 0x60, 1, 2, 3, 0, 20, next, 64]
            + [UInt8](repeating: 0x20, count: 32) + ports + [UInt8](repeating: 7, count: 16)
    }

    @Test func aFlowStaysWhereItIs() {
        #expect(spread(ipv4(ports: [1, 2, 3, 4])) == spread(ipv4(ports: [1, 2, 3, 4]) + [9, 9]))
        #expect(spread(ipv4(ports: [1, 2, 3, 4])) != spread(ipv4(ports: [1, 3, 3, 4])))
        #expect(spread(ipv4(ports: [1, 2, 3, 4])) != spread(ipv4(ports: [1, 2, 3, 4], source: 2)))
        #expect(spread(ipv6(ports: [1, 2, 3, 4])) != spread(ipv6(ports: [1, 2, 3, 5])))
    }

    @Test func fragmentsOfAPacketGoTogether() {
        let first = spread(ipv4(ports: [1, 2, 3, 4], fragment: [0x20, 0]))
        #expect(first == spread(ipv4(ports: [9, 9, 9, 9], fragment: [0x20, 0xB9])))
        #expect(first == spread(ipv4(ports: [8, 8, 8, 8], fragment: [0, 0xB9])))
        #expect(spread(ipv6(ports: [6, 0, 0, 1], next: 44)) == spread(ipv6(ports: [6, 0, 5, 1], next: 44)))
    }

    @Test func whatHasNoPortsGoesByItsAddresses() {
        #expect(spread(ipv4(ports: [1, 2, 3, 4], protocolNumber: 1)) == spread(ipv4(ports: [4, 3, 2, 1], protocolNumber: 1)))
        #expect(spread([UInt8](repeating: 2, count: 12) + [0x08, 0x06] + [UInt8](repeating: 1, count: 46)) == 0)
    }

    @Test func framesCutShortAreReadNoFurther() {
        for whole in [ipv4(ports: [1, 2, 3, 4]), ipv6(ports: [1, 2, 3, 4])] {
            for count in 0..<whole.count { _ = spread(Array(whole.prefix(count))) }
        }
    }
}
