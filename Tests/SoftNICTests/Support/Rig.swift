// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import SoftNIC
import Synchronization
import TestSupport
import Testing
import Wire

/// A NIC whose wire is a pair of crossed rings with the test at the far end, and whose queues the test owns.
final class Rig {
    static let numbers = Atomic<Int>(0)

    let nic: SoftNIC
    /// The far end of the wire.
    let peer: QueuePair
    let queues: [QueuePair]
    private var nicPort: Port?
    private var nearPort: Port?
    private var farPort: Port?
    private var inward: MbufRing?
    private var outward: MbufRing?
    let wirePool: Mempool
    let peerPool: Mempool
    private let ownerPools: PoolList
    var burst = MbufBurst(capacity: 256)

    struct Shape {
        var wireRing = 1024
        var wirePool = 2047
        var wireRoom = 2176
        var ownerPool = 2047
        var ownerRoom = 2176
        var receiveDescriptors: Int?
        var pools: Int?
        var dropWhenFullFrom = 1
    }

    /// Runs `body` with a NIC, takes everything down, and checks that every mbuf is back in its pool and the sums are
    /// right.
    static func run(
        _ personality: Personality = .sfc, queuePairs: Int = 4, delays: SoftNICDelays = .none, seed: UInt64 = 1,
        descriptors: Int = 256,
        shape: Shape = Shape(),
        configure: (inout SoftNICConfiguration) -> Void = { _ in },
        _ body: (Rig) throws -> Void
    ) throws {
        try EALFixture.exclusively {
            let number = numbers.add(1, ordering: .relaxed).newValue
            var configuration = SoftNICConfiguration(
                name: "rig\(number)", queuePairs: queuePairs, personality: personality, seed: seed, delays: delays,
                descriptors: descriptors)
            configure(&configuration)
            let rig = try Rig(configuration, shape)
            try body(rig)
            #expect(rig.nic.statistics.isBalanced, "\(rig.nic.statistics)")
            rig.takeDown()
            #expect(rig.wirePool.handle.inUse == 0, "the wire's pool")
            #expect(rig.peerPool.handle.inUse == 0, "the peer's pool")
            for (queue, pool) in rig.ownerPools.handles.enumerated() {
                #expect(pool.inUse == 0, "pool of queue \(queue)")
            }
        }
    }

    private init(_ configuration: SoftNICConfiguration, _ shape: Shape) throws {
        let name = configuration.name
        wirePool = try Mempool(name: "\(name)-wire", count: shape.wirePool, dataRoom: shape.wireRoom, cacheSize: 0)
        peerPool = try Mempool(name: "\(name)-peer", count: 4095, dataRoom: 9216 + 128, cacheSize: 0)
        let inward = try MbufRing(name: "\(name)-in", capacity: shape.wireRing)
        let outward = try MbufRing(name: "\(name)-out", capacity: shape.wireRing)
        let nearID = try Port.attach(
            "\(name)n", receiveRings: [inward.handle], transmitRings: [outward.handle])
        let farID = try Port.attach("\(name)f", receiveRings: [outward.handle], transmitRings: [inward.handle])
        self.inward = consume inward
        self.outward = consume outward
        let (wireHandle, peerHandle) = (wirePool.handle, peerPool.handle)
        let one = Port.Queues()
        let nearPort = try Port(starting: nearID, queues: one, virtualDevice: "net_ring_\(name)n") { _ in wireHandle }
        let farPort = try Port(starting: farID, queues: one, virtualDevice: "net_ring_\(name)f") { _ in peerHandle }
        let near = nearPort.queuePair(0)
        peer = farPort.queuePair(0)
        self.nearPort = consume nearPort
        self.farPort = consume farPort
        let owners = try PoolList(
            name: name, count: configuration.queuePairs, mbufs: shape.ownerPool, dataRoom: shape.ownerRoom)
        ownerPools = owners
        nic = try SoftNIC(configuration, wire: near, wirePool: wirePool.handle)
        let nicPort = try Port(
            starting: nic.port,
            queues: Port.Queues(
                pairs: configuration.queuePairs,
                receiveDescriptors: shape.receiveDescriptors ?? configuration.descriptors,
                transmitDescriptors: configuration.descriptors, dropWhenFullFrom: shape.dropWhenFullFrom,
                pools: shape.pools)
        ) { owners.handles[$0] }
        queues = (0..<configuration.queuePairs).map {
            nicPort.queuePair($0, transmitDescriptors: configuration.descriptors)
        }
        self.nicPort = consume nicPort
    }

    private func takeDown() {
        burst.free()
        nicPort = nil
        nic.close()
        nearPort = nil
        farPort = nil
        inward = nil
        outward = nil
    }

