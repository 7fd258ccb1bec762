// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Netfront

/// A guest device on the test's own thread, between a ring whose far end is the test and a VI that is a script.
@safe
final class GuestRig {
    let vi = ScriptedVI()
    let device: UnsafeMutablePointer<GuestDevice>
    let pool: Mempool
    let counters = CounterBlock(count: NetfrontCounter.allCases.count)
    private let commands: WordRing
    private let events: WordRing
    private let toGuest: MbufRing
    private let fromGuest: MbufRing
    private var port: DPDK.Port?
    private let binding: UnsafeMutablePointer<PluginBinding>
    private var localSets: [UnsafeMutablePointer<LocalAddressSet>] = unsafe []
    private(set) var openings = 0
    static let nonce: UInt64 = 0x0123_4567_89AB_CDEF
    nonisolated(unsafe) private static var last = 0

    private init(slowRoom: Int, stash: Int, fenceLimit: UInt64) throws {
        // SAFETY: rigs are made inside EALFixture's gate, one at a time.
        unsafe Self.last += 1
        let name = unsafe "gd\(Self.last)"
        pool = try Mempool(name: name, count: 8191)
        commands = try WordRing(name: "\(name)-c", capacity: 256)
        events = try WordRing(name: "\(name)-e", capacity: 256)
        toGuest = try MbufRing(name: "\(name)-t", capacity: 1024)
        fromGuest = try MbufRing(name: "\(name)-f", capacity: slowRoom)
        let id = try DPDK.Port.attach(name, receiveRings: [toGuest.handle], transmitRings: [fromGuest.handle])
        let handle = pool.handle
        let started = try DPDK.Port(starting: id, queues: DPDK.Port.Queues(), virtualDevice: "net_ring_\(name)") { _ in handle }
        unsafe device = .allocate(capacity: 1)
        unsafe device.initialize(
            to: GuestDevice(
                mac: Frame.guest, slow: .port(started.queuePair(0)), pool: handle, counters: counters.counters,
                commands: commands.handle, events: events.handle, stashCapacity: stash, fenceLimitMilliseconds: fenceLimit))
        port = consume started
        unsafe binding = .allocate(capacity: 1)
        unsafe binding.initialize(to: PluginBinding(hooks: vi.table, device: Unmanaged.passUnretained(vi).toOpaque()))
        unsafe device.pointee.plugin.store(UInt(bitPattern: binding), ordering: .releasing)
    }

    /// Runs a test on a device of its own; every mbuf must be back at the end.
    static func run(
        slowRoom: Int = 1024, stash: Int = 4096, fenceLimit: UInt64 = 5000, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (GuestRig) throws -> Void
    ) throws {
        try EALFixture.exclusively {
            let rig = try GuestRig(slowRoom: slowRoom, stash: stash, fenceLimit: fenceLimit)
            defer { rig.end() }
            try body(rig)
            rig.expectIdentity(sourceLocation: sourceLocation)
            rig.end()
            #expect(rig.pool.handle.inUse == 0, "mbufs leaked", sourceLocation: sourceLocation)
        }
    }

    private func end() {
        guard port != nil else { return }
        unsafe device.deinitialize(count: 1)
        unsafe device.deallocate()
        unsafe binding.deallocate()
        for index in unsafe localSets.indices {
            unsafe localSets[index].deinitialize(count: 1)
            unsafe localSets[index].deallocate()
        }
        port = nil
        vi.arriving.free()
        var burst = MbufBurst(capacity: 64)
        while toGuest.handle.dequeue(into: &burst) > 0 { burst.free() }
        while fromGuest.handle.dequeue(into: &burst) > 0 { burst.free() }
    }

    // MARK: Steps

