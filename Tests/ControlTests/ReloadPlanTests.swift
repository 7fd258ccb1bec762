// SPDX-License-Identifier: BSD-3-Clause
import Control
import Netback
import Testing
import Wire

/// What a changed file does to a running daemon.
@Suite struct ReloadPlanTests {
    private static let base = """
        version: 1
        uplinks: [{device: net_null0, mtu: 9000}]
        vifs:
          - {name: a, mac: "02:00:00:00:00:01", kind: vm, socket: /a}
          - {name: b, mac: "02:00:00:00:00:02", kind: attached, socket: /b, trusted: true, addresses: [10.0.0.2]}
        """

    private static func plan(_ replace: String, _ by: String) throws -> ReloadPlan {
        let old = try DaemonConfiguration(yaml: base, file: nil, processors: 2)
        let text = base.replacing(replace, with: by)
        #expect(text != base)
        return ReloadPlan(from: old, to: try DaemonConfiguration(yaml: text, file: nil, processors: 2))
    }

    @Test func theSameFileChangesNothing() throws {
        let configuration = try DaemonConfiguration(yaml: Self.base, file: nil)
        #expect(ReloadPlan(from: configuration, to: configuration).isEmpty)
        // Nor do lines and comments.
        #expect(try Self.plan("vifs:", "# more\n\nvifs:").isEmpty)
    }

    @Test func vifsComeAndGo() throws {
        let plan = try Self.plan("{name: a, mac: \"02:00:00:00:00:01\"", "{name: c, mac: \"02:00:00:00:00:03\"")
        #expect(plan.removed == ["a"] && plan.added.map(\.name) == ["c"] && plan.changed.isEmpty && plan.refused.isEmpty)
    }

    @Test(arguments: [
        ("socket: /a}", "socket: /a2}", ["socket"]), ("socket: /a}", "socket: /a, vlan: 3}", ["vlan"]),
        ("02:00:00:00:00:01", "02:00:00:00:00:11", ["mac"]), ("socket: /a}", "socket: /a, queue-pairs: 2}", ["queue-pairs"]),
        ("socket: /a}", "socket: /a, mtu: 9000, socket-mode: client}", ["socket-mode", "mtu"]),
        ("socket: /a}", "socket: /a, socket-permissions: \"0666\"}", ["socket-permissions"]),
    ])
    func whatMakesAVifAnew(old: String, new: String, keys: [String]) throws {
        let plan = try Self.plan(old, new)
        #expect(plan.changed.map(\.settings.name) == ["a"] && plan.changed.first?.remadeFor == keys)
        #expect(plan.removed.isEmpty && plan.added.isEmpty && plan.refused.isEmpty)
    }

    @Test func whatChangesInPlace() throws {
        let policy = try #require(try Self.plan("socket: /a}", "socket: /a, storm-limit: 5}").changed.first)
        #expect(policy.remadeFor.isEmpty && policy.changesPolicy && !policy.changesAcceleration && !policy.changesQuotas)
        let wish = try #require(try Self.plan("trusted: true", "trusted: true, accelerate: false").changed.first)
        #expect(wish.remadeFor.isEmpty && wish.changesAcceleration && !wish.changesPolicy && !wish.changesQuotas)
        let quota = try #require(try Self.plan("trusted: true", "trusted: true, quotas: {rules: 1}").changed.first)
        #expect(quota.remadeFor.isEmpty && quota.changesQuotas && !quota.changesPolicy)
    }

    @Test(arguments: [
        ("net_null0", "net_null1", "uplinks"), ("vifs:", "control: {mode: \"0666\"}\nvifs:", "control"),
        ("vifs:", "lcores: {plan: single}\nvifs:", "lcores"), ("vifs:", "lcores: {idle: sleep}\nvifs:", "lcores"),
        ("vifs:", "memory: {megabytes: 99}\nvifs:", "memory"),
        ("vifs:", "switch: {hold: 99}\nvifs:", "switch"), ("vifs:", "plugin: none\nvifs:", "plugin"),
        ("vifs:", "telemetry: false\nvifs:", "telemetry"), ("vifs:", "metrics: {}\nvifs:", "metrics"),
        ("02:00:00:00:00:02", "02:00:00:00:00:12", "vif b: mac"), ("10.0.0.2", "10.0.0.3", "vif b: addresses"),
        ("kind: vm, socket: /a}", "kind: attached, socket: /a, trusted: true}", "vif a: kind"), ("name: b", "name: d", "vif d"),
    ])
    func whatNeedsARestartIsNamed(old: String, new: String, words: String) throws {
        let plan = try Self.plan(old, new)
        #expect(plan.refused.count == 1 && plan.refused[0].hasPrefix(words), "\(plan.refused)")
        #expect(plan.refused[0].contains("restart"))
        #expect(plan.changed.isEmpty && plan.added.isEmpty)
    }
}