    /// What the port says, for expectations.
    var portStatistics: PortStatistics? { try? nic.port.statistics }
    var information: PortInformation? { try? nic.port.information }

    /// Stops and starts the NIC's port, as an operator's reset does.
    func stopPort() throws { try nicPort?.stop() }
    func startPort() throws { try nicPort?.start() }
    /// As its owner does when the port asks for it.
    func resetPort() throws(DPDKError) { try nicPort?.reset() }

    func ownerPool(_ queue: Int) -> MempoolHandle { ownerPools.handles[queue] }

    // MARK: The far end

    /// Puts frames on the wire towards the NIC.
    func inject(_ frames: [TestFrame]) {
        for frame in frames {
            #expect(peerPool.handle.allocate(1, into: &burst))
            #expect(frame.write(to: burst[burst.count - 1]))
            #expect(peer.transmit(&burst) == 1, "the wire is full")
        }
        burst.free()
    }

    /// Takes everything that the NIC has sent.
    func takeFromWire() -> [TestFrame] { take(peer) }

    // MARK: The queues' owner

    /// Polls a queue once or more, until it is empty.
    func receive(_ queue: Int) -> [TestFrame] { take(queues[queue]) }

    /// Polls every queue, whatever comes.
    func receiveAll() -> [[TestFrame]] { queues.indices.map(receive) }

    /// Posts frames for sending; how many the queue took.
    @discardableResult
    func transmit(_ frames: [TestFrame], on queue: Int) -> Int {
        var taken = 0
        for frame in frames {
            #expect(ownerPools.handles[queue].allocate(1, into: &burst))
            #expect(frame.write(to: burst[burst.count - 1]))
            taken += queues[queue].transmit(&burst)
            burst.free()
        }
        return taken
    }

    private func take(_ pair: QueuePair) -> [TestFrame] {
        var frames: [TestFrame] = []
        while pair.receive(into: &burst) > 0 {
            for index in 0..<burst.count { frames.append(TestFrame(burst[index])) }
            burst.free()
        }
        return frames
    }

    /// How many frames arrive on each queue when these come from the wire. The queues must have buffers.
    func arrivals(_ frames: TestFrame...) -> [Int] { arrivals(frames) }

    func arrivals(_ frames: [TestFrame]) -> [Int] {
        inject(frames)
        nic.poll(advancing: 1000)
        nic.poll(advancing: 1000)
        return receiveAll().map(\.count)
    }

    /// The queues that get a frame, in order.
    func queues(getting frame: TestFrame) -> [Int] {
        arrivals(frame).enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
    }

    // MARK: Time

    /// Lets the NIC's clock go on by `microseconds`, in rounds of one.
    func advance(microseconds: Int) {
        for _ in 0..<microseconds { nic.poll(advancing: 1000) }
    }

    /// Whether the NIC takes the rule; its rule stays.
    func creates(_ rule: FlowRule) -> FlowError? {
        do throws(FlowError) {
            _ = try Flow(creating: rule, on: nic.port)
            return nil
        } catch {
            return error
        }
    }

    func validates(_ rule: FlowRule) -> FlowError? {
        do throws(FlowError) {
            try Flow.validate(rule, on: nic.port)
            return nil
        } catch {
            return error
        }
    }

    /// Rules that steer to the queue.
    func steer(_ mac: MACAddress, vlan: UInt16? = nil, to queue: UInt16) throws(FlowError) -> Flow {
        try Flow(creating: .steering(mac, vlan: vlan, to: queue), on: nic.port)
    }
}

extension FlowRule {
    static func steering(_ mac: MACAddress, vlan: UInt16? = nil, to queue: UInt16) -> FlowRule {
        var pattern: [FlowItem] = [.ethernet(destination: mac.rawValue)]
        if let vlan { pattern.append(.vlan(identifier: vlan)) }
        return FlowRule(pattern: pattern, actions: [.queue(queue)])
    }
}

/// Mempools in a row; a noncopyable value can't be in an array.
final class PoolList {
    private final class Entry {
        let pool: Mempool
        init(_ pool: consuming Mempool) { self.pool = pool }
    }

    private let entries: [Entry]

    init(name: String, count: Int, mbufs: Int, dataRoom: Int) throws(DPDKError) {
        var entries: [Entry] = []
        for index in 0..<count {
            entries.append(
                Entry(try Mempool(name: "\(name)-q\(index)", count: mbufs, dataRoom: dataRoom, cacheSize: 0)))
        }
        self.entries = entries
    }

    var handles: [MempoolHandle] { entries.map { $0.pool.handle } }
}
