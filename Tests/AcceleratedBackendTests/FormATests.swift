// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Testing
import Wire

@testable import AcceleratedBackend

@Suite struct FormATests {
    private func mac(_ vif: UInt32) -> UInt64 { 0x0200_0000_0000 + UInt64(vif) }

    @Test func aGuestIsSteeredByItsMACOnceAFrameForItWasSeen() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.run()
        #expect(rig.state(1) == .granted)
        #expect(rig.backend.ruleCount == 0, "no rule before a candidate frame")
        rig.receive(for: 1)
        rig.run()
        #expect(rig.state(1) == .connected)
        #expect(rig.backend.status(vif: 1)?.form == "A")
        let rule = FlowRule(pattern: [.ethernet(destination: mac(1))], actions: [.queue(1)])
        #expect(Array(rig.programmer.live.values) == [rule])
        #expect(rig.backend.counts == VirtualInterfaceCounts(free: 1, granted: 1, quarantined: 0))
        #expect(rig.host.states(of: 1) == [.none, .offered, .granted, .proving, .connected])
    }

    @Test func theRuleOfATaggedVifNamesItsVLAN() throws {
        let rig = try BackendRig()
        rig.add(1, vlan: 7)
        rig.run()
        rig.receive(for: 1, vlan: 0)
        rig.receive(for: 1, vlan: 8)
        rig.run()
        #expect(rig.state(1) == .granted, "frames of other VLANs are no candidates")
        rig.receive(for: 1, vlan: 7)
        rig.run()
        #expect(rig.state(1) == .connected)
        #expect(rig.programmer.live.values.first?.pattern == [.ethernet(destination: mac(1)), .vlan(identifier: 7)])
    }

    @Test func noQueueIsGrantedTwice() throws {
        let rig = try BackendRig(queues: 3)
        for vif in UInt32(1)...4 { rig.add(vif) }
        for vif in UInt32(1)...4 { rig.connect(vif) }
        #expect(rig.backend.counts.granted == 3 && rig.state(4)?.reason?.code == .noFreeVI, "one more than there are queues")
        let queues = rig.programmer.live.values.flatMap(\.actions)
        #expect(Set(queues.map { "\($0)" }).count == 3)
        #expect(!queues.contains(.queue(0)))
    }

    @Test func theNonceIsSetBeforeTheGrantAndZeroAfterwards() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.tick()
        rig.answer()
        guard case .grant(_, _, let nonce, let settle) = rig.host.sent[1]?.last else {
            Issue.record("no grant")
            return
        }
        #expect(nonce != 0)
        #expect(settle == BackendRig.settle)
        #expect(rig.host.nonces[1] == nonce)
        rig.connect(1)
        rig.want(false, 1)
        rig.run()
        rig.expectNothingInUse(free: 2)
    }

    @Test func grantsAreNumberedOnceAndNoncesDiffer() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.add(2)
        for _ in 0..<5 {
            rig.connect(1)
            rig.connect(2)
            for vif in UInt32(1)...2 {
                rig.want(false, vif)
                rig.run()
                rig.want(true, vif)
            }
        }
        let ids = rig.grants.values.flatMap { $0 }
        #expect(ids.count >= 10)
        #expect(Set(ids).count == ids.count)
        let nonces = rig.host.calls(of: 1).compactMap { call in
            if case .nonce(let nonce) = call, nonce != 0 { nonce } else { nil }
        }
        #expect(Set(nonces).count == nonces.count)
    }

    @Test func theFenceWaitsForTheDriversSettleTime() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.connect(1)
        #expect(rig.host.calls(of: 1).contains(.fence(sequence: 1, settle: BackendRig.settle)))
        let other = try BackendRig(driver: "mlx5_pci") { $0.settleNanoseconds = 77 }
        other.add(1)
        other.connect(1)
        #expect(other.host.calls(of: 1).contains(.fence(sequence: 1, settle: 77)))
    }

    @Test func theWayBackHoldsBeforeTheRuleGoes() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.connect(1)
        rig.want(false, 1)
        #expect(rig.host.calls(of: 1).last == .hold)
        #expect(rig.backend.ruleCount == 1, "the rule stays until the hold is in force")
        rig.deliverEvents()
        #expect(rig.backend.ruleCount == 0)
        #expect(rig.host.sent[1]?.last == .rulesRemoved(id: 1))
        #expect(rig.host.held == [1], "held until the VI is drained")
        rig.run()
        rig.expectNothingInUse(free: 2)
        #expect(rig.state(1) == AccelerationState.none)
    }

    @Test func aTransmitFenceIsConfirmedToItsFrontend() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.add(2)
        rig.connect(1)
        rig.happen(.transmitFence(sequence: 9), 1)
        #expect(rig.host.sent[1]?.last == .transmitFenceConfirmed(sequence: 9))
        #expect(rig.host.sent[2]?.contains(.transmitFenceConfirmed(sequence: 9)) != true)
    }

    @Test func nothingHappensBeforeAVifIsWanted() throws {
        let rig = try BackendRig()
        rig.add(1, wanted: false)
        rig.receive(for: 1)
        rig.run()
        #expect(rig.state(1) == AccelerationState.none)
        #expect(rig.host.sent[1] ?? [] == [])
    }

    /// Time limits count from the first tick, whatever the clock says then.
    @Test(arguments: [true, false])
    func nothingIsLateBeforeItsTimeBegan(isLoadedAgain: Bool) throws {
        let rig = try BackendRig(attaches: false)
        if isLoadedAgain {
            rig.attach()
            rig.detach()
            rig.tick(milliseconds: 3_600_000)
        }
        rig.attach(ticks: false)
        rig.add(1)
        #expect(rig.host.sent[1] ?? [] == [], "no time limit could be set yet")
        rig.answer()
        rig.tick()
        rig.answer()
        rig.tick()
        #expect(rig.state(1) == .granted)
        rig.connect(1)
        #expect(rig.state(1) == .connected)
    }

    @Test func groupAddressesAndKnownIdsAreRefused() throws {
        let rig = try BackendRig()
        #expect(!rig.add(1, mac: 0x0300_0000_0001))
        #expect(!rig.add(1, mac: 0))
        #expect(rig.add(1))
        rig.connect(1)
        #expect(!rig.add(1) && !rig.add(1, mac: 0x0200_0000_0099), "it is announced once")
        rig.run()
        #expect(rig.state(1) == .connected && rig.backend.ruleCount == 1, "and what it has stays as it is")
        let full = try BackendRig { $0.maximumVifs = 1 }
        #expect(full.add(1))
        #expect(!full.add(2))
    }
}
