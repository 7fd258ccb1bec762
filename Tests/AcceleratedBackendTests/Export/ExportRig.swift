// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import AcceleratedFrontend
import Acceleration
import DPDK
import Dataplane
import Foundation
import Logging
import Memif
import TestSupport
import Testing
import Wire

/// A VI of a ring port that is exported by a poll loop, the NIC's side of it, and a control plane.
final class ExportRig: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the control plane's thread uses `export` alone, whose calls the lock keeps apart.
    static let mac: UInt64 = 0x0200_0000_0011
    static let peer: UInt64 = 0x0200_0000_00FE

    let pool: MempoolHandle
    let export: MemifExport
    private let toVI: MbufRing
    private let fromVI: MbufRing
    private var port: DPDK.Port?
    private let group: PollGroup
    private let lock = NSLock()

    private init(pool: MempoolHandle, folder: String) throws {
        self.pool = pool
        let name = "exp\(UInt16.random(in: 0...9999))"
        let toVI = try MbufRing(name: "\(name)-t", capacity: 256)
        let fromVI = try MbufRing(name: "\(name)-f", capacity: 256)
        let id = try DPDK.Port.attach(name, receiveRings: [toVI.handle], transmitRings: [fromVI.handle])
        port = try DPDK.Port(starting: id, queues: DPDK.Port.Queues(), virtualDevice: "net_ring_\(name)") { _ in pool }
        group = try PollGroup(lcores: Array(LcoreID.workers.prefix(1)), idle: .adaptive)
        export = MemifExport(
            interface: QueuePair(port: id, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: 256), pool: pool, group: group,
            loop: 0, logger: Logger(label: "test")
        ) { vif in vif == "nowhere" ? nil : MemifExport.Place(path: "\(folder)/\(vif)") {} }
        self.toVI = toVI
        self.fromVI = fromVI
    }

    static func run(_ body: (ExportRig) throws -> Void) throws {
        try EALFixture.exclusively {
            let pool = try Mempool(name: "export-tests", count: 2047)
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("export-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            do {
                let rig = try ExportRig(pool: pool.handle, folder: folder.path)
                let control = TickThread { rig.lock.withLock { rig.export.tick() } }
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
        #expect(export.close())
        group.stop()
        _ = sent()
        port = nil
    }

    /// The devargs that a guest plugs.
    func open(_ vif: String = "guest", vlan: UInt16 = 0) throws -> String {
        try lock.withLock { try export.open(for: ExportedVif(name: vif, mac: Self.mac, vlan: vlan)) }
    }

    func close() -> Bool { lock.withLock { export.close() } }
    var statistics: ExportStatistics { lock.withLock { export.statistics } }

    /// A guest with the plugin of ours.
    func frontend(_ devargs: String) throws -> AcceleratedFrontend {
        var description = VifDescription(id: 1, name: "guest", mac: MACAddress(rawValue: Self.mac))
        description.mempool = "export-tests"
        guard var guest = AcceleratedFrontend(vif: description) else { throw DPDKError("make a plugin's device", code: 22) }
        try guest.open(.device(devargs: devargs), id: 1, transmitDescriptors: 1024)
        return guest
    }

    /// One frame, by its number, at the end of the burst.
    func frame(
        _ number: UInt32, to: UInt64 = peer, from: UInt64 = mac, length: Int = 60, vlan: UInt16? = nil, _ burst: inout MbufBurst
    ) {
        precondition(pool.allocate(1, into: &burst))
        let mbuf = burst[burst.count - 1]
        precondition(mbuf.setLength(length))
        let bytes = mbuf.mutableBytes
        bytes.set(mac: MACAddress(rawValue: to), at: 0)
        bytes.set(mac: MACAddress(rawValue: from), at: 6)
        if let vlan {
            bytes.set(u16: EtherType.vlan.rawValue, at: 12)
            bytes.set(u16: vlan, at: 14)
        }
        bytes.set(u16: EtherType.ipv4.rawValue, at: vlan == nil ? 12 : 16)
        bytes.set(u32: number, at: vlan == nil ? 30 : 34)
    }

    /// What the NIC delivers to the VI.
    func deliver(_ burst: inout MbufBurst) { _ = toVI.handle.enqueue(&burst) }

    /// What the VI sent since the last call: number and VLAN.
    func sent() -> [Frame] {
        var burst = MbufBurst(capacity: 64)
        var frames: [Frame] = []
        while fromVI.handle.dequeue(into: &burst) > 0 {
            frames += (0..<burst.count).map { Frame(burst[$0]) }
            burst.free()
        }
        return frames
    }

    struct Frame: Equatable {
        let number: UInt32
        let vlan: UInt16?

        init(_ number: UInt32, _ vlan: UInt16? = nil) {
            self.number = number
            self.vlan = vlan
        }

        init(_ mbuf: Mbuf) {
            let bytes = mbuf.bytes
            let isTagged = bytes.u16(at: 12) == EtherType.vlan.rawValue
            // A tag moves the rest.
            number = bytes.u32(at: isTagged ? 34 : 30)
            vlan = isTagged ? bytes.u16(at: 14) & 0xFFF : nil
        }
    }

    func require(_ what: Comment, _ condition: () throws -> Bool) throws {
        for _ in 0..<5000 {
            if try condition() { return }
            usleep(1000)
        }
        try #require(try condition(), what)
    }
}

extension AcceleratedFrontend {
    /// What came since the last call.
    mutating func take() -> [ExportRig.Frame] {
        var burst = MbufBurst(capacity: 64)
        let count = unsafe poll(
            into: BorrowedBurst(UnsafeMutableRawPointer(burst.unsafeFreeSlots), count: UInt16(burst.freeCapacity)))
        unsafe burst.unsafeCommit(count)
        let frames = (0..<burst.count).map { ExportRig.Frame(burst[$0]) }
        burst.free()
        return frames
    }

    /// Offers the burst, whole; what it did not accept is freed. How many it accepted.
    mutating func offer(_ burst: inout MbufBurst) -> Int {
        var cells = [UInt8](repeating: Verdict.eligible.rawValue, count: burst.count)
        unsafe cells.withUnsafeMutableBufferPointer { cells in
            guard let start = cells.baseAddress else { return }
            let count = UInt16(cells.count)
            unsafe transmit(
                BorrowedBurst(UnsafeMutableRawPointer(burst.unsafeSlots), count: count), verdicts: Verdicts(start, count: count))
        }
        let accepted = cells.count { $0 == Verdict.accepted.rawValue }
        precondition(cells.prefix(accepted).allSatisfy { $0 == Verdict.accepted.rawValue })
        burst.removeFirst(accepted)
        burst.free()
        return accepted
    }
}
