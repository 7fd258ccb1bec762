// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Control
import Foundation
import Logging
import Netback
import SoftNIC
import Testing
import Wire

/// What a file comes to.
@Suite struct ConfigurationTests {
    static let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../deploy/viaduct.yaml").standardized

    @Test func theExampleHasNoProblem() throws {
        let configuration = try DaemonConfiguration(file: Self.example.path)
        #expect(configuration.vifs.map(\.name) == ["vm0"])
    }

    /// Also when all that is commented out is let in: what stands there is true.
    @Test func theExampleNamesEveryKey() throws {
        let lines = try String(contentsOf: Self.example, encoding: .utf8).split(separator: "\n")
        for path in DaemonConfiguration.keys {
            let key = try #require(path.split(separator: ".").last)
            let isThere = lines.contains { line in
                let rest = line.drop { $0 == " " || $0 == "#" || $0 == "-" }
                return rest.hasPrefix("\(key):")
            }
            #expect(isThere, "\(path)")
        }
    }

    @Test func everythingThatIsSaidIsTaken() throws {
        let yaml = """
            version: 1
            control: {socket: /c, mode: 0660, group: 0}
            lcores: {plan: split, cpus: ["0", "1,2"], idle: [busy-poll, sleep]}
            memory: {pages: hugepages, megabytes: 400}
            uplinks: [{pci: "0000:03:00.0", mtu: 9000, virtual-interfaces: 3, vmdq: false}]
            switch: {fdb-capacity: 10, fdb-age: 20, hold: 30, maximum-vifs: 40}
            plugin: mine
            plugin-folder: /lib
            log-level: debug
            vifs:
              - {name: a, mac: "02:00:00:00:00:01", kind: vm, socket: /a, socket-mode: client, vlan: 5, queue-pairs: 4, mtu: 9000,
                 addresses: [10.0.0.1, "2001:db8::1"], spoof-guard: false, address-guard: true, ingress: {rate: 1Gbit},
                 egress: {rate: 1000000, burst: 20kB}, storm-limit: 7, learned-addresses: 0}
              - {name: b, mac: "02:00:00:00:00:02", kind: vm, socket: /b, socket-permissions: "0666", socket-owner: 0, socket-group: 0}
            """
        let configuration = try DaemonConfiguration(yaml: yaml, file: nil, processors: 3)
        #expect(configuration.control?.path == "/c")
        #expect(configuration.control?.access == SocketAccess(mode: 0o660, group: "0"))
        #expect(configuration.lcores.cpus == [[0], [1, 2]] && configuration.lcores.idleChoices == [.busyPoll, .sleep])
        #expect(configuration.memory.pages == .hugepages && configuration.memory.megabytes == 400)
        #expect(configuration.uplink.device == .pci("0000:03:00.0"))
        #expect(configuration.uplink.mtu == 9000 && !configuration.uplink.allowsPools && configuration.virtualInterfaces == 3)
        #expect(configuration.switching.fdbCapacity == 10 && configuration.switching.fdbAgeSeconds == 20)
        #expect(configuration.switching.hold == 30 && configuration.switching.maximumVifs == 40)
        #expect(configuration.plugin == .file(name: "mine", folder: "/lib"))
        #expect(configuration.logLevel == .debug)
        let vif = configuration.vifs[0].vifConfiguration(attachment: nil)
        #expect(vif.name == "a" && vif.connectsToGuest && vif.vlan == 5 && vif.queuePairs == 4 && vif.mtu == 9000)
        #expect(!vif.acceleration)
        let addresses = try ["10.0.0.1", "2001:db8::1"].map { try #require(IPAddress($0)) }
        #expect(
            vif.policy
                == VifPolicy(
                    guardsSource: false, addresses: addresses,
                    ingress: RateLimit(bytesPerSecond: 125_000_000, burstBytes: 1_250_000),
                    egress: RateLimit(bytesPerSecond: 1_000_000, burstBytes: 20_000), stormLimit: 7, maximumLearnedAddresses: 0))
        #expect(configuration.vifs[1].access == SocketAccess(mode: 0o666, owner: "0", group: "0"))
    }

    @Test func anAttachedVifHasItsDefaults() throws {
        let yaml = """
            version: 1
            uplinks: [{softnic: {wire: "net_tap0,iface=w"}}]
            vifs: [{name: a, mac: "02:00:00:00:00:01", kind: attached, socket: /a, trusted: true, quotas: {rules: 3}}]
            """
        let configuration = try DaemonConfiguration(yaml: yaml, file: nil)
        #expect(configuration.uplink.device == .softNIC(.sfc, wire: "net_tap0,iface=w", seed: 1))
        #expect(configuration.virtualInterfaces == 1 && configuration.uplink.mtu == 1500)
        let vif = configuration.vifs[0]
        #expect(vif.accelerate && vif.spoofGuard && !vif.addressGuard && vif.policy.addresses == nil)
        #expect(vif.quotas.rules == 3 && vif.quotas.stash == VifQuotas().stash)
    }