    func command(_ all: LaneCommand...) { for one in all { #expect(commands.handle.enqueue(one.word)) } }

    /// The VI opens, with the gate shut.
    func open(settle: UInt32 = 100, polls: Bool = true) {
        command(
            .nonceHigh(UInt32(Self.nonce >> 32)), .nonceLow(UInt32(truncatingIfNeeded: Self.nonce)),
            .settle(microseconds: settle), .open)
        if polls { receive() }
    }

    /// Frames for the guest by the slow path, from peer `peer` to `destination`.
    func sendSlow(_ numbers: Range<UInt32>, to destination: MACAddress = Frame.guest, peer: UInt64 = 1) {
        var burst = MbufBurst(capacity: 1)
        for number in numbers {
            precondition(pool.handle.allocate(1, into: &burst))
            Frame.write(number, to: destination, from: Frame.peer(peer), burst[0])
            toGuest.handle.enqueue(&burst)
        }
    }

    func sendFence(nonce: UInt64 = GuestRig.nonce, sequence: UInt32 = 1) {
        var burst = MbufBurst(capacity: 1)
        precondition(pool.handle.allocate(1, into: &burst) && burst[0].setLength(FenceFrame.length))
        precondition(FenceFrame(nonce: nonce, sequence: sequence).write(to: burst[0].mutableBytes))
        toGuest.handle.enqueue(&burst)
    }

    /// - Parameter tag: the control field of an IEEE 802.1Q tag.
    func sendFast(
        _ numbers: Range<UInt32>, to destination: MACAddress = Frame.guest, peer: UInt64 = 1, length: Int = 60, tag: UInt16? = nil
    ) {
        var burst = MbufBurst(capacity: 1)
        for number in numbers {
            precondition(pool.handle.allocate(1, into: &burst))
            Frame.write(number, to: destination, from: Frame.peer(peer), length: length, burst[0])
            if let tag {
                burst[0].mutableBytes.set(u16: 0x8100, at: 12)
                burst[0].mutableBytes.set(u16: tag, at: 14)
            }
            precondition(vi.arriving.append(burst[0]))
            burst.removeAll()
        }
    }

    /// What the application gets in that many rounds.
    @discardableResult
    func receive(rounds: Int = 1, room: Int = 64) -> [UInt32] {
        var numbers: [UInt32] = []
        var burst = MbufBurst(capacity: room)
        for _ in 0..<rounds {
            let count = unsafe device.pointee.receive(into: &burst)
            #expect(count == burst.count)
            for index in 0..<burst.count { numbers.append(Frame.number(burst[index])) }
            burst.free()
        }
        return numbers
    }

    /// Adds packets of the guest's to `burst`.
    func fill(
        _ burst: inout MbufBurst, _ numbers: Range<UInt32>, to destination: MACAddress = Frame.peer(1),
        from source: MACAddress = Frame.guest, length: Int = 60, etherType: UInt16 = 0x88B6
    ) {
        for number in numbers {
            precondition(pool.handle.allocate(1, into: &burst))
            Frame.write(number, to: destination, from: source, length: length, etherType: etherType, burst[burst.count - 1])
        }
    }

    func transmit(_ burst: inout MbufBurst) -> Int { unsafe device.pointee.transmit(&burst) }

    /// What the guest sent by the slow path since the last call: numbers, and fences by their sequence.
    func takeSlow() -> (numbers: [UInt32], fences: [FenceFrame]) {
        var numbers: [UInt32] = []
        var fences: [FenceFrame] = []
        var burst = MbufBurst(capacity: 64)
        while fromGuest.handle.dequeue(into: &burst) > 0 {
            for index in 0..<burst.count {
                if let fence = FenceFrame(burst[index].bytes) {
                    fences.append(fence)
                } else {
                    numbers.append(Frame.number(burst[index]))
                }
            }
            burst.free()
        }
        return (numbers, fences)
    }

    /// What the device told since the last call, but for first polls, which are counted in ``openings``.
    func takeEvents() -> [LaneEvent] {
        var all: [LaneEvent] = []
        while let word = events.handle.dequeue() {
            if let event = LaneEvent(word: word) { all.append(event) } else { Issue.record("no event: \(word)") }
        }
        openings += all.count { $0 == .polled }
        return all.filter { $0 != .polled }
    }

    func setLocal(_ addresses: [MACAddress]) {
        let set = UnsafeMutablePointer<LocalAddressSet>.allocate(capacity: 1)
        unsafe set.initialize(to: LocalAddressSet(addresses))
        unsafe localSets.append(set)
        unsafe device.pointee.localAddresses.store(UInt(bitPattern: set), ordering: .releasing)
        command(.localAddressesChanged)
    }

    func count(_ counter: NetfrontCounter) -> UInt64 { counters.counters[counter.index] }

    /// Open, with the fence behind it, and with the peers 1 to `peers` on the fast path.
    func becomeFast(peers: UInt64 = 1) {
        open()
        receive()
        for peer in 1...peers { sendFast(0..<1, peer: peer) }
        sendFence()
        receive(rounds: 3)
        confirmFence()
        receive()
        #expect(count(.peersFast) == peers)
        _ = takeEvents()
    }

    /// Answers the guest's newest fence.
    @discardableResult
    func confirmFence() -> Bool {
        guard let fence = takeSlow().fences.last else { return false }
        command(.transmitFenceConfirmed(sequence: fence.sequence))
        return true
    }

    /// In = delivered + drops + held, on each path.
    func expectIdentity(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(count(.receivedSlowPackets) == count(.deliveredSlow), sourceLocation: sourceLocation)
        let drops = NetfrontCounter.drops.reduce(0) { $0 + count($1) }
        let held = unsafe UInt64(device.pointee.stash.count)
        #expect(count(.receivedFastPackets) == count(.deliveredFast) + drops + held, sourceLocation: sourceLocation)
        #expect(count(.stashDepth) == held, sourceLocation: sourceLocation)
    }
}
