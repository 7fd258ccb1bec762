// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import Foundation
import Testing

@testable import viaduct

struct CaptureFileTests {
    private static func bytes<T: FixedWidthInteger>(_ value: T, big: Bool) -> [UInt8] {
        let ordered = big ? value.bigEndian : value.littleEndian
        return (0..<(T.bitWidth / 8)).map { UInt8(truncatingIfNeeded: ordered >> T($0 * 8)) }
    }

    private static let frame: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0] + [UInt8](repeating: 7, count: 50)
    private static let taggedFrame: [UInt8] = Array(frame[..<12]) + [0x81, 0, 0, 5] + Array(frame[12...])

    private static func pcap(
        _ frames: [[UInt8]], big: Bool = false, magic: UInt32 = 0xA1B2_C3D4, link: UInt32 = 1
    ) -> Data {
        var all = bytes(magic, big: big) + bytes(UInt16(2), big: big) + bytes(UInt16(4), big: big)
        for field in [0, 0, 65535, link] as [UInt32] { all += bytes(field, big: big) }
        for frame in frames {
            for field in [1, 2, UInt32(frame.count), UInt32(frame.count)] { all += bytes(field, big: big) }
            all += frame
        }
        return Data(all)
    }

    private static func block(_ type: UInt32, _ body: [UInt8], big: Bool) -> [UInt8] {
        let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
        let length = bytes(UInt32(padded.count + 12), big: big)
        return bytes(type, big: big) + length + padded + length
    }

    private static func pcapng(_ frames: [[UInt8]], big: Bool = false, link: UInt16 = 1) -> [UInt8] {
        var all = block(
            0x0A0D_0D0A,
            bytes(UInt32(0x1A2B_3C4D), big: big) + bytes(UInt16(1), big: big) + bytes(UInt16(0), big: big)
                + bytes(Int64(-1), big: big), big: big)
        all += block(1, bytes(link, big: big) + [0, 0] + bytes(UInt32(65535), big: big), big: big)
        for frame in frames {
            var body: [UInt8] = []
            for field in [0, 0, 9, UInt32(frame.count), UInt32(frame.count)] { body += bytes(field, big: big) }
            all += block(6, body + frame, big: big)
        }
        return all
    }

    @Test(arguments: [false, true], [0xA1B2_C3D4, 0xA1B2_3C4D] as [UInt32])
    func pcapOfEitherByteOrderAndPrecisionIsRead(big: Bool, magic: UInt32) throws {
        #expect(try CaptureFile(path: "x", bytes: Self.pcap([Self.frame, Self.frame], big: big, magic: magic)).frames == 2)
    }

    @Test(arguments: [false, true])
    func pcapngOfEitherByteOrderIsRead(big: Bool) throws {
        #expect(try CaptureFile(path: "x", bytes: Data(Self.pcapng([Self.frame], big: big))).frames == 1)
    }

    @Test func sectionsMayDifferInByteOrder() throws {
        let bytes = Self.pcapng([Self.frame], big: true) + Self.pcapng([Self.frame, Self.frame])
        #expect(try CaptureFile(path: "x", bytes: Data(bytes)).frames == 3)
    }

    @Test func framesThatTheGuestCannotGetAreNotCounted() throws {
        let long = Self.frame + [UInt8](repeating: 0, count: 1514 - Self.frame.count)
        let frames = [Self.frame, [1, 2, 3], long, long + [0], Self.taggedFrame]
        #expect(try CaptureFile(path: "x", bytes: Self.pcap(frames)).frames == 2)
        #expect(try CaptureFile(path: "x", bytes: Data(Self.pcapng(frames))).frames == 2)
    }

    private static func refusal(_ bytes: Data) -> String? {
        do throws(CommandFailure) {
            _ = try CaptureFile(path: "the.file", bytes: bytes)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func aSliceOfDataIsReadFromItsOwnStart() throws {
        let data = (Data([9, 9, 9]) + Self.pcap([Self.frame])).dropFirst(3)
        #expect(try CaptureFile(path: "x", bytes: data).frames == 1)
    }

    @Test(arguments: [
        Data(), Data("hello world, this is text and no capture".utf8), pcap([]), pcap([frame], link: 105),
        Data(pcapng([frame], link: 127)), Data(pcapng([])), pcap([taggedFrame]),
    ])
    func whatCannotBeReplayedIsRefusedInALineThatNamesTheFile(bytes: Data) throws {
        let line = try #require(Self.refusal(bytes))
        #expect(line.contains("the.file"))
        #expect(!line.contains("\n"))
    }

    @Test func everyCutOfACaptureIsRefused() {
        let pcap = Self.pcap([Self.frame, Self.frame])
        // Cut behind the first record it is whole again.
        let whole = 24 + 16 + Self.frame.count
        for count in 0..<pcap.count where count != whole {
            #expect(Self.refusal(pcap.prefix(count)) != nil, "\(count) bytes")
        }
        let pcapng = Self.pcapng([Self.frame])
        for count in 0..<pcapng.count { #expect(Self.refusal(Data(pcapng.prefix(count))) != nil, "\(count) bytes") }
    }

    @Test func damagedBytesNeverTrap() {
        var random = SplitMix64(seed: 42)
        let originals = [Self.pcap([Self.frame, Self.frame]), Data(Self.pcapng([Self.frame, Self.frame]))]
        for round in 0..<4000 {
            var bytes = originals[round % 2]
            for _ in 0...(random.next() % 4) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            // Refused or not, it comes back.
            _ = Self.refusal(bytes)
        }
    }
}