    @Test func aRemoteVifIsAcceleratedWhereItIsTrusted() throws {
        let yaml = """
            version: 1
            uplinks: [{softnic: {wire: net_null0}}]
            vifs:
              - {name: a, mac: "02:00:00:00:00:01", kind: remote, socket: /a, trusted: true}
              - {name: b, mac: "02:00:00:00:00:02", kind: remote, socket: /b}
              - {name: c, mac: "02:00:00:00:00:03", kind: remote, socket: /c, trusted: true, accelerate: false}
              - {name: d, mac: "02:00:00:00:00:04", kind: vm, socket: /d, trusted: true}
            """
        let configuration = try DaemonConfiguration(yaml: yaml, file: nil)
        #expect(configuration.vifs.map(\.accelerate) == [true, false, false, false])
        #expect(configuration.vifs.map(\.hasLink) == [true, false, true, false])
        #expect(configuration.virtualInterfaces == 2, "acceleration may be switched on")
        #expect(configuration.vifs[0].linkPath == "/a.link" && configuration.vifs[0].memifPath == "/a.vi")
        for vif in configuration.vifs { #expect(try VifSettings(vif.tree) == vif) }
    }

    /// Settings that are told are settings that can be given again.
    @Test func aVifsKeysMakeTheSameVif() throws {
        var vif = VifSettings(name: "a", mac: MACAddress(rawValue: 0x0200_0000_0001), kind: .vm, socketPath: "/a")
        #expect(try VifSettings(vif.tree) == vif)
        vif.access = SocketAccess(mode: 0o660, owner: "0", group: "0")
        vif.vlan = 3
        vif.queuePairs = 2
        vif.mtu = 1400
        vif.addresses = [try #require(IPAddress("10.0.0.1"))]
        vif.spoofGuard = false
        vif.addressGuard = true
        vif.ingress = RateLimit(bytesPerSecond: 12345, burstBytes: 99999)
        vif.egress = RateLimit(bytesPerSecond: 54321, burstBytes: 88888)
        vif.stormLimit = 9
        vif.learnedAddresses = 0
        #expect(try VifSettings(vif.tree) == vif)
        let sent = try JSONDecoder().decode(ConfigurationTree.self, from: try JSONEncoder().encode(vif.tree))
        #expect(try VifSettings(sent) == vif)
        var guest = VifSettings(name: "b", mac: MACAddress(rawValue: 0x0200_0000_0002), kind: .attached, socketPath: "/b")
        guest.isTrusted = true
        guest.accelerate = false
        guest.quotas.rules = 4
        guest.quotas.stash = 5
        guest.answerLimitMilliseconds = 600
        #expect(try VifSettings(guest.tree) == guest)
        var client = VifSettings(name: "c", mac: MACAddress(rawValue: 0x0200_0000_0003), kind: .vm, socketPath: "/c")
        client.socketMode = .client
        #expect(try VifSettings(client.tree) == client)
    }

    @Test(arguments: [
        ("1Gbit", UInt64(125_000_000)), ("250Mbit", 31_250_000), ("64kbit", 8000), ("1.5Mbit", 187_500), ("8bit", 1),
        ("1500", 1500),
    ])
    func ratesAreBytesASecond(text: String, bytes: UInt64) throws {
        #expect(try Self.limit("rate: \(text)")?.bytesPerSecond == bytes)
    }

    @Test(arguments: [
        "0", "-1", "1e9", "1gbit", "Gbit", "1.Gbit", ".5Gbit", "1Gbit/s", "0x10", "1_000", "99999999Gbit", "0bit", "1.5",
    ])
    func otherRatesAreRefused(text: String) {
        #expect(throws: ConfigurationError.self) { try Self.limit("rate: \"\(text)\"") }
    }

    @Test(arguments: [("64KiB", UInt64(65536)), ("2MiB", 2_097_152), ("2MB", 2_000_000), ("64kB", 64000), ("1518", 1518)])
    func burstsAreBytes(text: String, bytes: UInt64) throws {
        #expect(try Self.limit("rate: 1Gbit, burst: \(text)")?.burstBytes == bytes)
    }

    private static func limit(_ keys: String) throws -> RateLimit? {
        let vif = "{name: a, mac: \"02:00:00:00:00:01\", kind: vm, socket: /a, ingress: {\(keys)}}"
        return try VifSettings(try ConfigurationTree(yaml: vif, file: nil)).ingress
    }
}
