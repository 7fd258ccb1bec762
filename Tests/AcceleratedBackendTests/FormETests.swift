// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Testing
import Wire

@testable import AcceleratedBackend

/// Form E in the engine: a VI first, then flows that come and go.
@Suite struct FormETests {
    private static let address: UInt32 = 0xC0A8_0001
    private static let mac: UInt64 = 0x0200_0000_0001

    /// A port of an 82599 without pools, with a vif that has an address of its own; sets up what a test wants else.
    private func rig(
        driver: String = "net_ixgbe", _ configure: (inout AcceleratedBackendConfiguration) -> Void = { _ in }
    ) throws -> BackendRig {
        try BackendRig(driver: driver) { configuration in
            configuration.forms = [.perFlow]
            configuration.flows.addresses = [
                MACAddress(rawValue: Self.mac): [IPAddress(IPv4Address(rawValue: Self.address))]
            ]
            configure(&configuration)
        }
    }

    /// The steered flows' ports, by the rules in the port.
    private func ports(_ rig: BackendRig) -> [UInt16] {
        rig.programmer.live.values.compactMap { rule in
            guard case .udp(_, let port) = rule.pattern.last else { return nil }
            return port
        }.sorted()
    }

    /// A tenth of a second with so many frames of each flow, of those that no rule takes away.
    private func pass(_ rig: BackendRig, _ frames: [UInt16: Int], mac: UInt64 = mac, address: UInt32 = address) {
        let steered = Set(ports(rig))
        for (port, count) in frames.sorted(by: { $0.key < $1.key }) where !steered.contains(port) {
            for _ in 0..<count { rig.look(FlowFrames.udp4(mac: mac, to: address, port: port)) }
        }
        rig.tick(milliseconds: 100)
        rig.run(rounds: 4)
    }

    private func grow(_ rig: BackendRig, _ frames: [UInt16: Int], rounds: Int = 6) {
        for _ in 0..<rounds { pass(rig, frames) }
    }

    @Test func flowsOfAGrantedVifAreSteeredOneByOne() throws {
        let rig = try rig()
        rig.add(1)
        rig.run()
        #expect(rig.state(1) == .granted && rig.programmer.live.isEmpty)
        grow(rig, [7: 100, 8: 100])
        #expect(ports(rig) == [7, 8])
        #expect(rig.backend.ruleCount == 2)
        for rule in rig.programmer.live.values {
            // No MAC, which this driver refuses, and the protocol, without which it takes both.
            #expect(rule.pattern.first == .ethernet())
            #expect(rule.pattern[1] == .ipv4(destination: Self.address, protocol: 17))
            #expect(rule.actions == [.queue(1)])
        }
        #expect(rig.state(1) == .connected)
        #expect(rig.backend.status(vif: 1)?.form == "E")
        // Netback's hold of the whole vif is never used.
        #expect(!rig.host.calls(of: 1).contains(.hold))
        rig.want(false, 1)
        rig.run(rounds: 20)
        #expect(rig.state(1) == AccelerationState.none)
        #expect(rig.host.calls(of: 1).contains(.holdFlows) && rig.host.heldFlows.isEmpty)
        rig.expectNothingInUse(free: 2)
    }

    @Test func nobodyIsToldOfFlowsBeforeTheVIsOwnFence() throws {
        let rig = try rig()
        rig.silent = []
        rig.add(1)
        rig.run()
        rig.keepsFences = true
        for _ in 0..<200 { rig.look(FlowFrames.udp4(mac: Self.mac, to: Self.address, port: 7)) }
        rig.receive(for: 1)
        for _ in 0..<10 {
            rig.tick(milliseconds: 100)
            rig.answer()
        }
        #expect(rig.state(1) == .proving && rig.programmer.live.isEmpty)
    }

