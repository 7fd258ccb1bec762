// SPDX-License-Identifier: BSD-3-Clause
import Synchronization
import TestSupport
import Testing

@testable import DPDK

/// What a device in software answers in place of the net_ring port that carries it.
@Suite(.serialized) struct SoftDeviceTests {
    /// Keeps the calls, and refuses what it is told to.
    private final class Engine: SoftDeviceEngine, @unchecked Sendable {
        // SAFETY (@unchecked Sendable): the test's thread makes all calls.
        var calls: [String] = []
        var refusal: DPDKError?
        var information: SoftDeviceInformation?
        var statistics: PortStatistics?
        var queueStatistics: [QueueStatistics]?
        var counts = FlowCounts(frames: 0, bytes: 0)

        private func note(_ call: String) throws(DPDKError) {
            if let refusal { throw refusal }
            calls.append(call)
        }
        func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {}
        func setUpQueue(
            _ queue: UInt16, descriptors: Int, pool: MempoolHandle, dropsWhenFull: Bool
        ) throws(DPDKError) { try note("queue \(queue) \(descriptors) \(dropsWhenFull)") }
        func configure(queues: Int, pools: Int) throws(DPDKError) { try note("configure \(queues) \(pools)") }
        func start() throws(DPDKError) { try note("start") }
        func stop() { calls.append("stop") }
        func addAddress(_ mac: UInt64, pool: Int) throws(DPDKError) { try note("add \(String(mac, radix: 16)) \(pool)") }
        func removeAddress(_ mac: UInt64) throws(DPDKError) { try note("remove \(String(mac, radix: 16))") }
        func startReceiveQueue(_ queue: Int) throws(DPDKError) { try note("start \(queue)") }
        func stopReceiveQueue(_ queue: Int) throws(DPDKError) { try note("stop \(queue)") }
        func validate(_ rule: FlowRule) throws(FlowError) {}
        func create(_ rule: FlowRule) throws(FlowError) -> UInt { 7 }
        func destroy(_ handle: UInt) throws(FlowError) {}
        func query(_ handle: UInt) throws(FlowError) -> FlowCounts {
            if handle != 7 || counts.frames == 0 { throw FlowError(code: 95, message: "this rule does not count") }
            return counts
        }
    }

    /// Runs `body` with a ring port of two queue pairs that `engine` stands behind.
    private func run(_ body: (PortID, SoftDevice, Engine, MempoolHandle) throws -> Void) throws {
        try PoolFixture.run { pool in
            let first = try MbufRing(name: "soft-0", capacity: 64)
            let second = try MbufRing(name: "soft-1", capacity: 64)
            let handles = [first.handle, second.handle]
            let port = try Port.attach("softdev", receiveRings: handles, transmitRings: handles)
            let engine = Engine()
            var context = 0
            try unsafe withUnsafeMutablePointer(to: &context) { context in
                let device = unsafe SoftDevice(
                    port: port, engine: engine,
                    functions: SoftDeviceFunctions(
                        context: context, received: { _, _ in }, transmitting: { _, _, _, count in count },
                        readClock: { _ in 0 }, transmitDone: { _, _, _ in 1 }))
                try body(port, device, engine, pool)
                withExtendedLifetime(device) {}
            }
            Port.detach("net_ring_softdev")
        }
    }

    private static let vmdq = VMDqLimits(maximumPools: 3, firstPool: 1, firstQueue: 4, queueCount: 12)

    @Test func poolsKnowTheirQueues() {
        #expect(Self.vmdq.queuesPerPool == 4)
        #expect([1, 2, 3].map(Self.vmdq.queue(ofPool:)) == [4, 8, 12])
        let flat = VMDqLimits(maximumPools: 8, firstPool: 0, firstQueue: 0, queueCount: 5)
        #expect(flat.queuesPerPool == 1 && flat.queue(ofPool: 3) == 3)
    }

    @Test func itsInformationStandsInForNetRings() throws {
        try run { port, _, engine, _ in
            let plain = try port.information
            #expect(plain.driver == "net_ring" && plain.vmdq == nil && plain.deviceID == nil && !plain.canStopQueues)
            engine.information = SoftDeviceInformation(
                driver: "net_ixgbe", deviceID: 0x10FB, mac: 0x0200_0000_0001, maximumAddresses: 128, vmdq: Self.vmdq,
                canStopQueues: true, canSetUpQueuesWhileRunning: true)
            let information = try port.information
            #expect(information.driver == "net_ixgbe" && information.deviceID == 0x10FB)
            #expect(information.mac == 0x0200_0000_0001 && information.maximumAddresses == 128)
            #expect(information.vmdq == Self.vmdq)
            #expect(information.canStopQueues && information.canSetUpQueuesWhileRunning)
            #expect(information.name == "net_ring_softdev" && information.maximumReceiveQueues == 2)
        }
    }

