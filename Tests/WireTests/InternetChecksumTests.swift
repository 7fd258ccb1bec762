// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct InternetChecksumTests {
    @Test func exampleOfRFC1071() {
        withView([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]) {
            var sum = InternetChecksum()
            sum.add($0)
            #expect(sum.folded == 0xDDF2 && sum.checksum == 0x220D && !sum.isValid)
        }
        withView([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7, 0x22, 0x0D]) {
            var sum = InternetChecksum()
            sum.add($0)
            #expect(sum.isValid)
        }
    }

    @Test func exampleOfRFC1624() {
        // Section 4: the equation of RFC 1141 gives 0xFFFF here, where recomputation gives 0.
        #expect(InternetChecksum.updated(0xDD2F, replacing: 0x5555, with: 0x3285) == 0x0000)
    }

    @Test func everyLengthAndSplitGivesTheSumOfTheNaiveLoop() {
        var random = SplitMix64(seed: 1)
        for length in 0...70 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let split = Int.random(in: 0...length, using: &random)
            withView(bytes) { view in
                var whole = InternetChecksum()
                whole.add(view)
                #expect(whole.checksum == Frames.checksum(bytes), "\(length)")
                guard let head = view.prefix(split), let tail = view.dropFirst(split) else {
                    Issue.record("no split")
                    return
                }
                var parts = InternetChecksum()
                parts.add(head)
                parts.add(tail)
                #expect(parts.checksum == whole.checksum, "\(length) at \(split)")
            }
        }
    }

    @Test func longRunsOfOnesFoldCompletely() {
        withView([UInt8](repeating: 0xFF, count: 65_535)) {
            var sum = InternetChecksum()
            sum.add($0)
            #expect(sum.folded == Frames.checksum([UInt8](repeating: 0xFF, count: 65_535)) ^ 0xFFFF)
        }
    }

    @Test func incrementalUpdateAgreesWithRecomputation() {
        var random = SplitMix64(seed: 2)
        for _ in 0..<2_000 {
            var bytes = (0..<20).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let before = Frames.checksum(bytes)
            let word = Int.random(in: 0..<10, using: &random) * 2
            let old = UInt16(bytes[word]) << 8 | UInt16(bytes[word + 1])
            let new = UInt16.random(in: .min ... .max, using: &random)
            bytes.replaceSubrange(word..<word + 2, with: Frames.be(UInt64(new), 2))
            #expect(InternetChecksum.updated(before, replacing: old, with: new) == Frames.checksum(bytes))
        }
    }

    @Test func udpChecksumIsNeverSentAsZero() {
        var sum = InternetChecksum()
        sum.add(u16: 0xFFFF)
        #expect(sum.checksum == 0 && sum.udpChecksum == 0xFFFF)
        sum.add(u16: 1)
        #expect(sum.udpChecksum == sum.checksum && sum.checksum == 0xFFFE)
    }

    @Test func pseudoHeadersAreThoseOfTheRFCs() {
        let datagram: [UInt8] = [0x13, 0x88, 0, 7, 0, 11, 0, 0, 1, 2, 3]
        withView(datagram) { view in
            var v4 = InternetChecksum()
            v4.addPseudoHeader(
                source: Frames.peerIPv4, destination: Frames.ourIPv4, protocol: .udp, length: view.count)
            v4.add(view)
            let pseudo4 = Frames.pseudoHeader(Frames.peerIPv4, Frames.ourIPv4, 17, 11)
            #expect(v4.checksum == Frames.checksum(pseudo4 + datagram))

            var v6 = InternetChecksum()
            v6.addPseudoHeader(
                source: Frames.peerIPv6, destination: Frames.ourIPv6, protocol: .udp, length: view.count)
            v6.add(view)
            let pseudo6 = Frames.pseudoHeader(Frames.peerIPv6, Frames.ourIPv6, 17, 11)
            #expect(v6.checksum == Frames.checksum(pseudo6 + datagram))
        }
    }

    @Test func damageIsFound() {
        var message = Frames.icmpv6([128, 0, 0, 0, 1, 2, 3, 4, 5])
        let isValid = { (bytes: [UInt8]) in
            withView(bytes) {
                InternetChecksum.isValid($0, source: Frames.peerIPv6, destination: Frames.ourIPv6, protocol: .icmpv6)
            }
        }
        #expect(isValid(message))
        message[8] ^= 0x10
        #expect(!isValid(message))
        var header = Frames.ipv4(protocol: 6, [])
        withView(header) { #expect(InternetChecksum.isValid(ipv4Header: $0)) }
        header[8] -= 1
        withView(header) { #expect(!InternetChecksum.isValid(ipv4Header: $0)) }
    }
}
