// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CDPDK
import CViaductAccel
import DPDK
import Dataplane
import TestSupport
import Testing
import Wire

@testable import AcceleratedFrontend

/// The plugin's own verdicts on packets for a VI whose far end is the test.
@Suite(.serialized) struct AcceleratedFrontendTests {
    /// A packet's form or its source makes it one for the slow path; up to the limit it is one for the VI.
    @Test func eachReasonToDeclineHasItsExactLimit() throws {
        try VIRig.run { rig in
            #expect(rig.verdict(length: 14) == .accepted)
            #expect(rig.verdict(length: 1522) == .accepted)
            #expect(rig.verdict(length: 1523) == .declined(.form))
            #expect(rig.verdict { unsafe $0.unsafePointer.pointee.nb_segs = 2 } == .declined(.form))
            #expect(rig.verdict { unsafe $0.unsafePointer.pointee.ol_flags = cdpdk_mbuf_tx_offload_mask } == .declined(.form))
            #expect(rig.verdict(from: Frame.peer(9)) == .declined(.source))
            // A tag for its priority alone names no VLAN.
            #expect(rig.verdict(tag: 0xE000) == .accepted)
            #expect(rig.verdict(tag: 1) == .declined(.form))
            #expect(rig.verdict(tag: 0xEFFF) == .declined(.form))
            #expect(rig.sentLengths == [14, 1522, 64])
        }
    }

    @Test func inAVLANAPriorityTagIsDeclinedAndAVLANsTagPutIn() throws {
        try VIRig.run(vlan: 42) { rig in
            #expect(rig.verdict(length: 1522) == .accepted)
            #expect(rig.verdict(length: 1523) == .declined(.form))
            #expect(rig.verdict(tag: 0xE000) == .declined(.form))
            #expect(rig.verdict(tag: 42) == .declined(.form))
            #expect(rig.sentLengths == [1526])
        }
    }

    /// The host asks about eligible packets alone, and those behind one that goes slow may not overtake it.
    @Test func whatFollowsAPacketThatGoesSlowWaits() throws {
        try VIRig.run { rig in
            let lengths = [60, 1523, 60, 1523]
            #expect(rig.verdicts(lengths: lengths) == [.accepted, .declined(.form), .busy, .busy])
            #expect(rig.verdicts(lengths: [60, 60], asked: .busy) == [.busy, .busy])
            #expect(rig.sentLengths == [60])
        }
    }

