// SPDX-License-Identifier: BSD-3-Clause

/// A capture file made of nothing (libpcap's savefile format, pcap-savefile(5)).
enum CaptureFile {
    /// `count` UDP frames in eight flows, of lengths from 60 to 1,514 bytes.
    static func frames(_ count: Int) -> [UInt8] {
        var bytes = header
        for index in 0..<count {
            let frame = udpFrame(flow: UInt8(index % 8), length: 60 + (index * 97) % 1455, number: index)
            bytes += little32(UInt32(index / 1000)) + little32(UInt32(index % 1000) * 1000)
            bytes += little32(UInt32(frame.count)) + little32(UInt32(frame.count)) + frame
        }
        return bytes
    }

    /// Little-endian with microseconds, version 2.4, snap length 65,535, Ethernet.
    static var header: [UInt8] {
        little32(0xA1B2_C3D4) + [2, 0, 4, 0] + little32(0) + little32(0) + little32(65535) + little32(1)
    }

    private static func little32(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
    private static func big16(_ value: Int) -> [UInt8] { [8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

    private static func udpFrame(flow: UInt8, length: Int, number: Int) -> [UInt8] {
        var ip: [UInt8] = [0x45, 0] + big16(length - 14) + big16(number) + [0x40, 0, 64, 17, 0, 0]
        ip += [192, 0, 2, flow, 198, 51, 100, 1]
        var sum = stride(from: 0, to: 20, by: 2).reduce(0) { $0 + Int(ip[$1]) << 8 + Int(ip[$1 + 1]) }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        ip.replaceSubrange(10..<12, with: big16(~sum & 0xFFFF))
        let ethernet: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]
        // No UDP checksum (RFC 768: zero).
        let udp = big16(1024 + Int(flow)) + big16(7) + big16(length - 34) + [0, 0]
        let head = ethernet + ip + udp
        return head + (head.count..<length).map { UInt8(truncatingIfNeeded: $0 &+ number) }
    }
}
