// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK
import Dataplane
import Foundation
import Logging
import TestSupport
import Testing
import Wire

@testable import Netback

/// A netback on a worker lcore between a wire in software and guests in this process.
///
/// Everything ends with ``finish()``, which checks that no frame was lost from sight and no mbuf leaked.
final class Rig {
    static func mac(_ number: UInt64) -> MACAddress { MACAddress(rawValue: 0x0200_0000_0000 | number) }
    /// A station on the wire.
    static let station = mac(0xFF_0001)

    let pool: Mempool
    let guestPool: Mempool
    let wire: WireEnd
    let group: PollGroup
    let netback: Netback
    let directory: URL
    private(set) var guests: [UInt32: Guest] = [:]
    private(set) var isFinished = false
    /// A plugin outlives its service, also when a test fails half-way.
    private var kept: [BackendHooks] = []
    private static let serial = Serial()

    init(
        wireCapacity: Int = 4096, poolSize: Int = 16383, poolCache: Int = 256, guestDataRoom: Int = 2176,
        _ change: (inout NetbackConfiguration) -> Void = { _ in }
    ) throws {
        let number = Self.serial.next()
        pool = try Mempool(name: "host-\(number)", count: poolSize, cacheSize: poolCache)
        guestPool = try Mempool(name: "guest-\(number)", count: 16383, dataRoom: guestDataRoom)
        wire = try WireEnd(name: "nb\(number)", capacity: wireCapacity, hostPool: pool.handle)
        group = try PollGroup(lcores: [LcoreID.workers[0]], idle: .adaptive)
        var configuration = NetbackConfiguration(name: "nb\(number)", maximumVifs: 8)
        change(&configuration)
        netback = try Netback(
            configuration, uplink: wire.queuePair, pool: pool.handle, group: group, loop: 0,
            logger: Logger(label: "netback", factory: { _ in SwiftLogNoOpLogHandler() }))
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("netback-\(getpid())-\(number)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private final class Serial: @unchecked Sendable {
        private let lock = NSLock()
        private var last = 0
        func next() -> Int {
            lock.withLock {
                last += 1
                return last
            }
        }
    }

    /// Loads a plugin, and waits until the round has ended in which that happened: hot hooks are called from the next on.
    func load(_ plugin: CountingPlugin) throws {
        let hooks = plugin.makeHooks()
        kept.append(hooks)
        try unsafe netback.loadPlugin(hooks.table)
        awaitRound()
    }

    /// Waits until the lanes' rounds that are under way have ended: they may not have seen what was changed.
    func awaitRound() { #expect(group.synchronize()) }

    // MARK: Vifs and guests

    func vif(_ number: Int, mac: MACAddress? = nil, acceleration: Bool = true) -> VifConfiguration {
        VifConfiguration(
            name: "vif\(number)", mac: mac ?? Self.mac(UInt64(number)),
            socketPath: directory.appendingPathComponent("\(number)").path,
            acceleration: acceleration)
    }

    /// Adds vif `number`, with a guest.
    func addGuest(_ number: Int, link: (any ControlLink)? = nil, queueSize: Int = 1024) throws -> UInt32 {
        let id = try netback.addVif(vif(number), link: link)
        try connect(id, number, queueSize: queueSize)
        return id
    }

    /// Adds vifs 1 to `count`, each with a guest. librte_vhost looks at new sockets once a second: faster than one by one.
    func addGuests(_ count: Int, queueSize: Int = 1024) throws -> [UInt32] {
        let ids = try (1...count).map { try netback.addVif(vif($0), link: nil) }
        for (place, id) in ids.enumerated() { try connect(id, place + 1, queueSize: queueSize) }
        return ids
    }

    func connect(_ id: UInt32, _ number: Int, queueSize: Int = 1024) throws {
        guests[id] = try Guest(
            name: "virtio_user\(number)", socket: vif(number).socketPath, pool: guestPool.handle, queueSize: queueSize)
        try require("guest \(number) connects") { status(id)?.isConnected == true }
    }

    func disconnect(_ id: UInt32) { guests[id] = nil }
    func guest(_ id: UInt32) -> Guest { guests[id]! }
    func status(_ id: UInt32) -> VifStatus? { netback.vifs.first { $0.id == id } }
    func count(_ name: String) -> UInt64 { netback.counters[name]! }
    func count(_ name: String, _ id: UInt32) -> UInt64 { status(id)!.counters[name]! }

    // MARK: Waiting

    /// Waits until `condition` holds; fails the test when it does not for 10 seconds.
    func require(_ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool) throws {
        for _ in 0..<20000 {
            if try condition() { return }
            usleep(500)
        }
        try #require(try condition(), what, sourceLocation: sourceLocation)
    }

    /// Waits until the loop has nothing to do: the wire is read, and no counter changes over whole rounds.
    func settle() throws {
        try require("the wire is read") { wire.waiting == 0 }
        var before = netback.counters
        try require("traffic comes to rest") {
            // The loop may have been put to sleep in the middle of a round.
            let rounds = group.rounds[0].all
            try require("the loop runs") { group.rounds[0].all >= rounds + 3 }
            usleep(1000)
            let now = netback.counters
            defer { before = now }
            return now == before
        }
    }

    /// Collects what a guest gets until there are `count` frames.
    func receive(_ count: Int, at id: UInt32, sourceLocation: SourceLocation = #_sourceLocation) throws -> [Bytes] {
        var frames: [Bytes] = []
        try require("guest \(id) gets \(count) frames", sourceLocation: sourceLocation) {
            frames += guest(id).receive()
            return frames.count >= count
        }
        return frames
    }

    func receiveFromWire(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) throws -> [Bytes] {
        var frames: [Bytes] = []
        try require("the wire gets \(count) frames", sourceLocation: sourceLocation) {
            frames += wire.receive()
            return frames.count >= count
        }
        return frames
    }

    /// Sends all frames from a guest, waiting for room.
    func send(_ frames: [Bytes], from id: UInt32) throws {
        var sent = 0
        try require("the guest's vring takes the frames") {
            sent += guest(id).send(Array(frames[sent...]))
            return sent == frames.count
        }
    }

    // MARK: The end

    /// Stops everything and checks the accounts.
    func finish(sourceLocation: SourceLocation = #_sourceLocation) throws {
        guard !isFinished else { return }
        checkIdentity(sourceLocation: sourceLocation)
        netback.stop()
        guests = [:]
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(left.isEmpty, "a socket was left behind", sourceLocation: sourceLocation)
        end()
        _ = wire.receive()
        for (name, pool) in [("host", pool.handle), ("guest", guestPool.handle), ("wire", wire.pool.handle)] {
            #expect(pool.inUse == 0, "mbufs of the \(name) pool leaked", sourceLocation: sourceLocation)
        }
    }

    private func end() {
        guard !isFinished else { return }
        isFinished = true
        netback.stop()
        guests = [:]
        group.stop()
        try? FileManager.default.removeItem(at: directory)
    }

    deinit { end() }
}

extension Rig {
    /// Nothing is lost from sight: what came in is what went out, was dropped for a reason, or waits.
    func checkIdentity(sourceLocation: SourceLocation = #_sourceLocation) {
        let all = netback.counters
        func sum(_ names: [String], _ values: [String: UInt64]) -> UInt64 { names.reduce(0) { $0 + values[$1]! } }
        #expect(
            sum(["wireReceived", "guestReceived", "viReceived", "floodCopies", "fencesMade", "segmentsAdded"], all)
                == sum(
                    [
                        "wireTransmitted", "guestDelivered", "viDelivered", "fencesSent", "fencesConsumed", "held", "queued",
                        "uplinkQueued",
                    ]
                        + Netback.dropReasons, all),
            "the switch lost sight of a frame: \(all.filter { $0.value != 0 })", sourceLocation: sourceLocation)
        for vif in netback.vifs {
            let own = vif.counters
            let toGuest = PathCounter.allCases.filter(\.isDropToGuest).map(\.name)
            let fromGuest = PathCounter.allCases.filter { $0.isDropFromGuest && $0.appliesToVif }.map(\.name)
            #expect(
                sum(["offered", "fencesMade", "segmentsAdded"], own)
                    == sum(["guestDelivered", "viDelivered", "fencesSent", "held", "queued"] + toGuest, own),
                "\(vif.name) lost sight of a frame to its guest: \(own.filter { $0.value != 0 })", sourceLocation: sourceLocation)
            #expect(
                own["guestReceived"]! == sum(["fencesConsumed", "forwarded"] + fromGuest, own),
                "\(vif.name) lost sight of a frame of its guest: \(own.filter { $0.value != 0 })", sourceLocation: sourceLocation)
        }
    }

    /// Runs a test on a rig of its own, alone.
    static func run(
        wireCapacity: Int = 4096, poolSize: Int = 16383, poolCache: Int = 256, guestDataRoom: Int = 2176,
        _ change: (inout NetbackConfiguration) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (Rig) throws -> Void
    ) throws {
        try EALFixture.exclusively {
            let rig = try Rig(
                wireCapacity: wireCapacity, poolSize: poolSize, poolCache: poolCache, guestDataRoom: guestDataRoom, change)
            try body(rig)
            guard !rig.isFinished else { return }
            try rig.settle()
            try rig.finish(sourceLocation: sourceLocation)
        }
    }
}

extension Rig {
    /// As ``run(wireCapacity:poolSize:poolCache:guestDataRoom:_:sourceLocation:_:)``, with a plugin loaded.
    static func runWithPlugin(
        wireCapacity: Int = 4096, _ change: (inout NetbackConfiguration) -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (Rig, CountingPlugin) throws -> Void
    ) throws {
        try run(wireCapacity: wireCapacity, change, sourceLocation: sourceLocation) { rig in
            let plugin = CountingPlugin()
            try rig.load(plugin)
            try body(rig, plugin)
            guard !rig.isFinished else { return }
            try rig.settle()
            try rig.finish(sourceLocation: sourceLocation)
        }
    }
}

extension Rig {
    /// Sets a vif's nonce and waits until the lane knows it.
    func setNonce(_ nonce: UInt64, vif: UInt32, _ plugin: CountingPlugin) throws {
        let answers = plugin.events(of: vif).count { $0 == .released }
        #expect(plugin.host.setFenceNonce(nonce, vif: vif) == .done)
        // Commands are taken in order, and this one has an answer.
        #expect(plugin.host.release(vif: vif) == .done)
        try require("the lane takes the nonce") { plugin.events(of: vif).count { $0 == .released } > answers }
    }
}