    @Test func aPortsLifeReachesIt() throws {
        try run { port, _, engine, pool in
            engine.information = SoftDeviceInformation(driver: "net_ixgbe", vmdq: Self.vmdq)
            do {
                var started = try Port(
                    starting: port, queues: Port.Queues(pairs: 2, receiveDescriptors: 32, pools: 2)
                ) { _ in pool }
                #expect(engine.calls == ["configure 2 2", "queue 0 32 false", "queue 1 32 true", "start"])
                #expect(try port.information.isLinkUp)
                engine.information?.isLinkUp = false
                #expect(try !port.information.isLinkUp)
                engine.calls = []
                try started.stop()
                try started.start()
                try port.stopReceiveQueue(1)
                try port.setUpReceiveQueue(1, descriptors: 16, pool: pool)
                try port.startReceiveQueue(1)
                try port.addAddress(0x0200_0000_00AB, pool: 3)
                try port.removeAddress(0x0200_0000_00AB)
                #expect(
                    engine.calls == [
                        "stop", "start", "stop 1", "queue 1 16 true", "start 1", "add 200000000ab 3", "remove 200000000ab",
                    ])
            }
            #expect(engine.calls.last == "stop")
        }
    }

    @Test func itsRefusalsComeBackInItsWords() throws {
        try run { port, _, engine, pool in
            engine.refusal = DPDKError("", code: 28, detail: "MAC address array is full")
            let error = #expect(throws: DPDKError.self) { try port.addAddress(1, pool: 1) }
            #expect(error?.code == 28 && error?.detail == "MAC address array is full")
            #expect(throws: DPDKError.self) { try port.removeAddress(1) }
            #expect(throws: DPDKError.self) { try port.startReceiveQueue(0) }
            #expect(throws: DPDKError.self) { try port.stopReceiveQueue(0) }
            #expect(throws: DPDKError.self) { try port.stopReceiveQueue(-1) }
            #expect(throws: DPDKError.self) { try port.addAddress(1, pool: -1) }
            engine.refusal = nil
            let refused = #expect(throws: DPDKError.self) {
                _ = try Port(starting: port, queues: Port.Queues(pairs: 1, pools: 1)) { _ in pool }
            }
            #expect(refused?.code == 34 && refused?.detail == "net_ring has none")
        }
    }

    @Test(arguments: [0, 4, -1])
    func asManyPoolsAsTheDriverHas(pools: Int) throws {
        try run { port, _, engine, pool in
            engine.information = SoftDeviceInformation(driver: "net_i40e", vmdq: Self.vmdq)
            let refused = #expect(throws: DPDKError.self) {
                _ = try Port(starting: port, queues: Port.Queues(pairs: 1, pools: pools)) { _ in pool }
            }
            #expect(refused?.code == 34 && refused?.detail == "net_i40e has 1 to 3")
        }
    }

    @Test func itsCountersReplaceNetRings() throws {
        try run { port, _, engine, _ in
            let before = try port.statistics
            #expect(before == PortStatistics())
            let own = PortStatistics(
                receivedPackets: 1, receivedBytes: 2, transmittedPackets: 3, transmittedBytes: 4, receiveMissed: 5,
                receiveErrors: 6, transmitErrors: 7, receiveNoMbuf: 8)
            engine.statistics = own
            let after = try port.statistics
            #expect(after == own)
        }
    }

    @Test func itsQueuesCountersReplaceNetRings() throws {
        try run { port, _, engine, _ in
            // net_ring's, of the one queue pair that it has; DPDK itself tells of 16 at most.
            let ring = try port.queueStatistics(count: 1)
            let most = try port.queueStatistics(count: 1000)
            #expect(ring == [QueueStatistics()] && most.count == 16)
            let own = (1...3).map { number in
                QueueStatistics(receivedPackets: number, receivedBytes: 2, transmittedPackets: 3, transmittedBytes: 1 << 40)
            }
            engine.queueStatistics = own
            let told = [
                try port.queueStatistics(count: 0), try port.queueStatistics(count: 2), try port.queueStatistics(count: 9),
            ]
            #expect(told == [[], Array(own.prefix(2)), own])
        }
    }

    @Test func aRulesCountsAreAsked() throws {
        try run { port, _, engine, _ in
            let flow = try Flow(creating: FlowRule(pattern: [.ethernet()], actions: [.count, .queue(1)]), on: port)
            do throws(FlowError) {
                _ = try flow.query()
                Issue.record("the rule counted nothing yet")
            } catch {
                #expect(error == FlowError(code: 95, message: "this rule does not count"))
            }
            engine.counts = FlowCounts(frames: 3, bytes: 1 << 40)
            let counts = try flow.query()
            #expect(counts == engine.counts)
            try flow.destroy()
        }
    }

    @Test func eventsReachThoseWhoWatchAndNobodyElse() throws {
        try run { port, device, _, _ in
            let seen = Lock<[PortEvent]>([])
            let other = Lock<[PortEvent]>([])
            let all: [PortEvent] = [.linkChanged, .resetRequested, .recovering, .recovered, .recoveryFailed]
            do {
                let watch = try PortEvents(port) { event in seen.withLock { $0.append(event) } }
                let neighbour = try Port.attach("net_null6", arguments: "")
                let unrelated = try PortEvents(neighbour) { event in other.withLock { $0.append(event) } }
                for event in all { device.raise(event) }
                #expect(seen.withLock { $0 } == all && other.withLock { $0 }.isEmpty)
                withExtendedLifetime((watch, unrelated)) {}
                Port.detach("net_null6")
            }
            device.raise(.linkChanged)
            #expect(seen.withLock { $0 }.count == all.count, "the subscription has ended")
            let error = #expect(throws: DPDKError.self) { _ = try PortEvents(PortID(rawValue: 31)) { _ in } }
            #expect(error?.code == 19)
        }
    }

    @Test func aHandlerMayEndItsOwnSubscription() throws {
        try run { port, device, _, _ in
            let box = Lock<PortEvents?>(nil)
            let count = Atomic<Int>(0)
            let watch = try PortEvents(port) { _ in
                count.add(1, ordering: .relaxed)
                let gone = box.withLock { value in
                    defer { value = nil }
                    return value
                }
                _ = gone
            }
            box.withLock { $0 = watch }
            _ = consume watch
            device.raise(.resetRequested)
            device.raise(.resetRequested)
            #expect(count.load(ordering: .relaxed) == 1)
        }
    }
}
