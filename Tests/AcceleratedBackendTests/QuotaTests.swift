// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Testing
import Wire

@testable import AcceleratedBackend

/// Quotas that change while vifs are accelerated. That they bound is tested with what they bound.
@Suite struct QuotaTests {
    private func change(_ rig: BackendRig, _ body: (inout AcceleratedBackendQuotas) -> Void) {
        var quotas = rig.backend.quotas
        body(&quotas)
        rig.backend.setQuotas(quotas)
        rig.run(rounds: 6)
    }

    private func connect(_ rig: BackendRig, _ vifs: UInt32...) {
        for vif in vifs {
            rig.add(vif)
            rig.connect(vif)
        }
    }

    @Test func fewerVIsTakeTheNewestGrantsBack() throws {
        let rig = try BackendRig(queues: 4)
        connect(rig, 2, 1, 3)
        change(rig) { $0.virtualInterfaces = 1 }
        #expect(rig.state(2) == .connected, "the oldest")
        for vif in [1, 3] as [UInt32] { #expect(rig.state(vif)?.reason == AccelerationReason(.quota, "1 VIs are granted")) }
        #expect(rig.backend.counts == VirtualInterfaceCounts(free: 3, granted: 1, quarantined: 0))
        #expect(rig.backend.ruleCount == 1)
        change(rig) { $0.virtualInterfaces = 2 }
        rig.connect(1)
        rig.connect(3)
        #expect([1, 3].count { rig.state($0) == .connected } == 1)
        for vif in [1, 2, 3] as [UInt32] { rig.want(false, vif) }
        rig.run()
        rig.expectNothingInUse(free: 4)
    }

    @Test func fewerRulesTakeTheNewestSetsBack() throws {
        let rig = try BackendRig(driver: "net_i40e", queues: 3)
        connect(rig, 1, 2)
        #expect(rig.backend.ruleCount == 6)
        change(rig) { $0.rules = 5 }
        rig.connect(2)
        #expect(rig.state(1) == .connected && rig.state(2)?.reason?.code == .quota)
        #expect(rig.backend.ruleCount == 3)
        change(rig) { $0.rules = 6 }
        rig.connect(2)
        #expect(rig.state(2) == .connected)
    }

    @Test func aVifThatMayNotHaveAFormsRulesGetsTheNextForm() throws {
        let rig = try BackendRig(driver: "net_i40e", queues: 2) { configuration in
            configuration.quotas.vifs = [MACAddress(rawValue: 0x0200_0000_0001): .rules(2)]
        }
        connect(rig, 1, 2)
        #expect(rig.state(2) == .connected && rig.backend.ruleCount == 3)
        let report = try #require(rig.backend.steering(vif: 1))
        #expect(report.refused.contains { $0.form == .ipv4RuleSet && $0.reason == "the vif may have 2 rules, and it needs 3" })
        change(rig) { $0.vifs = [:] }
        rig.connect(1)
        #expect(rig.state(1) == .connected && rig.backend.steering(vif: 1)?.form == .ipv4RuleSet)
        change(rig) { $0.vif.rules = 0 }
        #expect(rig.backend.ruleCount == 0, "it is taken back from those that have it")
        #expect(rig.backend.steering(vif: 2)?.form != .ipv4RuleSet)
    }

    @Test func anotherVifsQuotaDisturbsNobody() throws {
        let rig = try BackendRig(queues: 2)
        connect(rig, 1, 2)
        let created = rig.backend.counters.rulesCreated
        change(rig) { $0.vifs = [MACAddress(rawValue: 0x0200_0000_0002): .rules(0)] }
        #expect(rig.state(1) == .connected && rig.backend.counters.rulesCreated == created)
        #expect(rig.state(2) != .connected)
    }

    @Test func theStashOfTheNextOfferIsTheNewOne() throws {
        let rig = try BackendRig(queues: 1) { $0.quotas.vif.stash = 100 }
        connect(rig, 1)
        #expect(rig.stashes[1]?.last == 100)
        change(rig) { $0.vif.stash = 7 }
        #expect(rig.state(1) == .connected, "nobody has to start over for that")
        rig.want(false, 1)
        rig.run()
        rig.want(true, 1)
        rig.connect(1)
        #expect(rig.stashes[1]?.last == 7)
    }
}

extension VifQuotas {
    fileprivate static func rules(_ count: Int) -> VifQuotas {
        var quotas = VifQuotas()
        quotas.rules = count
        return quotas
    }
}