    @Test(arguments: [nil, 42 as UInt16])
    func whatFindsNoRoomIsBusyAndAsTheGuestWroteIt(vlan: UInt16?) throws {
        try VIRig.run(room: 16, vlan: vlan) { rig in
            let verdicts = rig.verdicts(
                lengths: (0..<24).map { 60 + $0 },
                staying: { index, mbuf in #expect(mbuf.packetLength == 60 + index, "a packet that stays has no tag") })
            let room = rig.sentLengths.count
            #expect(room > 0 && room < 24)
            #expect(verdicts == Array(repeating: .accepted, count: room) + Array(repeating: .busy, count: 24 - room))
            #expect(rig.vi.statistics.tx_packets == UInt64(room) && rig.vi.statistics.tx_busy == UInt64(24 - room))
        }
    }

    @Test func withoutAVINothingIsAccepted() throws {
        try VIRig.run { rig in
            rig.vi.close()
            #expect(rig.verdict(length: 60) == .declined(.notConnected))
        }
    }
}

/// An open VI, the rings behind it and a guest's packets.
private final class VIRig {
    var vi: AcceleratedFrontend
    private let pool: Mempool
    private let fromGuest: MbufRing
    private var port: DPDK.Port?
    nonisolated(unsafe) private static var last = 0

    private init(room: Int, vlan: UInt16?) throws {
        // SAFETY: rigs are made inside EALFixture's gate, one at a time.
        unsafe Self.last += 1
        let name = unsafe "af\(Self.last)"
        let pool = try Mempool(name: name, count: 1023)
        let toGuest = try MbufRing(name: "\(name)-t", capacity: 64)
        fromGuest = try MbufRing(name: "\(name)-f", capacity: room)
        let id = try DPDK.Port.attach(name, receiveRings: [toGuest.handle], transmitRings: [fromGuest.handle])
        let handle = pool.handle
        port = try DPDK.Port(starting: id, queues: DPDK.Port.Queues(), virtualDevice: "net_ring_\(name)") { _ in handle }
        self.pool = pool
        guard let vi = AcceleratedFrontend(vif: VifDescription(id: 1, name: name, mac: Frame.guest)) else {
            throw DPDKError("make a plugin's device", code: 22)
        }
        self.vi = vi
        try self.vi.open(
            .queuePair(port: id.rawValue, rxQueue: 0, txQueue: 0, mempool: name, vlan: vlan), id: 1, transmitDescriptors: 1024)
    }

    /// Runs a test on a VI of its own; every mbuf must be back at the end.
    static func run(room: Int = 64, vlan: UInt16? = nil, _ body: (VIRig) throws -> Void) throws {
        try EALFixture.exclusively {
            let rig = try VIRig(room: room, vlan: vlan)
            defer { rig.port = nil }
            try body(rig)
            _ = rig.sentLengths
            #expect(rig.pool.handle.inUse == 0, "mbufs leaked")
        }
    }

    /// What becomes of packets of these lengths that the host found to be as `asked`; those that stay are shown.
    func verdicts(
        lengths: [Int], from source: MACAddress = Frame.guest, asked: Verdict = .eligible, prepare: (Mbuf) -> Void = { _ in },
        staying: (Int, Mbuf) -> Void = { _, _ in }
    ) -> [Verdict] {
        var burst = MbufBurst(capacity: 64)
        for (index, length) in lengths.enumerated() {
            precondition(pool.handle.allocate(1, into: &burst))
            Frame.write(UInt32(index), to: Frame.peer(1), from: source, length: length, burst[index])
            prepare(burst[index])
        }
        var cells = lengths.map { _ in asked.rawValue }
        unsafe cells.withUnsafeMutableBufferPointer { cells in
            guard let start = cells.baseAddress else { return }
            let count = UInt16(lengths.count)
            unsafe vi.transmit(
                BorrowedBurst(UnsafeMutableRawPointer(burst.unsafeSlots), count: count), verdicts: Verdicts(start, count: count))
        }
        let verdicts = cells.map(Verdict.init(rawValue:))
        var rest = MbufBurst(capacity: 64)
        for (index, verdict) in verdicts.enumerated() where verdict != .accepted {
            staying(index, burst[index])
            unsafe burst[index].unsafePointer.pointee.nb_segs = 1
            rest.append(burst[index])
        }
        burst.removeAll()
        rest.free()
        return verdicts
    }

    /// What becomes of one packet. A tag lies before its EtherType.
    func verdict(
        length: Int = 64, from source: MACAddress = Frame.guest, tag: UInt16? = nil, prepare: (Mbuf) -> Void = { _ in }
    ) -> Verdict? {
        let prepared: (Mbuf) -> Void = { mbuf in
            if let tag {
                mbuf.mutableBytes.set(u16: EtherType.vlan.rawValue, at: 12)
                mbuf.mutableBytes.set(u16: tag, at: 14)
            }
            prepare(mbuf)
        }
        return verdicts(lengths: [length], from: source, prepare: prepared).first
    }

    /// Lengths of the packets that left by the VI since the last call.
    var sentLengths: [Int] {
        var lengths: [Int] = []
        var burst = MbufBurst(capacity: 64)
        while fromGuest.handle.dequeue(into: &burst) > 0 {
            for index in 0..<burst.count { lengths.append(burst[index].packetLength) }
            burst.free()
        }
        return lengths
    }
}
