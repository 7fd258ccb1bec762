// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Testing
import Wire

@testable import AcceleratedBackend

/// i40e's rule set and X550's rule of MAC and VLAN.
@Suite struct FormCDTests {
    private let mac: UInt64 = 0x0200_0000_0001

    private func set(queue: UInt16) -> [FlowRule] {
        [[.udp()], [.tcp()], []].map { kind in
            FlowRule(pattern: [.ethernet(destination: mac), .ipv4()] + kind, actions: [.queue(queue)])
        }
    }

    @Test func aGuestHasTheWholeSetOrNothing() throws {
        let rig = try BackendRig(driver: "net_i40e")
        rig.add(1)
        rig.connect(1)
        #expect(rig.state(1) == .connected && rig.backend.status(vif: 1)?.form == "C")
        #expect(rig.programmer.live.sorted { $0.key < $1.key }.map(\.value) == set(queue: 1))
        #expect(rig.backend.ruleCount == 3)
        rig.want(false, 1)
        rig.run()
        rig.expectNothingInUse(free: 2)
    }

    /// i40e checks its matched fields only when a rule is made: any of the three may be refused.
    @Test(arguments: [0, 1, 2])
    func aSetThatFailsHalfWayIsTakenBackWhole(accepted: Int) throws {
        let rig = try BackendRig(driver: "net_i40e")
        rig.programmer.creationsBeforeError = accepted
        rig.add(1)
        rig.connect(1)
        #expect(rig.programmer.live.isEmpty)
        #expect(rig.state(1)?.reason?.text.contains("C: not by this NIC (Invalid argument)") == true)
        rig.expectNothingInUse(free: 2)
    }

    @Test func whatCannotBeTakenBackKeepsItsVI() throws {
        let rig = try BackendRig(driver: "net_i40e")
        rig.programmer.creationsBeforeError = 2
        rig.programmer.failingRemovals = 1
        rig.add(1)
        rig.connect(1)
        #expect(rig.programmer.live.count == 2)
        #expect(rig.backend.counts == VirtualInterfaceCounts(free: 1, granted: 0, quarantined: 1))
        rig.suspendPort()
        rig.resumePort()
        rig.expectNothingInUse(free: 2)
    }

    @Test func aQuotaCountsTheWholeSet() throws {
        let rig = try BackendRig(driver: "net_i40e") { $0.quotas.rules = 5 }
        rig.add(1)
        rig.add(2)
        rig.connect(1)
        rig.connect(2)
        #expect(rig.state(1) == .connected)
        #expect(rig.state(2)?.reason?.code == .quota)
        rig.want(false, 1)
        rig.run()
        rig.connect(2)
        #expect(rig.state(2) == .connected, "what was given back is used")
    }

    /// The set can't match IPv6, ARP and fragments: they go by the default queue, which says nothing against it.
    @Test func framesThatTheSetCannotMatchAreNeitherCandidatesNorLeaks() throws {
        let rig = try BackendRig(driver: "net_i40e")
        rig.add(1)
        rig.run()
        rig.receive(100, for: 1, isPlainIPv4: false)
        rig.run()
        #expect(rig.state(1) == .granted)
        rig.connect(1)
        rig.receive(10_000, for: 1, isPlainIPv4: false)
        rig.run()
        #expect(rig.state(1) == .connected && rig.backend.counters.leaked == 0)
        rig.receive(1000, for: 1)
        rig.run()
        #expect(rig.state(1) != .connected)
    }

    @Test func theFlowDirectorIsAskedOnlyForAVifThatNeedsIt() throws {
        let rig = try BackendRig(driver: "net_ixgbe", device: 0x1563)
        #expect(rig.programmer.asked.isEmpty, "its mode would stay")
        rig.add(1)
        rig.connect(1)
        #expect(rig.programmer.asked.isEmpty)
        rig.add(2, vlan: 9)
        rig.run()
        rig.receive(for: 2, vlan: 9)
        rig.run()
        #expect(rig.state(2) == .connected && rig.backend.status(vif: 2)?.form == "D")
        #expect(
            rig.programmer.asked == [
                FlowRule(
                    pattern: [.ethernet(destination: 0x0200_0000_0002), .vlan(identifier: 9)],
                    actions: [.queue(1)])
            ])
    }
}
