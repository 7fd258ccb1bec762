// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Foundation
import Logging
import Testing
import Wire

@testable import Netback

/// A netback between an uplink and a guest that sends, and guests with all offloads, with none, and with short buffers besides.
final class OffloadRig {
    static let senderMAC = Rig.mac(1)
    static let station = Rig.station

    let netback: Netback
    var sender: any OffloadStation { guests[0] }
    let wire: any OffloadStation
    private(set) var receivers: [OffloadMatrixTests.Receiver] = []
    private let pool: Mempool
    private let guestPool: Mempool
    private let memory: OffloadMemory
    private let group: PollGroup
    private let directory: URL
    private let ringWire: WireEnd?
    private let virtioWire: OffloadVirtioWire?
    private let vlan: UInt16?
    private var guests: [OffloadGuest] = []
    private var isClosed = false

    init(_ uplink: OffloadMatrixTests.Uplink, vlan: UInt16?) throws {
        let name = "of-\(uplink)-\(vlan ?? 0)"
        self.vlan = vlan
        pool = try Mempool(name: "host-\(name)", count: 8191)
        guestPool = try Mempool(name: "guest-\(name)", count: 8191)
        memory = try OffloadMemory(name: "mem-\(name)")
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(getpid())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        group = try PollGroup(lcores: [LcoreID.workers[0]], idle: .adaptive)
        let queuePair: QueuePair
        switch uplink {
        case .ring:
            let end = try WireEnd(name: name, capacity: 4096, hostPool: pool.handle)
            (ringWire, virtioWire, wire, queuePair) = (end, nil, OffloadRingWire(end), end.queuePair)
        case .virtio:
            let far = try OffloadVirtioWire(
                name: name, path: directory.appendingPathComponent("wire").path, hostPool: pool.handle, memory)
            (ringWire, virtioWire, wire, queuePair) = (nil, far, far, far.queuePair)
        }
        netback = try Netback(
            NetbackConfiguration(name: name, maximumVifs: 8), uplink: queuePair, pool: pool.handle, group: group, loop: 0,
            logger: Logger(label: "netback", factory: { _ in SwiftLogNoOpLogHandler() }))
        let kinds: [(name: String, arguments: String, usesOffloads: Bool)] = [
            ("sender", "", true), ("offloads", "", true), ("none", "", false), ("short buffers", ",mrg_rxbuf=0", false),
        ]
        // librte_vhost looks at new sockets once a second: first all of them, then their guests.
        for number in 1...kinds.count {
            var vif = VifConfiguration(
                name: "vif\(number)", mac: Rig.mac(UInt64(number)),
                socketPath: directory.appendingPathComponent("\(number)").path,
                acceleration: false)
            vif.vlan = vlan
            if number == 1 {
                // A guarded guest's long frames are judged by what lies in their first mbuf.
                vif.policy = VifPolicy(
                    guardsSource: true, addresses: ["10.0.0.1", "2001:db8::1"].compactMap { IPAddress($0) },
                    ingress: RateLimit(bytesPerSecond: 1 << 36, burstBytes: 1 << 30))
            }
            _ = try netback.addVif(vif, link: nil)
        }
        for (place, kind) in kinds.enumerated() {
            guests.append(
                try OffloadGuest(
                    name: "virtio_user\(place)", socket: directory.appendingPathComponent("\(place + 1)").path,
                    arguments: kind.arguments, usesOffloads: kind.usesOffloads, pool: guestPool.handle, memory))
        }
        receivers = kinds.enumerated().dropFirst().map { place, kind in
            OffloadMatrixTests.Receiver(
                name: kind.name, station: guests[place], mac: Rig.mac(UInt64(place + 1)), takesUnfinished: kind.usesOffloads,
                vlan: nil)
        }
        receivers.append(
            OffloadMatrixTests.Receiver(
                name: "wire", station: wire, mac: Self.station, takesUnfinished: uplink == .virtio, vlan: vlan))
        try require("all are there") {
            netback.vifs.allSatisfy(\.isConnected) && (virtioWire?.isUp ?? true)
        }
    }

    private func require(_ what: Comment, _ condition: () throws -> Bool) throws {
        for _ in 0..<20000 {
            if try condition() { return }
            usleep(500)
        }
        try #require(Bool(false), what)
    }

    /// The switch learns where the station is, so that what goes there is not flooded.
    func teachStation() throws {
        var hello = Frames.numbered(0, to: Self.senderMAC, from: Self.station)
        if let vlan { hello.insert(contentsOf: [0x81, 0, UInt8(vlan >> 8), UInt8(vlan & 0xFF)], at: 12) }
        let packet = OffloadPacket(isIPv6: false, transport: .udp, payload: [], left: .nothing)
        try require("the wire takes it") { wire.send(hello, packet) }
        try require("the sender hears the station") { !sender.receive().isEmpty }
    }

    /// Sends a packet and checks what comes of it.
    func check(
        _ packet: OffloadPacket, from station: any OffloadStation, _ source: MACAddress, to receiver: OffloadMatrixTests.Receiver,
        tag: UInt16? = nil
    ) throws {
        var frame = packet.frame(to: receiver.mac, from: source)
        if let tag { frame.insert(contentsOf: [0x81, 0, UInt8(tag >> 8), UInt8(tag & 0xFF)], at: 12) }
        let what: Comment = "\(packet), to \(receiver.name)"
        try require("\(what): it is taken") { station.send(frame, packet) }
        var arrivals: [OffloadArrival] = []
        try require("\(what): it arrives") {
            arrivals += receiver.station.receive()
            let headers = 14 + packet.networkLength + packet.transportLength
            return arrivals.reduce(0) { $0 + $1.frame.count - headers } >= packet.payload.count
        }
        OffloadArrival.check(
            arrivals, of: packet, vlan: receiver.vlan, mayBeLeft: receiver.takesUnfinished, longest: 1514, what)
        // Nobody cuts for one who takes it whole.
        if packet.left == .segments, receiver.takesUnfinished, packet.payload.count > packet.segmentSize {
            #expect(arrivals.count == 1 && arrivals.first?.left == .segments, what)
        }
    }

    func checkIdentity() {
        let all = netback.counters
        func sum(_ names: [String]) -> UInt64 { names.reduce(0) { $0 + all[$1]! } }
        #expect(
            sum(["wireReceived", "guestReceived", "floodCopies", "segmentsAdded"])
                == sum(["wireTransmitted", "guestDelivered", "held", "queued", "uplinkQueued"] + Netback.dropReasons),
            "\(all.filter { $0.value > 0 })")
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        netback.stop()
        guests = []
        receivers = []
        group.stop()
        virtioWire?.close()
        try? FileManager.default.removeItem(at: directory)
    }

    var mbufsInUse: Int {
        pool.handle.inUse + memory.inUse + (ringWire?.pool.handle.inUse ?? virtioWire?.inUse ?? 0)
    }
}
