// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK
import TestSupport
import Testing
import Wire

@testable import AcceleratedBackend

@Suite struct LadderTests {
    private let words = "not by this NIC (Invalid argument)"

    /// A rig with `count` software VIs beside those of the port.
    private func withSoftware(
        count: Int = 2, queues: Int = 2, driver: String = "net_ring", host: FakeHost = FakeHost(),
        configure: (inout AcceleratedBackendConfiguration) -> Void = { _ in }, _ body: (BackendRig) throws -> Void
    ) throws {
        try EALFixture.exclusively {
            let soft = try SoftwareRig(count: count)
            let rig = try BackendRig(
                driver: driver, queues: queues, software: soft.interfaces.virtualInterfaces, host: host, configure: configure)
            try body(rig)
        }
    }

    static let drivers: [(driver: String, device: UInt16?, forms: String)] = [
        ("net_sfc_efx", nil, "AEF"), ("mlx5_pci", nil, "AEF"), ("mlx5_auxiliary", nil, "AEF"), ("net_bnxt", nil, "ABEF"),
        ("net_ring", nil, "AF"), ("net_ixgbe", 0x10FB, "BEF"), ("net_ixgbe", 0x1563, "BDEF"), ("net_ixgbe", nil, "BEF"),
        ("net_i40e", 0x1572, "BCF"), ("net_e1000_igb", 0x10C9, "BEF"), ("net_tap", nil, "F"), ("net_null", nil, "F"),
        ("", nil, "F"),
    ]

    @Test(arguments: drivers)
    func aDriversNameDecidesWhatIsAskedFor(_ row: (driver: String, device: UInt16?, forms: String)) {
        let all = Ladder(driver: row.driver, device: row.device, allowed: Set(SteeringForm.allCases))
        #expect(all.forms.map(\.rawValue).joined() == row.forms)
        #expect(Ladder(driver: row.driver, device: row.device, allowed: [.software]).forms == [.software])
    }

    /// ixgbe and igb ignore the pattern of a rule that spreads, and turn the whole port; queue 0 is the slow path's, and bnxt refuses it.
    @Test func noFormSpreadsOrNamesQueueZero() throws {
        for form in SteeringForm.allCases {
            for vlan in [nil, 7] as [UInt16?] {
                let target = SteeringTarget(mac: 0x0200_0000_0001, vlan: vlan, queue: 3, pool: 3)
                guard let installation = try? form.method.installation(for: target), case .rules(let rules) = installation
                else { continue }
                for rule in rules {
                    #expect(rule.actions == [.queue(3)] && rule.isIngress && rule.group == 0, "form \(form)")
                    guard case .ethernet(let destination, nil, nil) = rule.pattern.first else {
                        Issue.record("form \(form) does not match the destination MAC")
                        continue
                    }
                    #expect(destination == target.mac)
                }
            }
        }
    }

    @Test func attachAsksThePortOnAFreeVIAndTakesTheRuleOutAgain() throws {
        let rig = try BackendRig()
        let probe = FlowRule(pattern: [.ethernet(destination: FenceFrame.address.rawValue)], actions: [.queue(1)])
        #expect(rig.programmer.asked == [probe])
        rig.expectNothingInUse(free: 2)
        #expect(rig.backend.form.best == .destinationMAC)
    }

    @Test func aDriverThatCannotIsNotAsked() throws {
        let rig = try BackendRig(driver: "net_e1000_igb")
        #expect(rig.programmer.asked.isEmpty && rig.programmer.addressesAsked.isEmpty)
        rig.add(1)
        rig.run()
        #expect(rig.state(1)?.reason?.code == .noSteeringForm)
        rig.expectNothingInUse(free: 2)
    }

    @Test func aFormThatThePortRefusesAtTheStartIsNotGranted() throws {
        let rig = try BackendRig(attaches: false)
        rig.programmer.creationsBeforeError = 0
        rig.attach()
        rig.add(1)
        rig.run()
        #expect(rig.state(1)?.reason?.code == .noSteeringForm)
        #expect(rig.state(1)?.reason?.text == "A: \(words); F: there is no VI for it")
        #expect(rig.grants.isEmpty)
    }

