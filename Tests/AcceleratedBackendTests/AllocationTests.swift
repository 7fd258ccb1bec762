// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Testing
import Wire

@testable import AcceleratedBackend

/// Who gets a VI, and who waits for one.
@Suite struct AllocationTests {
    @Test func aVifWithoutAVIWaitsForOneAndGetsIt() throws {
        let rig = try BackendRig(queues: 2)
        for vif in UInt32(1)...3 {
            rig.add(vif)
            rig.connect(vif)
        }
        #expect(rig.state(2) == .connected)
        #expect(rig.state(3)?.reason?.code == .noFreeVI)
        #expect(rig.state(3)?.reason?.text == "2 granted, 0 in quarantine")
        rig.want(false, 1)
        rig.run()
        #expect(rig.state(3) == .granted)
        rig.connect(3)
        #expect(rig.state(3) == .connected)
        #expect(rig.backend.counts == VirtualInterfaceCounts(free: 0, granted: 2, quarantined: 0))
    }

    @Test func theVIQuotaBounds() throws {
        let rig = try BackendRig(queues: 4) { $0.quotas.virtualInterfaces = 2 }
        for vif in UInt32(1)...3 {
            rig.add(vif)
            rig.connect(vif)
        }
        #expect(rig.state(3)?.reason == AccelerationReason(.quota, "2 VIs are granted"))
        #expect(rig.backend.counts == VirtualInterfaceCounts(free: 2, granted: 2, quarantined: 0))
        rig.remove(1)
        rig.run()
        rig.connect(3)
        #expect(rig.state(3) == AccelerationState.connected)
    }

    @Test func theRuleQuotaBounds() throws {
        let rig = try BackendRig(queues: 4) { $0.quotas.rules = 1 }
        for vif in UInt32(1)...2 {
            rig.add(vif)
            rig.connect(vif)
        }
        #expect(rig.backend.ruleCount == 1)
        #expect(rig.state(2)?.reason == AccelerationReason(.quota, "1 of 1 rules are in use"))
        #expect(rig.backend.counts == VirtualInterfaceCounts(free: 3, granted: 1, quarantined: 0), "its VI went back")
        rig.want(false, 1)
        rig.run()
        rig.connect(2)
        #expect(rig.state(2) == .connected)
    }

    @Test func waitingEndsWithTheWish() throws {
        let rig = try BackendRig(queues: 1)
        rig.add(1)
        rig.connect(1)
        rig.add(2)
        rig.run()
        rig.want(false, 2)
        #expect(rig.state(2) == AccelerationState.none)
        rig.want(false, 1)
        rig.run()
        #expect(rig.state(2) == AccelerationState.none)
        rig.expectNothingInUse(free: 1)
    }

    @Test func aSecondVifWithTheSameMACIsRefusedUntilTheFirstIsGone() throws {
        let rig = try BackendRig()
        rig.add(1, mac: 0x0200_0000_00AA)
        #expect(rig.add(2, mac: 0x0200_0000_00AA))
        rig.connect(1)
        rig.run()
        #expect(rig.state(1) == .connected)
        #expect(rig.state(2)?.reason?.code == .duplicateMAC)
        #expect(rig.host.status(of: 2)?.state.reason?.code == .duplicateMAC)
        #expect(rig.host.sent[2] ?? [] == [], "it gets no offer")
        rig.want(false, 1)
        rig.run()
        #expect(rig.state(2)?.reason?.code == .duplicateMAC, "the first still has the address")
        rig.remove(1)
        rig.connect(2)
        #expect(rig.state(2) == .connected)
    }

    @Test func removingTheSecondVifWithAMACLeavesTheFirstAlone() throws {
        let rig = try BackendRig()
        rig.add(1, mac: 0x0200_0000_00AA)
        rig.add(2, mac: 0x0200_0000_00AA)
        rig.run()
        rig.remove(2)
        rig.connect(1)
        #expect(rig.state(1) == .connected)
    }

    @Test func aVIThatWasTakenBackRestsBeforeItIsGrantedAgain() {
        let interfaces = (1...3).map { queue in
            VirtualInterface(
                queuePair: QueuePair(
                    port: PortID(rawValue: 0), receiveQueue: UInt16(queue), transmitQueue: UInt16(queue),
                    transmitDescriptors: 1024),
                mempool: "vi\(queue)")
        }
        var pool = VirtualInterfacePool(interfaces)
        #expect(pool.allocate(vif: 1, for: DestinationMACForm()) == 0)
        pool.reclaim(0)
        #expect(pool.allocate(vif: 2, for: DestinationMACForm()) == 1)
        #expect(pool.allocate(vif: 3, for: DestinationMACForm()) == 2)
        #expect(pool.allocate(vif: 4, for: DestinationMACForm()) == 0)
        #expect(pool.allocate(vif: 5, for: DestinationMACForm()) == nil)
        #expect(pool.allocate(vif: 5, for: SoftwareForm()) == nil)
        pool.quarantine(1, AccelerationReason(.timeout))
        pool.reclaim(1)
        #expect(pool.counts == VirtualInterfaceCounts(free: 0, granted: 2, quarantined: 1), "quarantine outlives a reclaim")
        pool.portRestarted(except: [])
        #expect(pool.counts == VirtualInterfaceCounts(free: 1, granted: 2, quarantined: 0))
    }

    @Test func everyQueueIsCheckedBeforeUse() throws {
        let port = PortID(rawValue: 3)
        func vi(_ queue: UInt16, on other: PortID? = nil, tx: UInt16? = nil, descriptors: UInt16 = 1024, pool: String? = nil)
            -> VirtualInterface
        {
            VirtualInterface(
                queuePair: QueuePair(
                    port: other ?? port, receiveQueue: queue, transmitQueue: tx ?? queue, transmitDescriptors: descriptors),
                mempool: pool ?? "vi\(queue)")
        }
        func check(_ interfaces: [VirtualInterface]) throws(AcceleratedBackendError) {
            try AcceleratedBackend.check(interfaces, port: port, configured: 4)
        }
        try check([vi(1), vi(2), vi(3)])
        try check([])
        #expect(throws: AcceleratedBackendError.slowPathQueue(vi(0).id)) { try check([vi(0)]) }
        #expect(throws: AcceleratedBackendError.slowPathQueue(vi(1).id)) { try check([vi(1, tx: 0)]) }
        #expect(throws: AcceleratedBackendError.noSuchQueue(vi(4).id, configured: 4)) { try check([vi(1), vi(4)]) }
        #expect(throws: AcceleratedBackendError.noSuchQueue(vi(1).id, configured: 4)) { try check([vi(1, tx: 4)]) }
        #expect(throws: AcceleratedBackendError.usedTwice(vi(1).id)) { try check([vi(1), vi(1)]) }
        #expect(throws: AcceleratedBackendError.sharedMempool("p")) { try check([vi(1, pool: "p"), vi(2, pool: "p")]) }
        #expect(throws: AcceleratedBackendError.badMempoolName("")) { try check([vi(1, pool: "")]) }
        #expect(throws: AcceleratedBackendError.transmitDescriptors(vi(1).id, 512)) { try check([vi(1, descriptors: 512)]) }
        let elsewhere = vi(1, on: PortID(rawValue: 4))
        #expect(throws: AcceleratedBackendError.wrongPort(elsewhere.id, port)) { try check([elsewhere]) }
        #expect(throws: AcceleratedBackendError.badPluginName("")) { try BackendRig { $0.frontendPlugin = "" } }
    }
}
