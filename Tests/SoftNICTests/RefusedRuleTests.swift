// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

/// A rule that a personality refuses, and how.
struct Refusal: Sendable, CustomTestStringConvertible {
    let what: String
    let code: Int32
    let says: String
    let rule: FlowRule
    var testDescription: String { what }

    init(_ what: String, _ code: Int32, _ says: String, _ rule: FlowRule) {
        (self.what, self.code, self.says, self.rule) = (what, code, says, rule)
    }

    static func changed(_ change: (inout FlowRule) -> Void) -> FlowRule {
        var rule = FlowRule.steering(.guest(1), to: 1)
        change(&rule)
        return rule
    }

    /// Not stored: the leak checker does not see the queues of an RSS action behind an enumeration's tagged pointer.
    static var ofSFC: [Refusal] {
        let mac = MACAddress.guest(1).rawValue
        func pattern(_ items: FlowItem...) -> FlowRule { FlowRule(pattern: items, actions: [.queue(1)]) }
        func actions(_ actions: FlowAction...) -> FlowRule {
            FlowRule(pattern: [.ethernet(destination: mac)], actions: actions)
        }
        return [
            Refusal("group", 95, "group", changed { $0.group = 1 }),
            Refusal("priority", 95, "priorities", changed { $0.priority = 1 }),
            Refusal("egress", 95, "egress", changed { $0.isEgress = true }),
            Refusal("not ingress", 95, "ingress", changed { $0.isIngress = false }),
            Refusal("transfer", 95, "transfer", changed { $0.isTransfer = true }),
            Refusal("no pattern", 22, "ETH", pattern()),
            Refusal("ETH without fields", 22, "destination", pattern(.ethernet())),
            Refusal("source only", 22, "destination", pattern(.ethernet(source: mac))),
            Refusal("source too", 22, "source", pattern(.ethernet(destination: mac, source: 0x02_0000_0000_01))),
            Refusal("EtherType too", 22, "EtherType", pattern(.ethernet(destination: mac, etherType: 0x0800))),
            Refusal("broadcast", 95, "group", pattern(.ethernet(destination: 0xFFFF_FFFF_FFFF))),
            Refusal("multicast", 95, "group", pattern(.ethernet(destination: 0x0100_5E00_0001))),
            Refusal("address zero", 22, "zero", pattern(.ethernet(destination: 0))),
            Refusal("VLAN first", 22, "ETH", pattern(.vlan(identifier: 5), .ethernet(destination: mac))),
            Refusal("any VLAN", 22, "VLAN", pattern(.ethernet(destination: mac), .vlan(identifier: nil))),
            Refusal(
                "two VLANs", 22, "VLAN",
                pattern(.ethernet(destination: mac), .vlan(identifier: 5), .vlan(identifier: 6))),
            Refusal("IPv4 behind ETH", 22, "ETH", pattern(.ethernet(destination: mac), .ipv4(destination: 1))),
            Refusal("UDP only", 22, "ETH", pattern(.udp(destination: 53))),
            Refusal("no action", 22, "no action", actions()),
            Refusal("two queues", 22, "only one", actions(.queue(1), .queue(2))),
            Refusal("queue that is not there", 22, "queue 4", actions(.queue(4))),
            Refusal("count", 95, "count", actions(.queue(1), .count)),
            Refusal("drop and queue", 22, "only one", actions(.drop, .queue(1))),
            Refusal("IPv4 without a tuple", 95, "firmware", pattern(.ethernet(), .ipv4())),
            Refusal("IPv4 destination only", 95, "firmware", pattern(.ethernet(), .ipv4(destination: 1))),
            Refusal("no port", 95, "firmware", pattern(.ethernet(), .ipv4(destination: 1), .udp())),
            Refusal(
                "four of five", 95, "firmware",
                pattern(.ethernet(), .ipv4(source: 2, destination: 1), .udp(destination: 3))),
            Refusal("VLAN and IPv4", 22, "ETH", pattern(.ethernet(), .vlan(identifier: 1), .ipv4(destination: 1))),
            Refusal(
                "two protocols", 22, "protocol",
                pattern(.ethernet(), .ipv4(destination: 1, protocol: 6), .udp(destination: 3))),
            Refusal("RSS of nothing", 22, "RSS", actions(.rss([]))),
            Refusal("RSS out of range", 22, "RSS", actions(.rss([1, 9]))),
        ]
    }
}

@Suite struct RefusedRuleTests {
    @Test(arguments: Refusal.ofSFC)
    func sfcRefusesInItsOwnWords(refusal: Refusal) throws {
        try Rig.run { rig in
            let validation = #expect(throws: FlowError.self) { try Flow.validate(refusal.rule, on: rig.nic.port) }
            let creation = #expect(throws: FlowError.self) { _ = try Flow(creating: refusal.rule, on: rig.nic.port) }
            #expect(creation == validation)
            #expect(creation?.code == refusal.code)
            #expect(creation?.message.contains(refusal.says) == true, "\(creation?.message ?? "")")
            #expect(rig.nic.ruleCount == 0)
        }
    }

    @Test func aNICWithoutRulesSaysSo() throws {
        try Rig.run(configure: { $0.personality = .none }) { rig in
            let rule = FlowRule.steering(.guest(1), to: 1)
            let validation = #expect(throws: FlowError.self) { try Flow.validate(rule, on: rig.nic.port) }
            let creation = #expect(throws: FlowError.self) { _ = try Flow(creating: rule, on: rig.nic.port) }
            #expect(validation?.code == 38 && creation?.code == 38)
            #expect(creation?.message == "function not implemented")
        }
    }

    @Test func aDuplicateIsRefusedUntilTheFirstIsDestroyed() throws {
        try Rig.run { rig in
            let first = try rig.steer(.guest(1), to: 1)
            let error = #expect(throws: FlowError.self) { _ = try rig.steer(.guest(1), to: 2) }
            #expect(error?.code == 17)
            // Another VLAN is another filter.
            let tagged = try rig.steer(.guest(1), vlan: 9, to: 2)
            try first.destroy()
            let again = try rig.steer(.guest(1), to: 2)
            try again.destroy()
            try tagged.destroy()
            #expect(rig.nic.ruleCount == 0)
        }
    }

    @Test func aFullTableRefusesUntilARuleIsDestroyed() throws {
        try Rig.run(configure: { $0.flowTableSize = 2 }) { rig in
            let first = try rig.steer(.guest(1), to: 1)
            let second = try rig.steer(.guest(2), to: 1)
            let error = #expect(throws: FlowError.self) { _ = try rig.steer(.guest(3), to: 1) }
            #expect(error?.code == 28)
            try first.destroy()
            let third = try rig.steer(.guest(3), to: 1)
            rig.nic.poll(advancing: 1000)
            #expect(rig.nic.statistics.rulesInEffect == 2)
            try second.destroy()
            try third.destroy()
        }
    }

    @Test func aNICThatDoesNotRunRefusesRulesWhenItsCommandRingIsFull() throws {
        try Rig.run(configure: { $0.flowTableSize = 4096 }) { rig in
            var refused: FlowError?
            var created: UInt64 = 0
            while refused == nil && created < 4096 {
                do { _ = try rig.steer(.guest(created), to: 1) } catch let error as FlowError { refused = error }
                if refused == nil { created += 1 }
            }
            #expect(refused?.code == 11)
            #expect(rig.nic.ruleCount == Int(created))
            rig.advance(microseconds: 200)
            #expect(rig.nic.statistics.rulesInEffect == created)
        }
    }
}
