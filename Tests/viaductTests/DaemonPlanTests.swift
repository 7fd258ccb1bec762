// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control
import Doctor
import Foundation
import Testing

@testable import viaduct

/// A host with one NIC, of which nothing is known but its place and its ids.
private final class HostWithNIC: HostFiles {
    private let files: [String: String]
    private let address: String

    init(_ address: String, _ vendor: String, _ device: String) {
        self.address = address
        let folder = "/sys/bus/pci/devices/\(address)"
        files = ["\(folder)/vendor": vendor, "\(folder)/device": device, "\(folder)/class": "0x020000"]
    }

    func text(_ path: String) -> String? { files[path] }
    func names(in path: String) -> [String]? { path == "/sys/bus/pci/devices" ? [address] : nil }
    func target(_ path: String) -> String? { nil }
    func state(_ path: String) -> FileState? { nil }
}

/// What `--plan` says of each file in deploy/config, which come with their NICs' PCI ids.
@Suite struct DaemonPlanTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let file: String
        var vendor = "0x0"
        var device = "0x0"
        /// nil: only the port can say.
        var forms: String?
        var usesPools = false
        var virtualInterfaces = 0
        var fast: Set<String> = []
        var megabytes: ClosedRange<Int>
        var testDescription: String { file }
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("deploy/config")

    static let rows = [
        Row(file: "laptop.yaml", forms: "AE", virtualInterfaces: 1, fast: ["app0"], megabytes: 350...450),
        Row(
            file: "intel-82599.yaml", vendor: "0x8086", device: "0x10fb", forms: "BE", usesPools: true, virtualInterfaces: 2,
            fast: ["app0", "app1"], megabytes: 350...450),
        Row(
            file: "intel-x550.yaml", vendor: "0x8086", device: "0x1563", forms: "DE", virtualInterfaces: 2,
            fast: ["app0", "app1"], megabytes: 350...450),
        Row(
            file: "intel-x710.yaml", vendor: "0x8086", device: "0x1572", forms: "BC", usesPools: true, virtualInterfaces: 2,
            fast: ["app0", "app1"], megabytes: 1000...1300),
        Row(
            file: "solarflare-x2.yaml", vendor: "0x1924", device: "0x0b03", forms: "AE", virtualInterfaces: 2,
            fast: ["app0", "app1"], megabytes: 350...450),
        Row(
            file: "connectx-4-lx.yaml", vendor: "0x15b3", device: "0x1015", forms: "AE", virtualInterfaces: 2,
            fast: ["app0", "app1"], megabytes: 350...450),
        Row(
            file: "broadcom-574xx.yaml", vendor: "0x14e4", device: "0x16d8", forms: "ABE", virtualInterfaces: 2,
            fast: ["app0", "app1"], megabytes: 350...450),
        Row(
            file: "back-to-back.yaml", vendor: "0x8086", device: "0x10fb", forms: "BE", usesPools: true, virtualInterfaces: 1,
            fast: ["dut0"], megabytes: 250...350),
        Row(file: "libvirt.yaml", forms: "", megabytes: 300...450),
        Row(file: "container.yaml", forms: "", megabytes: 300...450),
    ]

    private static func plan(_ row: Row) throws -> DaemonPlan {
        let file = folder.appendingPathComponent(row.file).path
        let configuration = try DaemonConfiguration(file: file, processors: Doctor.maximumProcessors)
        return DaemonPlan(configuration, on: HostWithNIC("0000:03:00.0", row.vendor, row.device))
    }

    @Test(arguments: rows) func eachExampleIsPlanned(_ row: Row) throws {
        let plan = try Self.plan(row)
        #expect(plan.forms?.map(\.form).joined() == row.forms)
        #expect(plan.port.usesPools == row.usesPools)
        #expect(plan.virtualInterfaces == row.virtualInterfaces && plan.port.queuePairs == row.virtualInterfaces + 1)
        #expect(Set(plan.vifs.filter(\.isAccelerated).map(\.name)) == row.fast)
        #expect(plan.vifs.allSatisfy { $0.isAccelerated == ($0.reason == nil) })
        #expect(row.megabytes.contains(plan.memory.megabytes), "\(plan.memory)")
        // Netback's, the wire's, one for each VI and each attached guest.
        let attached = plan.vifs.filter { $0.kind == "attached" }.count
        #expect(plan.pools.count == 2 + row.virtualInterfaces + attached)
        let bytes = plan.pools.reduce(0) { $0 + $1.mbufs * $1.dataRoom }
        #expect(bytes >> 20 < plan.memory.megabytes, "its pools fit into its memory")
    }

    @Test func noExampleIsLeftOut() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(Set(files) == Set(Self.rows.map(\.file)) && files.count == Self.rows.count)
    }

    @Test(arguments: [
        ("kind: vm", "a guest of kind vm"), ("kind: remote", "trusted: true"),
        ("kind: attached, trusted: true, accelerate: false", "accelerate: false"),
        ("kind: attached, trusted: true, storm-limit: 5", "storm limit"),
    ])
    func aVifThatStaysSlowHasItsReason(keys: String, words: String) throws {
        let yaml = """
            version: 1
            uplinks: [{softnic: {wire: net_null0}, virtual-interfaces: 1}]
            vifs: [{name: a, mac: "02:00:00:00:00:01", socket: /a, \(keys)}]
            """
        let vif = try #require(DaemonPlan(try DaemonConfiguration(yaml: yaml, file: nil), on: HostWithNIC("", "", "")).vifs.first)
        #expect(vif.reason?.contains(words) == true && !vif.isAccelerated, "\(vif)")
    }

    @Test func nothingIsFastWhereTheUplinkOrThePluginIsNot() throws {
        func reason(_ uplink: String, _ rest: String = "") throws -> String? {
            let yaml = """
                version: 1
                uplinks: [{\(uplink)}]
                vifs: [{name: a, mac: "02:00:00:00:00:01", socket: /a, kind: attached, trusted: true}]
                \(rest)
                """
            return DaemonPlan(try DaemonConfiguration(yaml: yaml, file: nil), on: HostWithNIC("", "", "")).vifs[0].reason
        }
        #expect(try reason("softnic: {wire: net_null0}") == nil)
        #expect(try reason("device: net_null0") == "the port steers nothing")
        #expect(try reason("softnic: {wire: net_null0}, virtual-interfaces: 0") == "virtual-interfaces: 0")
        #expect(try reason("softnic: {wire: net_null0}", "plugin: none") == "plugin: none")
        // Nobody knows before it is asked.
        #expect(try reason("pci: \"0000:09:00.0\"") == nil)
    }

    @Test func optionsThatDoNotGoTogetherAreRefused() throws {
        for words in [
            ["--plan"], ["--config", "x", "--plan", "--check"], ["--config", "x", "--recorded", "y"],
            ["--config", "x", "--json"],
        ] {
            #expect(throws: (any Error).self, "\(words)") { try Viaduct.parseAsRoot(["netback"] + words) }
        }
        _ = try Viaduct.parseAsRoot(["netback", "--config", "x", "--plan", "--json", "--recorded", "y"])
    }

    /// The libvirt example has what the vif's socket needs of a machine.
    @Test func theDomainsInterfaceFitsItsVif() throws {
        let text = try String(contentsOf: Self.folder.appendingPathComponent("libvirt-interface.xml"), encoding: .utf8)
        let configuration = try DaemonConfiguration(
            file: Self.folder.appendingPathComponent("libvirt.yaml").path, processors: 1)
        let vif = try #require(configuration.vifs.first)
        for part in [
            "path=\"\(vif.socketPath)\" mode=\"client\"", "<mac address=\"\(vif.mac)\"/>", "queues=\"\(vif.queuePairs)\"",
            "<access mode=\"shared\"/>", "<reconnect enabled=\"yes\"",
        ] { #expect(text.contains(part), "\(part)") }
        #expect(vif.socketMode == .server)
    }
}