    @Test func aFullTableIsNoStatementAboutTheForm() throws {
        let rig = try BackendRig(attaches: false)
        rig.programmer.creationsBeforeError = 0
        rig.programmer.creationError = FlowError(code: 28, message: "table full")
        rig.attach()
        #expect(rig.backend.form.best == .destinationMAC)
    }

    @Test func aFormThatIsRefusedLaterLeavesTheVifRefusedInTheDriversWords() throws {
        let rig = try BackendRig()
        rig.programmer.creationsBeforeError = 0
        rig.add(1)
        rig.connect(1)
        let reason = rig.state(1)?.reason
        #expect(reason?.code == .ruleRefused)
        #expect(reason?.text == "A: \(words); F: there is no VI for it")
        rig.expectNothingInUse(free: 2)
        let asked = rig.programmer.asked.count
        rig.receive(for: 1)
        rig.run(rounds: 50)
        #expect(rig.programmer.asked.count == asked, "not asked again and again")
        rig.programmer.creationsBeforeError = .max
        rig.want(false, 1)
        rig.want(true, 1)
        rig.connect(1)
        #expect(rig.state(1) == .connected, "switching it off and on tries again")
    }

    @Test func softwareFollowsARefusedRule() throws {
        try withSoftware { rig in
            rig.programmer.creationsBeforeError = 0
            rig.add(1)
            rig.connect(1)
            rig.connect(1)
            #expect(rig.state(1) == .connected)
            let status = rig.backend.status(vif: 1)
            #expect(status?.form == "F")
            #expect(status?.reason == AccelerationReason(.ruleRefused, "A: \(words); form F instead"))
            #expect(rig.host.calls(of: 1).contains(.steer))
            #expect(rig.host.calls(of: 1).contains(.fence(sequence: 1, settle: 0)), "netback's lane needs no settling")
            #expect(rig.backend.ruleCount == 0)
            #expect(rig.host.reports[1]?.contains { $0.state == .refused(status?.reason ?? AccelerationReason(.none)) } == true)
            rig.want(false, 1)
            rig.run()
            rig.expectNothingInUse(free: 4)
        }
    }

    @Test func softwareIsUsedAtOnceWhereThePortCannot() throws {
        try withSoftware(queues: 0, driver: "net_null") { rig in
            rig.add(1)
            rig.connect(1)
            #expect(rig.state(1) == .connected)
            #expect(rig.backend.status(vif: 1)?.form == "F")
            #expect(rig.programmer.asked.isEmpty)
        }
    }

    @Test func theWayBackFromSoftwareHoldsBeforeItUnsteers() throws {
        try withSoftware(queues: 0) { rig in
            rig.add(1)
            rig.connect(1)
            rig.want(false, 1)
            rig.deliverEvents()
            #expect(rig.host.calls(of: 1).suffix(2) == [.hold, .unsteer])
            #expect(rig.host.sent[1]?.last != .rulesRemoved(id: 1), "not before netback's lane has unsteered")
            rig.deliverEvents()
            #expect(rig.host.sent[1]?.last == .rulesRemoved(id: 1))
            rig.run()
            #expect(Array(rig.host.calls(of: 1).suffix(4).prefix(3)) == [.hold, .unsteer, .release])
            rig.expectNothingInUse(free: 2)
        }
    }

    @Test func whatIsLeftInAVIInSoftwareIsFreedBeforeItIsGrantedAgain() throws {
        try EALFixture.exclusively {
            let soft = try SoftwareRig()
            let rig = try BackendRig(queues: 0, software: soft.interfaces.virtualInterfaces)
            rig.add(1)
            rig.connect(1)
            var burst = MbufBurst(capacity: 8)
            #expect(soft.pool.handle.allocate(8, into: &burst))
            #expect(soft.pair.transmit(&burst) == 8)
            rig.want(false, 1)
            rig.run()
            rig.expectNothingInUse(free: 1)
            #expect(soft.pool.handle.inUse == 0)
            #expect(soft.pair.isTransmitDone(exceptNewest: 0) == true)
        }
    }