    /// A frame for A's MAC with B's address gives nobody a rule for B's traffic.
    @Test func addressesOfOthersAreNoKeys() throws {
        let rig = try rig { configuration in
            configuration.flows.addresses[MACAddress(rawValue: 0x0200_0000_0002)] = [
                IPAddress(IPv4Address(rawValue: 0xC0A8_0002))
            ]
        }
        rig.add(1)
        rig.add(2)
        rig.run()
        grow(rig, [7: 100])
        #expect(ports(rig) == [7])
        for _ in 0..<6 { pass(rig, [9: 1000], address: 0xC0A8_0002) }
        #expect(ports(rig) == [7])
        // Nor does a frame for a MAC that is nobody's.
        for _ in 0..<6 { pass(rig, [10: 1000], mac: 0x0200_0000_00AA) }
        #expect(ports(rig) == [7])
    }

    @Test func withoutAddressesAnNICThatCantMatchTheMACRefuses() throws {
        let none = try rig { $0.flows.addresses = [:] }
        none.add(1)
        none.run()
        guard case .refused(let reason) = none.state(1) else {
            Issue.record("\(String(describing: none.state(1)))")
            return
        }
        #expect(reason.code == .noSteeringForm && reason.text.contains("no vif has addresses"))
        let shared = try rig { configuration in
            configuration.flows.addresses[MACAddress(rawValue: 2)] = [IPAddress(IPv4Address(rawValue: Self.address))]
        }
        shared.add(1)
        shared.run()
        guard case .refused(let other) = shared.state(1) else {
            Issue.record("\(String(describing: shared.state(1)))")
            return
        }
        #expect(other.text.contains("another vif has the address 192.168.0.1"))
    }

    @Test func whereTheMACCanBeMatchedItIsAlwaysPartOfTheRule() throws {
        let rig = try rig(driver: "mlx5_pci") { $0.flows.addresses = [:] }
        rig.add(1)
        rig.run()
        grow(rig, [7: 100])
        #expect(rig.programmer.live.values.map(\.pattern.first) == [.ethernet(destination: Self.mac)])
        // Without it, it is tried only when the port has refused it.
        let asked = rig.programmer.asked
        #expect(asked.allSatisfy { $0.pattern.first != .ethernet() })
    }

    @Test func aFrontendOfTheFirstVersionGetsTheNextForm() throws {
        let rig = try rig()
        rig.frontendVersion = 1
        rig.add(1)
        rig.run()
        guard case .refused(let reason) = rig.state(1) else {
            Issue.record("\(String(describing: rig.state(1)))")
            return
        }
        #expect(reason.text.contains("version 1"))
    }

    @Test func aFlowThatLeaksLosesItsRule() throws {
        let rig = try rig()
        rig.add(1)
        rig.run()
        grow(rig, [7: 100, 8: 100])
        #expect(ports(rig) == [7, 8])
        // Frames of a steered flow by the default queue, many more than were on their way.
        for _ in 0..<100 { rig.look(FlowFrames.udp4(mac: Self.mac, to: Self.address, port: 7)) }
        for _ in 0..<5 { pass(rig, [:]) }
        #expect(ports(rig) == [8])
        #expect(rig.backend.counters.leaked >= 100)
        #expect(rig.backend.flows(vif: 1)?.counters.condemned == 1)
    }

    @Test func rulesStayWithinTheirQuota() throws {
        let rig = try rig { $0.quotas.rules = 3 }
        rig.add(1)
        rig.run()
        grow(rig, Dictionary(uniqueKeysWithValues: (1...20).map { (UInt16($0), 50) }), rounds: 10)
        #expect(ports(rig).count == 3)
    }

    @Test func aFullTableStopsTheAdditionsAndNothingElse() throws {
        let rig = try rig()
        rig.programmer.creationError = FlowError(code: 38, message: "Failed to create flow.")
        rig.add(1)
        rig.run()
        rig.programmer.creationsBeforeError = 4
        grow(rig, Dictionary(uniqueKeysWithValues: (1...20).map { (UInt16($0), 50) }), rounds: 10)
        #expect(ports(rig).count == 4)
        #expect(rig.state(1) == .connected)
        // It is not asked again and again.
        #expect(rig.programmer.asked.count < 40)
    }

