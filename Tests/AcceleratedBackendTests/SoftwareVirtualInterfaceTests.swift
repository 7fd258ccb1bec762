// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK
import Synchronization
import TestSupport
import Testing

@testable import AcceleratedBackend

/// A software VI with netback's side of its rings in the test's hands.
@safe
struct SoftwareRig: ~Copyable {
    // Before the pool, to be taken down first.
    let interfaces: SoftwareVirtualInterfaces
    let pool: Mempool
    let toGuest: MbufRingHandle
    let fromGuest: MbufRingHandle
    let settled: UnsafeMutablePointer<Atomic<UInt64>>
    let uplink: PortID

    init(count: Int = 1, depth: Int = 64) throws {
        let uplink = PortID(rawValue: 31)
        let pool = try Mempool(name: "softvi_pool", count: 1023, cacheSize: 0)
        let interfaces = try SoftwareVirtualInterfaces(
            name: "svi", count: count, uplink: uplink, mempool: "softvi_pool", depth: depth)
        let c = unsafe try #require(interfaces.virtualInterfaces.first?.software).c
        self.interfaces = interfaces
        self.pool = pool
        self.uplink = uplink
        unsafe toGuest = MbufRingHandle(unsafeAddress: c.to_guest)
        unsafe fromGuest = MbufRingHandle(unsafeAddress: c.from_guest)
        unsafe settled = UnsafeMutableRawPointer(c.settled).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    var pair: QueuePair { interfaces.virtualInterfaces[0].queuePair }

    /// Netback takes up to `limit` frames and has them in the outbox.
    func takeFromGuest(_ limit: Int) -> Int {
        var burst = MbufBurst(capacity: 64)
        let taken = fromGuest.dequeue(into: &burst, limit: limit)
        burst.free()
        unsafe _ = settled.pointee.add(UInt64(taken), ordering: .releasing)
        return taken
    }
}

/// An uplink whose clock stands still.
private final class StoppedDevice: SoftDeviceEngine {
    func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {}
    func validate(_ rule: FlowRule) throws(FlowError) {}
    func create(_ rule: FlowRule) throws(FlowError) -> UInt { 1 }
    func destroy(_ handle: UInt) throws(FlowError) {}
}

@Suite struct SoftwareVirtualInterfaceTests {
    @Test func framesGoBothWaysInOrder() throws {
        try EALFixture.exclusively {
            let rig = try SoftwareRig()
            var burst = MbufBurst(capacity: 8)
            #expect(rig.pool.handle.allocate(8, into: &burst))
            for index in 0..<8 { _ = burst[index].setLength(60 + index) }
            rig.toGuest.enqueue(&burst)
            #expect(rig.pair.receive(into: &burst) == 8)
            for index in 0..<8 { #expect(burst[index].packetLength == 60 + index) }
            #expect(rig.pair.transmit(&burst) == 8)
            #expect(rig.fromGuest.dequeue(into: &burst) == 8)
            for index in 0..<8 { #expect(burst[index].packetLength == 60 + index) }
            burst.free()
            #expect(rig.pool.handle.inUse == 0)
        }
    }

    @Test func transmitIsDoneOnceNetbackHasTheFramesInItsOutbox() throws {
        try EALFixture.exclusively {
            let rig = try SoftwareRig()
            #expect(rig.pair.isTransmitDone(exceptNewest: 0) == true)
            var burst = MbufBurst(capacity: 8)
            #expect(rig.pool.handle.allocate(5, into: &burst))
            rig.pair.transmit(&burst)
            #expect(rig.pair.isTransmitDone(exceptNewest: 0) == false)
            #expect(rig.pair.isTransmitDone(exceptNewest: 4) == false)
            #expect(rig.pair.isTransmitDone(exceptNewest: 5) == true)
            // Taken, but not yet in the outbox: an empty ring proves nothing.
            #expect(rig.fromGuest.dequeue(into: &burst) == 5)
            #expect(rig.pair.isTransmitDone(exceptNewest: 0) == false)
            unsafe _ = rig.settled.pointee.add(3, ordering: .releasing)
            #expect(rig.pair.isTransmitDone(exceptNewest: 2) == true)
            #expect(rig.pair.isTransmitDone(exceptNewest: 1) == false)
            unsafe _ = rig.settled.pointee.add(2, ordering: .releasing)
            #expect(rig.pair.isTransmitDone(exceptNewest: 0) == true)
            burst.free()
        }
    }

    @Test func aFullRingIsBusyAndCountsOnlyWhatItTook() throws {
        try EALFixture.exclusively {
            let rig = try SoftwareRig(depth: 8)
            var burst = MbufBurst(capacity: 12)
            #expect(rig.pool.handle.allocate(12, into: &burst))
            #expect(rig.pair.transmit(&burst) == 8)
            #expect(burst.count == 4)
            #expect(rig.pair.transmit(&burst) == 0)
            #expect(rig.takeFromGuest(8) == 8)
            #expect(rig.pair.isTransmitDone(exceptNewest: 0) == true)
            #expect(rig.pair.transmit(&burst) == 4)
            #expect(rig.takeFromGuest(8) == 4)
            #expect(rig.pool.handle.inUse == 0)
        }
    }

    @Test func resetFreesWhatIsLeftAndCountsItAsDone() throws {
        try EALFixture.exclusively {
            let rig = try SoftwareRig()
            var burst = MbufBurst(capacity: 16)
            #expect(rig.pool.handle.allocate(16, into: &burst))
            var half = MbufBurst(capacity: 8)
            burst.move(to: &half, limit: 8)
            rig.toGuest.enqueue(&burst)
            rig.pair.transmit(&half)
            rig.interfaces.virtualInterfaces[0].software?.reset()
            #expect(rig.pool.handle.inUse == 0)
            #expect(rig.pair.isTransmitDone(exceptNewest: 0) == true)
            #expect(rig.pair.receive(into: &half) == 0)
        }
    }

    @Test func itsClockIsTheUplinks() throws {
        try EALFixture.exclusively {
            let rig = try SoftwareRig()
            let stopped = unsafe SoftDevice(
                port: rig.uplink, engine: StoppedDevice(),
                functions: SoftDeviceFunctions(
                    context: UnsafeMutableRawPointer(rig.settled), received: { _, _ in },
                    transmitting: { _, _, _, count in count }, readClock: { _ in 12345 }, transmitDone: { _, _, _ in 1 }))
            #expect(withExtendedLifetime(stopped) { rig.pair.port.clock } == 12345)
        }
    }

    @Test func itHasNoFlowRulesOfItsOwn() throws {
        try EALFixture.exclusively {
            let rig = try SoftwareRig()
            let rule = FlowRule(pattern: [.ethernet(destination: 1)], actions: [.queue(0)])
            #expect(throws: FlowError.self) { try Flow.validate(rule, on: rig.pair.port) }
            #expect(throws: FlowError.self) {
                let flow = try Flow(creating: rule, on: rig.pair.port)
                try flow.destroy()
            }
        }
    }

    @Test func theyCanBeMadeAgainUnderTheSameName() throws {
        try EALFixture.exclusively {
            for _ in 0..<3 {
                let rig = try SoftwareRig(count: 4)
                #expect(Set(rig.interfaces.virtualInterfaces.map(\.id)).count == 4)
                #expect(rig.interfaces.virtualInterfaces.allSatisfy { $0.isSoftware && $0.mempool == "softvi_pool" })
            }
            #expect(throws: AcceleratedBackendError.badMempoolName("nobody's")) {
                try SoftwareVirtualInterfaces(count: 1, uplink: PortID(rawValue: 0), mempool: "nobody's")
            }
        }
    }
}
