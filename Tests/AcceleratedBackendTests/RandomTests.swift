// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import TestSupport
import Testing
import Wire

@testable import AcceleratedBackend

/// Anything at any time, on several vifs: the account always balances, and at the end everything is back.
@Suite struct RandomTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func theAccountBalancesWhateverHappens(seed: UInt64) throws {
        let rig = try BackendRig(queues: 3, configure: configure)
        walk(rig, total: 3, seed: seed)
        rig.expectNothingInUse(free: 3)
    }

    /// VIs in software stay in quarantine over a restart of the port, which says nothing about who touches them.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func theAccountBalancesWithSoftwareVIsToo(seed: UInt64) throws {
        try EALFixture.exclusively {
            let soft = try SoftwareRig(count: 2)
            let rig = try BackendRig(queues: 1, software: soft.interfaces.virtualInterfaces, configure: configure)
            walk(rig, total: 3, seed: seed)
            let quarantined = rig.backend.counts.quarantined
            #expect(quarantined <= 2)
            rig.expectNothingInUse(free: 3 - quarantined, quarantined: quarantined)
        }
    }

    private func configure(_ configuration: inout AcceleratedBackendConfiguration) {
        configuration.limits.reoffer = 50_000_000
        configuration.quotas.rules = 2
    }

    private func walk(_ rig: BackendRig, total: Int, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var present: Set<UInt32> = []
        for _ in 0..<1500 {
            let vif = UInt32.random(in: 1...5, using: &random)
            step(rig, vif, &present, &random)
            check(rig, total)
        }
        // Everybody behaves again, and leaves.
        rig.silent = []
        rig.programmer.failingRemovals = 0
        rig.host.busyCalls = 0
        rig.host.isLinkFull = false
        rig.resumePort()
        for vif in present { rig.want(false, vif) }
        for _ in 0..<10 {
            rig.run()
            rig.tick(milliseconds: 3000)
        }
        for vif in present { rig.remove(vif) }
        rig.suspendPort()
        rig.resumePort()
        rig.tick()
        rig.deliverEvents()
    }

    private func step(
        _ rig: BackendRig, _ vif: UInt32, _ present: inout Set<UInt32>, _ random: inout SplitMix64
    ) {
        switch UInt8.random(in: 0..<40, using: &random) {
        case 0:
            // Two vifs share an address now and then.
            if rig.add(vif, mac: 0x0200_0000_0000 + UInt64(min(vif, 4))) { present.insert(vif) }
        case 1:
            rig.remove(vif)
            present.remove(vif)
        case 2...4: rig.want(true, vif)
        case 5: rig.want(false, vif)
        case 6: rig.happen(.guestGone, vif)
        case 7...8: rig.happen(.guestConnected, vif)
        case 9: rig.suspendPort()
        case 10...11: rig.resumePort()
        case 12: rig.silent.formSymmetricDifference([vif])
        case 13: rig.host.busyCalls = Int.random(in: 0..<6, using: &random)
        case 14: rig.host.isLinkFull.toggle()
        case 15: rig.programmer.failingRemovals = Int.random(in: 0..<3, using: &random)
        case 16: rig.programmer.creationsBeforeError = Int.random(in: 0..<3, using: &random)
        case 17: rig.programmer.creationsBeforeError = .max
        case 18: rig.say((0..<8).map { _ in UInt8.random(in: 0...255, using: &random) }, vif)
        case 19: rig.say(.closed(id: UInt32.random(in: 1...40, using: &random)), vif)
        case 20: rig.tick(milliseconds: UInt64.random(in: 1...3000, using: &random))
        case 21...26: rig.receive(Int.random(in: 1...40, using: &random), for: vif)
        case 27...30: rig.deliverEvents()
        case 31...33: rig.answer()
        default: rig.run(rounds: 2)
        }
    }

    private func check(_ rig: BackendRig, _ total: Int) {
        let counts = rig.backend.counts
        #expect(counts.free + counts.granted + counts.quarantined == total)
        let holders = rig.backend.withEngine { engine in engine.vifs.values.compactMap { $0.attempt?.interface } }
        #expect(holders.count == counts.granted && Set(holders).count == holders.count, "each granted VI has one vif")
        #expect(rig.backend.ruleCount <= 2, "the quota")
        #expect(rig.backend.ruleCount <= counts.granted, "a rule never outlives its VI")
        // Two rules for one address, or two for one queue, would split or mix guests' frames.
        // A rule that only asked, and could not be removed yet, names an address that nobody sends to.
        let asked = FlowItem.ethernet(destination: FenceFrame.address.rawValue)
        let rules = rig.programmer.live.values.filter { $0.pattern != [asked] }
        #expect(Set(rules.map { "\($0.pattern)" }).count == rules.count)
        #expect(Set(rules.map { "\($0.actions)" }).count == rules.count)
        #expect(!rules.contains { $0.actions == [.queue(0)] })
        unsafe #expect(Set(rig.host.steered.values).count == rig.host.steered.count, "two guests share a VI")
    }
}
