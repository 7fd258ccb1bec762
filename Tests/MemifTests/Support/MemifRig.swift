// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Foundation
import TestSupport
import Testing

@testable import Memif

/// A server whose control plane runs on a thread of its own, and a pool.
final class MemifRig: Sendable {
    let server: MemifServer
    let pool: MempoolHandle
    let configuration: MemifConfiguration

    private init(pool: MempoolHandle, folder: String) throws {
        self.pool = pool
        configuration = MemifConfiguration(path: "\(folder)/memif", id: 3, secret: "0123456789abcdef", name: "rig")
        server = try MemifServer(configuration, synchronize: { true })
    }

    /// Runs `body`; at the end all mbufs must be back.
    static func run(_ body: (MemifRig) throws -> Void) throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "memif-tests", count: 4095)
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("memif-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            do {
                let rig = try MemifRig(pool: pool.handle, folder: folder.path)
                let control = TickThread { rig.server.tick() }
                defer {
                    control.stop()
                    rig.stop()
                }
                try body(rig)
            }
            let left = pool.handle.inUse
            #expect(left == 0, "mbufs leaked")
        }
    }

    private func stop() {
        server.close()
    }

    func connect(log2RingSize: UInt8 = 6, bufferLength: Int = 2048, secret: String? = nil) throws -> MemifClient {
        var configuration = configuration
        if let secret { configuration.secret = secret }
        return try MemifClient(configuration, log2RingSize: log2RingSize, bufferLength: bufferLength)
    }

    /// Waits until it holds, at most five seconds.
    func await(_ condition: () -> Bool) -> Bool {
        for _ in 0..<5000 {
            if condition() { return true }
            usleep(1000)
        }
        return false
    }

    /// Frames of those lengths, each of whose bytes tells which it is.
    func frames(_ lengths: [Int], into burst: inout MbufBurst) {
        for length in lengths {
            precondition(pool.allocate(1, into: &burst))
            let mbuf = burst[burst.count - 1]
            precondition(mbuf.setLength(length))
            for place in 0..<length {
                unsafe mbuf.unsafeData.storeBytes(of: Self.byte(length, place), toByteOffset: place, as: UInt8.self)
            }
        }
    }

    static func byte(_ length: Int, _ place: Int) -> UInt8 { UInt8(truncatingIfNeeded: length &* 31 &+ place &* 7) }

    /// The frames' lengths; a frame with a wrong byte is -1.
    static func lengths(_ burst: borrowing MbufBurst) -> [Int] {
        (0..<burst.count).map { index in
            let mbuf = burst[index]
            let length = mbuf.packetLength
            let isRight = (0..<length).allSatisfy { place in
                unsafe mbuf.unsafeData.load(fromByteOffset: place, as: UInt8.self) == byte(length, place)
            }
            return isRight ? length : -1
        }
    }
}

extension MemifEndpoint {
    /// Takes all that is there, in bursts of 32.
    func takeAll(_ rig: MemifRig) -> [Int] {
        var burst = MbufBurst(capacity: 32)
        var lengths: [Int] = []
        while receive(into: &burst, pool: rig.pool) > 0 {
            lengths += MemifRig.lengths(burst)
            burst.free()
        }
        return lengths
    }
}
