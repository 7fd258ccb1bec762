// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

/// Every parser, responder and the announcement reader over 1,040,000 frames that nobody promised to be well-formed.
///
/// A trap or a report of the address sanitizer fails the run; so does an answer that breaks what its reader promises,
/// and so does a reader that accepted nothing, which would mean that the frames tested nothing.
@Suite(.serialized)
struct FuzzTests {
    private static let framesPerSeed = 130_000

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func parsersStayInsideTheFrame(seed: UInt64) {
        var mutator = Mutator(seed: seed)
        var tally = ParserTally()
        for _ in 0..<Self.framesPerSeed {
            let bytes = mutator.next()
            withExactBytes(bytes) { tally.read($0.view) }
        }
        #expect(tally.violations == 0)
        for (reader, accepted) in tally.accepted {
            #expect(accepted > 100, "\(reader) accepted next to nothing")
            #expect(accepted < Self.framesPerSeed, "\(reader) refused nothing")
        }
    }

    @Test(arguments: [5, 6, 7, 8] as [UInt64])
    func respondersAnswerWithinTheBufferOrChangeNothing(seed: UInt64) {
        var mutator = Mutator(seed: seed)
        var tally = ResponderTally()
        for round in 0..<Self.framesPerSeed {
            let bytes = mutator.next()
            withExactBytes(bytes, capacity: bytes.count + (round % 3) * 5) { buffer in
                withView(bytes) { tally.offer(buffer, original: $0) }
            }
        }
        #expect(tally.violations == 0)
        for (responder, answers) in tally.answers.enumerated() {
            #expect(answers > 100, "responder \(responder) answered next to nothing")
        }
    }
}

/// Offers a frame to all readers, and counts.
private struct ParserTally {
    var violations = 0
    private var counts = [Int](repeating: 0, count: 11)

    var accepted: [(String, Int)] {
        let names = [
            "EthernetHeader", "ARPPacket", "IPv4Header", "IPv6Header", "UDPHeader", "TCPHeader", "ICMPHeader",
            "ICMPv6Echo", "NeighborSolicitation", "NeighborAdvertisement", "FlowKey",
        ]
        return Array(zip(names, counts))
    }

    mutating func read(_ frame: ByteView) {
        let key = FlowKey(frame)
        count(10, key != nil)
        if let key { require(key.ports == nil || key.protocolNumber == .udp || key.protocolNumber == .tcp) }

        let ethernet = EthernetHeader(frame)
        count(0, ethernet != nil)
        guard let ethernet else {
            require(key == nil)
            readMessages(frame)
            return
        }
        require(ethernet.headerLength <= frame.count)
        guard let packet = frame.dropFirst(ethernet.headerLength) else {
            require(false)
            return
        }
        // Whatever the EtherType says: each parser has to stand any bytes.
        count(1, ARPPacket(packet) != nil)
        let ipv4 = IPv4Header(packet)
        count(2, ipv4 != nil)
        let ipv6 = IPv6Header(packet)
        count(3, ipv6 != nil)
        if let ipv4 {
            require(ipv4.headerLength + ipv4.payload.count == ipv4.totalLength && ipv4.totalLength <= packet.count)
            readMessages(ipv4.payload)
        } else if let ipv6 {
            require(ipv6.upperLayerOffset + ipv6.payload.count == 40 + ipv6.payloadLength)
            require(40 + ipv6.payloadLength <= packet.count)
            readMessages(ipv6.payload)
        } else {
            readMessages(packet)
        }
    }

    private mutating func readMessages(_ message: ByteView) {
        var sum = InternetChecksum()
        sum.add(message)
        let udp = UDPHeader(message)
        count(4, udp != nil)
        if let udp { require(udp.length == udp.payload.count + 8 && udp.length <= message.count) }
        let tcp = TCPHeader(message)
        count(5, tcp != nil)
        if let tcp { require(tcp.headerLength + tcp.payload.count == message.count) }
        count(6, ICMPHeader(message) != nil)
        count(7, ICMPv6Echo(message) != nil)
        count(8, NeighborSolicitation(message) != nil)
        count(9, NeighborAdvertisement(message) != nil)
    }

    private mutating func count(_ reader: Int, _ accepted: Bool) {
        if accepted { counts[reader] += 1 }
    }

    private mutating func require(_ holds: Bool) {
        if !holds { violations += 1 }
    }
}

/// Offers a frame to all responders, and counts.
private struct ResponderTally {
    var violations = 0
    var answers = [Int](repeating: 0, count: 6)

    mutating func offer(_ buffer: MutableByteView, original: ByteView) {
        guard let frame = buffer.prefix(original.count) else {
            violations += 1
            return
        }
        let mac = Frames.ourMAC
        for responder in 0..<answers.count {
            let length =
                switch responder {
                case 0: ARPResponder.reply(in: frame, mac: mac, address: Frames.ourIPv4)
                case 1: EchoResponder.reply(in: frame, mac: mac, address: Frames.ourIPv4)
                case 2: EchoResponder.reply(in: frame, mac: mac, address: Frames.ourIPv6)
                case 3: UDPEchoResponder.reply(in: frame, mac: mac, address: Frames.ourIPv4, port: 7)
                case 4: UDPEchoResponder.reply(in: frame, mac: mac, address: Frames.ourIPv6, port: nil)
                default:
                    NeighborResponder.advertisement(
                        in: buffer, length: original.count, mac: mac, address: Frames.ourIPv6)
                }
            guard let length else { continue }
            answers[responder] += 1
            let sent = buffer.prefix(length).flatMap { EthernetHeader($0.view) }
            if sent?.source != mac || sent?.destination == mac { violations += 1 }
            // The next responder gets the frame as it came.
            if !buffer.copy(from: original, at: 0) { violations += 1 }
        }
        // Answers were undone above, so any difference was made by a responder that refused.
        if !frame.view.hasSameBytes(as: original) { violations += 1 }
    }
}
