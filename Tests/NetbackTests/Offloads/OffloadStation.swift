// SPDX-License-Identifier: BSD-3-Clause
import CDPDK
import DPDK
import Dataplane

/// Long frames' way into mbufs and out of them.
final class OffloadMemory {
    /// Each mbuf holds any frame whole.
    let whole: Mempool
    private let copies: Mempool
    private var scratch = MbufBurst(capacity: 1)

    init(name: String) throws {
        // A driver keeps what it sent until it needs the descriptors.
        whole = try Mempool(name: name, count: 2 * Self.queueSize - 1, dataRoom: 65535, cacheSize: 0)
        copies = try Mempool(name: "\(name)-c", count: 3, dataRoom: 65535, cacheSize: 0)
    }

    static let queueSize = 256
    var inUse: Int { whole.handle.inUse + copies.handle.inUse }

    /// An mbuf that asks its port for what `packet` leaves to do.
    func make(_ frame: Bytes, _ packet: OffloadPacket, into burst: inout MbufBurst) {
        precondition(whole.handle.allocate(1, into: &burst))
        let mbuf = burst[burst.count - 1]
        mbuf.fill(frame)
        if packet.left == .nothing { return }
        unsafe mbuf.unsafePointer.pointee.ol_flags |= Self.checksumLeft
        if packet.left == .segments {
            unsafe mbuf.unsafePointer.pointee.ol_flags |= Self.segmentsLeft
            // struct rte_mbuf: tx_offload is the word behind `next`, tso_segsz its bits from 24 on.
            let word = unsafe (UnsafeMutableRawPointer(mbuf.unsafePointer) + 72).assumingMemoryBound(to: UInt64.self)
            unsafe word.pointee = UInt64(packet.segmentSize) << 24
        }
        // As a driver's peer would: the whole into flags for the transmitter.
        guard case .done = mbuf.finish(for: [.checksum, .segmentation4, .segmentation6, .chains]) else {
            preconditionFailure("the test's own packet makes no sense")
        }
    }

    /// A received frame, all of its segments, with what is left to do about it.
    func read(_ mbuf: Mbuf) -> OffloadArrival {
        let flags = unsafe mbuf.unsafePointer.pointee.ol_flags
        let left: OffloadPacket.Left =
            flags & Self.segmentsLeft != 0 ? .segments : flags & Self.checksumLeft == Self.checksumLeft ? .checksum : .nothing
        precondition(copies.handle.allocate(1, into: &scratch) && scratch[0].copyFrame(from: mbuf))
        defer { scratch.free() }
        return OffloadArrival(scratch[0].frame, left: left)
    }

    /// RTE_MBUF_F_RX_L4_CKSUM_NONE and RTE_MBUF_F_RX_LRO.
    private static let checksumLeft: UInt64 = 1 << 3 | 1 << 8
    private static let segmentsLeft: UInt64 = 1 << 16
}

/// Somebody who sends and receives frames with something left to do.
protocol OffloadStation: AnyObject {
    func send(_ frame: Bytes, _ packet: OffloadPacket) -> Bool
    func receive() -> [OffloadArrival]
}

/// A guest by virtio_user, with the offloads or without.
final class OffloadGuest: OffloadStation {
    private let port: Port
    private let memory: OffloadMemory

    init(name: String, socket: String, arguments: String = "", usesOffloads: Bool, pool: MempoolHandle, _ memory: OffloadMemory)
        throws
    {
        let id = try Port.attach(name, arguments: "path=\(socket),queue_size=\(OffloadMemory.queueSize)\(arguments)")
        var queues = Port.Queues(
            receiveDescriptors: OffloadMemory.queueSize, transmitDescriptors: OffloadMemory.queueSize)
        queues.usesOffloads = usesOffloads
        port = try Port(starting: id, queues: queues, virtualDevice: name) { _ in pool }
        self.memory = memory
    }

    func send(_ frame: Bytes, _ packet: OffloadPacket) -> Bool {
        var burst = MbufBurst(capacity: 1)
        memory.make(frame, packet, into: &burst)
        let queue = port.queuePair(0)
        precondition(packet.left == .nothing || queue.prepare(burst[0]))
        return queue.transmit(&burst) == 1
    }

    func receive() -> [OffloadArrival] {
        var arrivals: [OffloadArrival] = []
        var burst = MbufBurst(capacity: 32)
        while port.queuePair(0).receive(into: &burst) > 0 {
            for index in 0..<burst.count { arrivals.append(memory.read(burst[index])) }
            burst.free()
        }
        return arrivals
    }
}

/// A wire without offloads.
final class OffloadRingWire: OffloadStation {
    let end: WireEnd
    init(_ end: WireEnd) { self.end = end }

    func send(_ frame: Bytes, _ packet: OffloadPacket) -> Bool { end.send([frame]) }
    func receive() -> [OffloadArrival] { end.receive().map { OffloadArrival($0, left: .nothing) } }
}

/// A wire that is itself virtio: the far end serves vhost-user, and takes and sends what virtio leaves to others.
final class OffloadVirtioWire: OffloadStation, VhostSocketDelegate, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): `device` is librte_vhost's thread's until the port has started; the rest is the test's.
    private var socket: VhostSocket?
    private var port: Port?
    private var device: VhostDeviceID = -1
    private let pool: Mempool
    private let memory: OffloadMemory

    init(name: String, path: String, hostPool: MempoolHandle, _ memory: OffloadMemory) throws {
        pool = try Mempool(name: "far-\(name)", count: 2047)
        self.memory = memory
        socket = try VhostSocket(path: path, delegate: self)
        let id = try Port.attach("virtio_user_\(name)", arguments: "path=\(path),queue_size=1024")
        var queues = Port.Queues()
        queues.usesOffloads = true
        port = try Port(starting: id, queues: queues, virtualDevice: "virtio_user_\(name)") { _ in hostPool }
    }

    var queuePair: QueuePair {
        guard let queuePair = port?.queuePair(0) else { preconditionFailure("the wire was closed") }
        return queuePair
    }
    var isUp: Bool { device >= 0 }
    var inUse: Int { pool.handle.inUse }

    func close() {
        port = nil
        socket = nil
    }

    func send(_ frame: Bytes, _ packet: OffloadPacket) -> Bool {
        var burst = MbufBurst(capacity: 1)
        memory.make(frame, packet, into: &burst)
        defer { burst.free() }
        return VhostQueuePair(device: device, pair: 0).enqueue(burst) == 1
    }

    func receive() -> [OffloadArrival] {
        var arrivals: [OffloadArrival] = []
        var burst = MbufBurst(capacity: 32)
        while VhostQueuePair(device: device, pair: 0).dequeue(into: &burst, pool: pool.handle) > 0 {
            for index in 0..<burst.count { arrivals.append(memory.read(burst[index])) }
            burst.free()
        }
        return arrivals
    }

    func guestConnected(_ device: VhostDeviceID) { self.device = device }
    func guestDisconnected(_ device: VhostDeviceID) { self.device = -1 }
    func guestOpened(_ device: VhostDeviceID) {}
    func guestRing(_ ring: Int, of device: VhostDeviceID, isEnabled: Bool) {}
    func guestRefused(_ device: VhostDeviceID, _ fault: VhostMemoryFault) {}
}
