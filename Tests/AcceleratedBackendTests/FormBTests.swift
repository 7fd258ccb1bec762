// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Testing
import Wire

@testable import AcceleratedBackend

/// VMDq: a guest's address in the pool of its VI.
@Suite struct FormBTests {
    @Test(
        arguments: [("net_ixgbe", 0x10FB), ("net_ixgbe", 0x1563), ("net_i40e", 0x1572), ("net_e1000_igb", 0x10C9)]
            as [(String, UInt16)])
    func aGuestsAddressIsInItsPoolWhileItIsAccelerated(driver: String, device: UInt16) throws {
        let rig = try BackendRig(driver: driver, device: device, hasPools: true)
        rig.add(1)
        rig.add(2)
        rig.connect(1)
        rig.connect(2)
        #expect(rig.state(1) == .connected && rig.state(2) == .connected)
        #expect(rig.programmer.addresses == [0x0200_0000_0001: 1, 0x0200_0000_0002: 2])
        #expect(rig.programmer.live.isEmpty && rig.backend.ruleCount == 0)
        #expect(rig.backend.status(vif: 1)?.form == "B")
        rig.want(false, 1)
        rig.run()
        #expect(rig.programmer.addresses == [0x0200_0000_0002: 2])
        rig.want(false, 2)
        rig.run()
        rig.expectNothingInUse(free: 2)
    }

    @Test func thePoolsAreProbedByAnAddressThatNobodyHas() throws {
        let rig = try BackendRig(driver: "net_ixgbe", hasPools: true)
        #expect(rig.programmer.addressesAsked == [FenceFrame.address.rawValue])
        rig.expectNothingInUse(free: 2)
    }

    @Test func aPortWithoutPoolsSaysSo() throws {
        let rig = try BackendRig(driver: "net_ixgbe")
        rig.add(1)
        rig.run()
        let flows = "its rules can't match a MAC, and no vif has addresses that are known to be its own alone"
        #expect(
            rig.state(1)?.reason?.text == "B: the port was configured without pools; E: \(flows); F: there is no VI for it")
        #expect(
            rig.backend.steering(vif: 1)?.refused.map(\.reason) == [
                "the port was configured without pools", flows, "there is no VI for it",
            ])
    }

    @Test func thePortsOwnAddressIsNoVifs() throws {
        let rig = try BackendRig(driver: "net_ixgbe", mac: 0x0200_0000_0001, hasPools: true)
        rig.add(1)
        rig.connect(1)
        #expect(rig.state(1)?.reason?.text.contains("is the port's own address") == true)
        rig.expectNothingInUse(free: 2)
    }

    @Test func aVifInAVLANIsNotForAPool() throws {
        let rig = try BackendRig(driver: "net_ixgbe", device: 0x1563, hasPools: true)
        rig.add(1, vlan: 7)
        rig.run()
        rig.receive(for: 1, vlan: 7)
        rig.run()
        #expect(rig.state(1) == .connected)
        #expect(rig.backend.status(vif: 1)?.form == "D")
        let refused = try #require(rig.backend.steering(vif: 1)?.refused)
        #expect(refused == [.init(form: .addressPool, reason: "a pool takes untagged frames, and the vif is in VLAN 7")])
    }

    @Test func aFullTableOfAddressesMakesRoomForTheNextForm() throws {
        let rig = try BackendRig(driver: "net_i40e", hasPools: true)
        rig.programmer.addressError = FlowError(code: 28, message: "no address slot")
        rig.add(1)
        rig.connect(1)
        rig.connect(1)
        #expect(rig.state(1) == .connected)
        #expect(rig.backend.status(vif: 1)?.form == "C")
        #expect(rig.backend.steering(vif: 1)?.refused.first?.reason == "no address slot (No space left on device)")
        rig.want(false, 1)
        rig.run()
        rig.expectNothingInUse(free: 2)
    }

    /// ethdev gives addresses back to a port that starts again. While it is down its driver may be at work, and is not asked.
    @Test func aPortResetTakesAddressesOutAndPutsThemBack() throws {
        let rig = try BackendRig(driver: "net_ixgbe", hasPools: true)
        rig.add(1)
        rig.connect(1)
        rig.suspendPort()
        #expect(rig.programmer.addresses.count == 1)
        rig.run()
        #expect(rig.backend.counts == VirtualInterfaceCounts(free: 1, granted: 0, quarantined: 1))
        rig.resumePort()
        #expect(rig.programmer.addresses.isEmpty && rig.backend.counts.quarantined == 0)
        rig.connect(1)
        #expect(rig.state(1) == .connected && rig.programmer.addresses.count == 1)
    }

    /// Nobody has to let go of anything before the port runs again.
    @Test func aVIThatComesBackAfterAPortResetIsInOrder() throws {
        let rig = try BackendRig(driver: "net_ixgbe", queues: 1, hasPools: true)
        rig.add(1)
        rig.connect(1)
        rig.suspendPort()
        rig.resumePort()
        #expect(rig.programmer.addresses.isEmpty)
        rig.run()
        rig.connect(1)
        #expect(rig.state(1) == .connected && rig.programmer.addresses.count == 1)
    }

    @Test func anAddressThatStaysKeepsItsVIFromOthersEvenOverAReset() throws {
        let rig = try BackendRig(driver: "net_ixgbe", queues: 1, hasPools: true)
        rig.add(1)
        rig.connect(1)
        rig.programmer.keepsAddresses = true
        rig.want(false, 1)
        rig.run()
        rig.tick(milliseconds: 1100)
        rig.run()
        #expect(rig.backend.counts == VirtualInterfaceCounts(free: 0, granted: 0, quarantined: 1))
        rig.suspendPort()
        rig.resumePort()
        #expect(rig.backend.counts.quarantined == 1, "its frames still go there")
        rig.programmer.keepsAddresses = false
        rig.suspendPort()
        rig.resumePort()
        rig.expectNothingInUse(free: 1)
    }
}