    @Test func aRestartOfThePortDoesNotTakeAVIInSoftwareFromItsGuest() throws {
        try withSoftware(queues: 1) { rig in
            rig.programmer.creationsBeforeError = 0
            rig.add(1)
            rig.connect(1)
            rig.connect(1)
            rig.silent = [1]
            rig.want(false, 1)
            for _ in 0..<5 {
                rig.run(rounds: 2)
                rig.tick(milliseconds: 3000)
            }
            rig.expectNothingInUse(free: 2, quarantined: 1)
            rig.suspendPort()
            rig.resumePort()
            rig.expectNothingInUse(free: 2, quarantined: 1)
        }
    }

    @Test func aVifThatGoesWhileNetbackIsBusyIsUndoneInOrder() throws {
        try withSoftware(queues: 0) { rig in
            rig.add(1)
            rig.connect(1)
            rig.want(false, 1)
            rig.host.busyCalls = 1
            rig.remove(1)
            #expect(rig.host.calls(of: 1).last == .hold)
            rig.tick()
            #expect(Array(rig.host.calls(of: 1).suffix(3)) == [.unsteer, .release, .nonce(0)])
            rig.expectNothingInUse(free: 1, quarantined: 1)
        }
    }

    @Test func framesOfASoftwareFormAreNoLeaks() throws {
        try withSoftware(queues: 0) { rig in
            rig.add(1)
            rig.connect(1)
            rig.receive(10_000, for: 1)
            rig.run()
            #expect(rig.state(1) == .connected)
            #expect(rig.backend.counters.leaked == 0)
        }
    }

    @Test func anOldNetbackSteersNothing() throws {
        let size = unsafe MemoryLayout<viaduct_backend_host>.offset(of: \.steer) ?? 0
        try withSoftware(queues: 0, host: FakeHost(size: size)) { rig in
            rig.add(1)
            rig.connect(1)
            #expect(rig.state(1)?.reason?.code == .noSteeringForm)
            #expect(!rig.host.calls(of: 1).contains(.steer))
        }
    }

    @Test func netbackMayRefuseToSteer() throws {
        let host = FakeHost()
        host.steerResult = -95
        try withSoftware(queues: 0, host: host) { rig in
            rig.add(1)
            rig.connect(1)
            #expect(rig.state(1)?.reason?.code == .ruleRefused)
            #expect(rig.state(1)?.reason?.text.contains("netback refuses") == true)
            rig.expectNothingInUse(free: 2)
        }
    }

    @Test func aLeakingRuleMakesRoomForSoftware() throws {
        try withSoftware { rig in
            rig.add(1)
            rig.connect(1)
            #expect(rig.backend.status(vif: 1)?.form == "A")
            rig.receive(1000, for: 1)
            rig.run()
            rig.connect(1)
            #expect(rig.state(1) == .connected)
            #expect(rig.backend.status(vif: 1)?.form == "F")
            #expect(rig.backend.ruleCount == 0)
            #expect(rig.backend.counters.leaked == 1000)
        }
    }

    @Test func theFormsAreTriedAfreshAfterAPortReset() throws {
        try withSoftware { rig in
            rig.programmer.creationsBeforeError = 0
            rig.add(1)
            rig.connect(1)
            rig.connect(1)
            #expect(rig.backend.status(vif: 1)?.form == "F")
            rig.programmer.creationsBeforeError = .max
            rig.suspendPort()
            rig.run()
            rig.resumePort()
            rig.connect(1)
            #expect(rig.backend.status(vif: 1)?.form == "A")
            #expect(rig.state(1) == .connected)
        }
    }

    @Test func formsCanBeForbidden() throws {
        func softwareOnly(_ configuration: inout AcceleratedBackendConfiguration) { configuration.forms = [.software] }
        try withSoftware(configure: softwareOnly) { rig in
            rig.add(1)
            rig.connect(1)
            #expect(rig.backend.status(vif: 1)?.form == "F")
            #expect(rig.programmer.asked.isEmpty)
        }
    }
}