    @Test func aPortThatTakesNoFlowAtAllGivesWayToTheNextForm() throws {
        let rig = try rig()
        rig.add(1)
        rig.run()
        rig.programmer.creationsBeforeError = 0
        grow(rig, Dictionary(uniqueKeysWithValues: (1...20).map { (UInt16($0), 50) }), rounds: 10)
        rig.run(rounds: 20)
        guard case .refused(let reason) = rig.state(1) else {
            Issue.record("\(String(describing: rig.state(1)))")
            return
        }
        #expect(reason.text.contains("not by this NIC"))
        rig.expectNothingInUse(free: 2)
    }

    @Test func hitsDecideWhichRuleIsWorthKeeping() throws {
        let rig = try rig { $0.flows.policy.rules = 2 }
        rig.add(1)
        rig.run()
        grow(rig, [7: 100, 8: 100])
        #expect(ports(rig) == [7, 8])
        let ids = rig.flowIDs[1] ?? [:]
        for _ in 0..<30 {
            rig.say(.flowHits(id: 1, [FlowHits(flow: ids[7] ?? 1, frames: 100), FlowHits(flow: ids[8] ?? 1, frames: 0)]), 1)
            pass(rig, [9: 60])
        }
        #expect(ports(rig) == [7, 9])
    }

    @Test(arguments: 0..<6)
    func whateverEndsItNothingIsLeft(how: Int) throws {
        let rig = try rig()
        rig.add(1)
        rig.run()
        grow(rig, Dictionary(uniqueKeysWithValues: (1...20).map { (UInt16($0), 50) }), rounds: 4)
        #expect(ports(rig).count > 8)
        switch how {
        case 0:
            rig.suspendPort()
            rig.run()
        case 1: rig.happen(.guestGone, 1)
        case 2: rig.say(.flowsDrained(id: 1, sequence: .max), 1)
        case 3: rig.say(.closed(id: 1), 1)
        case 4:
            // In the middle of a batch, with a hold asked for.
            rig.silent = [1]
            rig.want(false, 1)
            rig.run(rounds: 3)
            #expect(rig.host.heldFlows[1] != nil)
            rig.say(.closed(id: 1), 1)
        default:
            rig.silent = [1]
            rig.want(false, 1)
            rig.run(rounds: 3)
            // Time runs out; nor does it answer the revocation.
            for _ in 0..<40 { rig.tick(milliseconds: 1000) }
        }
        rig.run(rounds: 30)
        #expect(rig.programmer.live.isEmpty && rig.backend.ruleCount == 0)
        #expect(rig.host.heldFlows.isEmpty && rig.host.held.isEmpty)
        let isOpen = how == 5
        #expect(rig.backend.counts.granted == 0 && rig.backend.counts.quarantined == (isOpen || how == 2 ? 1 : 0), "\(how)")
    }

    @Test func removingTheVifInTheMiddleOfABatchLeavesNothing() throws {
        let rig = try rig()
        rig.add(1)
        rig.run()
        grow(rig, [7: 100, 8: 100])
        rig.silent = [1]
        rig.want(false, 1)
        rig.tick()
        rig.remove(1)
        rig.run()
        #expect(rig.programmer.live.isEmpty && rig.host.heldFlows.isEmpty)
    }

    @Test func aRuleThatStaysInThePortKeepsTheVIOutOfUse() throws {
        let rig = try rig()
        rig.add(1)
        rig.run()
        grow(rig, [7: 100])
        rig.programmer.failingRemovals = .max
        rig.want(false, 1)
        rig.run(rounds: 5)
        for _ in 0..<4 { rig.tick(milliseconds: 500) }
        rig.run(rounds: 10)
        #expect(rig.backend.counters.rulesStuck == 1)
        #expect(rig.backend.counts.quarantined == 1)
        #expect(rig.host.heldFlows.isEmpty)
    }
}
