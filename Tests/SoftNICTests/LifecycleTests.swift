// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import SoftNIC
import TestSupport
import Testing
import Wire

@Suite struct LifecycleTests {
    /// A configuration with one thing wrong, made by `change`.
    @Test(arguments: [
        ("", 1, 256, 256, 4096), ("fifteen-bytes-x", 1, 256, 256, 4096),
        ("nic", 0, 256, 256, 4096), ("nic", 17, 256, 256, 4096),
        ("nic", 1, 0, 256, 4096), ("nic", 1, 32769, 256, 4096), ("nic", 1, 256, 0, 4096), ("nic", 1, 256, 4097, 4096),
        ("nic", 1, 256, 256, 0),
    ])
    func aConfigurationOutOfItsLimitsIsRefused(
        name: String, queuePairs: Int, descriptors: Int, flowTableSize: Int, receiveFIFO: Int
    ) throws {
        try Rig.run(queuePairs: 1) { rig in
            let configuration = SoftNICConfiguration(
                name: name, queuePairs: queuePairs, descriptors: descriptors, flowTableSize: flowTableSize,
                receiveFIFO: receiveFIFO)
            let error = #expect(throws: DPDKError.self) {
                _ = try SoftNIC(configuration, wire: rig.peer, wirePool: rig.wirePool.handle)
            }
            #expect(error?.code == 22 && error?.detail != nil)
        }
    }

    @Test func aNameInUseIsRefusedAndFreeAgainAfterwards() throws {
        try Rig.run(queuePairs: 1) { rig in
            let configuration = SoftNICConfiguration(name: "twice", queuePairs: 2, descriptors: 64)
            for _ in 0..<3 {
                let nic = try SoftNIC(configuration, wire: rig.peer, wirePool: rig.wirePool.handle)
                #expect(throws: DPDKError.self) {
                    _ = try SoftNIC(configuration, wire: rig.peer, wirePool: rig.wirePool.handle)
                }
                nic.close()
            }
        }
    }

    @Test func theMostQueuePairsWork() throws {
        try Rig.run(queuePairs: 16, descriptors: 32) { rig in
            _ = rig.receiveAll()
            var flows: [UInt16] = []
            for queue in 0..<16 as Range<UInt16> {
                _ = try rig.steer(.guest(UInt64(queue)), to: queue)
                flows.append(queue)
            }
            rig.inject(flows.map { TestFrame(to: .guest(UInt64($0)), sequence: UInt32($0)) })
            rig.nic.poll(advancing: 1000)
            #expect(rig.receiveAll().map { $0.map(\.sequence) } == flows.map { [UInt32($0)] })
        }
    }

    @Test func moreDescriptorsThanTheNICHasAreRefused() throws {
        try Rig.run(queuePairs: 1) { rig in
            let nic = try SoftNIC(
                SoftNICConfiguration(name: "small", queuePairs: 1, descriptors: 64), wire: rig.peer,
                wirePool: rig.wirePool.handle)
            let pool = rig.ownerPool(0)
            let error = #expect(throws: DPDKError.self) {
                _ = try Port(starting: nic.port, queues: Port.Queues(receiveDescriptors: 128)) { _ in pool }
            }
            #expect(error?.code == 22)
            nic.close()
        }
    }

    /// ethdev keeps a closed port's burst callbacks for whoever gets its number next.
    @Test func thePortThatInheritsTheNICsNumberRunsNoneOfItsCode() throws {
        try Rig.run(queuePairs: 1) { rig in
            let pool = rig.ownerPool(0)
            let nic = try SoftNIC(
                SoftNICConfiguration(name: "before", queuePairs: 1, descriptors: 64), wire: rig.peer,
                wirePool: rig.wirePool.handle)
            do {
                let port = try Port(starting: nic.port, queues: Port.Queues(receiveDescriptors: 64)) { _ in pool }
                #expect(port.queuePair(0).receive(into: &rig.burst) == 0)
                #expect(pool.inUse == 64, "posted behind the burst")
            }
            let ring = try MbufRing(name: "after", capacity: 64)
            let heir = try Port.attach("after", receiveRings: [ring.handle], transmitRings: [ring.handle])
            #expect(heir == nic.port, "the number should be given out again")
            do {
                let port = try Port(starting: heir, queues: Port.Queues(), virtualDevice: "net_ring_after") { _ in
                    pool
                }
                #expect(pool.allocate(1, into: &rig.burst))
                #expect(port.queuePair(0).transmit(&rig.burst) == 1)
                #expect(port.queuePair(0).receive(into: &rig.burst) == 1)
                rig.burst.free()
                nic.close()
                // The NIC's end must not touch the port that has its number now.
                #expect(port.queuePair(0).receive(into: &rig.burst) == 0)
                #expect(heir.isValid)
            }
            #expect(pool.inUse == 0)
        }
    }

    /// As above, when the heir is a NIC of the same kind.
    @Test func aNICsEndLeavesTheNICThatInheritedItsNumberAlone() throws {
        try Rig.run(queuePairs: 1) { rig in
            let pool = rig.ownerPool(0)
            func makeNIC(_ name: String) throws -> SoftNIC {
                try SoftNIC(
                    SoftNICConfiguration(name: name, queuePairs: 1, delays: .none, descriptors: 64), wire: rig.peer,
                    wirePool: rig.wirePool.handle)
            }
            let first = try makeNIC("first")
            do { _ = try Port(starting: first.port, queues: Port.Queues(receiveDescriptors: 64)) { _ in pool } }
            let second = try makeNIC("second")
            #expect(second.port == first.port)
            first.close()
            do {
                let port = try Port(starting: second.port, queues: Port.Queues(receiveDescriptors: 64)) { _ in pool }
                #expect(port.queuePair(0).receive(into: &rig.burst) == 0)
                #expect(pool.inUse == 64, "the second NIC's driver is in its place")
                #expect(port.queuePair(0).isTransmitDone(exceptNewest: 0) == true)
            }
            second.close()
            #expect(pool.inUse == 0)
        }
    }

    @Test func theClockStandsStillWhileTheEngineDoesNotRun() throws {
        try Rig.run(queuePairs: 1) { rig in
            rig.nic.poll()
            let before = rig.nic.port.clock
            LcorePause.sleep(microseconds: 2000)
            #expect(rig.nic.port.clock == before)
            rig.nic.poll()
            let step = rig.nic.port.clock - before
            #expect(step > 0 && step <= 20_000, "a round moves the clock by at most 20 us, not \(step) ns")
            #expect(rig.nic.clock == rig.nic.port.clock)
        }
    }

    @Test func anIdleEngineSaysThatItsLoopMayRest() throws {
        try Rig.run(queuePairs: 2, delays: .hardware) { rig in
            _ = rig.receiveAll()
            #expect(rig.nic.poll(advancing: 1000) == 0)
            rig.inject([TestFrame(to: .guest(1), sequence: 1)])
            while rig.receive(0).isEmpty { #expect(rig.nic.poll(advancing: 1000) > 0, "a frame waits for the clock") }
            #expect(rig.nic.poll(advancing: 1000) == 0)
        }
    }

    @Test func aClosedNICPollsNothingAndKeepsItsCounters() throws {
        try Rig.run(queuePairs: 1) { rig in
            let nic = try SoftNIC(
                SoftNICConfiguration(name: "closed", queuePairs: 1, descriptors: 64), wire: rig.peer,
                wirePool: rig.wirePool.handle)
            nic.close()
            nic.close()
            #expect(nic.poll() == 0 && nic.statistics.isBalanced)
        }
    }
}
