// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import ArgumentParser
import Control
import SoftNIC
import Testing
import Wire

@testable import viaduct

struct CommandLineTests {
    private static func demo(_ words: String...) throws -> DemoSettings {
        try #require(try Viaduct.parseAsRoot(["demo"] + words) as? DemoCommand).settings
    }

    @Test func theDemoHasItsDefaults() throws {
        let settings = try Self.demo()
        #expect(settings == DemoSettings())
        #expect(settings.seconds == 6)
        #expect(settings.rate == .limited(200_000))
        #expect(settings.size == 128 && settings.flows == 16)
        #expect(settings.host == HostSettings())
    }

    @Test func everyOptionOfTheDemoIsTaken() throws {
        let settings = try Self.demo(
            "--json", "--seconds", "2.5", "--rate", "max", "--size", "1514", "--flows", "3", "--zipf", "1.1", "--nic", "none",
            "--plugin", "dummy",
            "--lcores", "single", "--seed", "9", "--verbose", "--vlan", "7", "--rules", "5", "--no-vmdq", "--switches", "8")
        #expect(
            settings
                == DemoSettings(
                    seconds: 2.5, rate: .max, size: 1514, flows: 3, zipf: 1.1, switches: 8,
                    host: HostSettings(
                        nic: .none, allowsPools: false, vlan: 7, rules: 5, plugin: .dummy, lcores: .single, seed: 9),
                    isJSON: true, isVerbose: true))
    }

    @Test func aGuestMayHaveAddressesOfBothVersions() throws {
        let words = ["netfront", "sink", "--wire", "net_null0", "--address", "10.0.0.1", "--address", "2001:db8::1"]
        let addresses = try #require(try Viaduct.parseAsRoot(words) as? SinkCommand).host.addresses
        #expect(addresses.map(\.description) == ["10.0.0.1", "2001:db8::1"])
    }

    @Test func aNetbackKnowsItsGuests() throws {
        let command = try #require(
            try Viaduct.parseAsRoot([
                "netback", "--wire", "net_null0", "--sockets", "/run", "--guest", "g0,02:00:00:00:00:01", "--guest",
                "g_1-b,02:00:00:00:00:02,10.0.0.2,2001:db8::2",
            ]) as? NetbackCommand)
        #expect(
            command.guests == [
                ExpectedGuest(name: "g0", mac: MACAddress(rawValue: 0x0200_0000_0001)),
                ExpectedGuest(
                    name: "g_1-b", mac: MACAddress(rawValue: 0x0200_0000_0002),
                    addresses: [
                        IPAddress(try #require(IPv4Address("10.0.0.2"))), IPAddress(try #require(IPv6Address("2001:db8::2"))),
                    ]),
            ])
    }

    /// One implementation behind the options and the file.
    @Test func aNetbacksOptionsAreAConfiguration() throws {
        let command = try #require(
            try Viaduct.parseAsRoot([
                "netback", "--wire", "net_tap0,iface=w", "--nic", "i40e", "--seed", "9", "--lcores", "single", "--no-vmdq",
                "--sockets", "/run", "--guest", "g0,02:00:00:00:00:01,10.0.0.1", "--answer-limit", "700", "--accelerate", "off",
            ]) as? NetbackCommand)
        let configuration = command.daemonConfiguration
        #expect(configuration.control == nil && configuration.plugin == .accelerated)
        #expect(configuration.uplink.device == .softNIC(.i40e, wire: "net_tap0,iface=w", seed: 9))
        #expect(!configuration.uplink.allowsPools && configuration.lcores == LcoreSettings(plan: .single))
        #expect(configuration.virtualInterfaces == 1 && configuration.switching.maximumVifs == 1)
        let vif = try #require(configuration.vifs.first)
        #expect(vif.kind == .attached && vif.isTrusted && !vif.accelerate && vif.socketPath == "/run/g0")
        #expect(vif.addresses.map(\.description) == ["10.0.0.1"] && vif.answerLimitMilliseconds == 700)
    }

    @Test(arguments: [
        ["--config", "f", "--wire", "net_null0"], ["--config", "f", "--guest", "g0,02:00:00:00:00:01"], ["--check"],
        ["--wire", "net_null0", "--guest", "g0,02:00:00:00:00:01"], ["--config", "f", "--json"],
    ])
    func aFileAndOptionsDoNotMix(words: [String]) {
        #expect(throws: (any Error).self) { try Viaduct.parseAsRoot(["netback"] + words) }
    }

    @Test func aVifsKeysAreTakenFromTheCommandLine() throws {
        let words = [
            "name=g0", "ingress.rate=1Gbit", "ingress.burst=64KiB", "addresses=[10.0.0.1, 10.0.0.2]", "vlan=", "mtu=9", "mtu=68",
        ]
        let tree = KeyValue.tree(try words.map { try #require(KeyValue(argument: $0)) })
        #expect(tree["name"] == .text("g0") && tree["mtu"] == .text("68"))
        #expect(tree["ingress"]?["rate"] == .text("1Gbit") && tree["ingress"]?["burst"] == .text("64KiB"))
        #expect(tree["addresses"]?.value == .list([.text("10.0.0.1"), .text("10.0.0.2")]))
        #expect(tree["vlan"]?.value == .nothing)
        for bad in ["vlan", "=3", "a.b.c=1", ".x=1", "x.=1"] { #expect(KeyValue(argument: bad) == nil, "\(bad)") }
    }

    @Test func aGuestThatIsAttachedNeedsNoHostOfItsOwn() throws {
        let command = try Viaduct.parseAsRoot(["netfront", "macswap", "--attach", "/run/g0", "--reattach"])
        let host = try #require(command as? SwapCommand).host
        #expect(host.attach == "/run/g0" && host.reattach)
    }

    @Test func aRunWithFaultsIsLongerAndHasTwoGuests() throws {
        let settings = try Self.demo("--faults", "all")
        #expect(settings.seconds == 60 && settings.vifs == 2 && settings.faults == DemoFault.everything)
        let few = try Self.demo("--faults", "reset,linkDown", "--seconds", "15", "--vifs", "3")
        #expect(few.seconds == 15 && few.vifs == 3 && few.faults == [.reset, .linkDown])
        let host = few.faultHostConfiguration
        #expect(host.guestCount == 3 && host.virtualInterfaces == 3 && host.accelerationWanted)
        #expect(Set((0..<3).map(host.mac(ofGuest:))).count == 3)
        #expect(try Self.demo().faults == nil && Self.demo().vifs == 1)
    }

    @Test func aRunBetweenKernelsIsLonger() throws {
        #expect(try Self.demo("--netns").seconds == 12)
        #expect(try Self.demo("--netns", "--seconds", "20").seconds == 20)
        #expect(try Self.demo("--netns").netnsSchedule.changes.count >= NetnsReport.leastSwitches)
    }

    @Test func aPluginMayBeAFileOfAFolder() throws {
        let settings = try Self.demo("--plugin", "sfc-2.1", "--plugin-folder", "/plugins")
        #expect(settings.host.plugin == .file("sfc-2.1") && settings.host.pluginFolder == "/plugins")
        #expect(settings.schedule == .none)
        let configuration = settings.hostConfiguration(wire: .ring)
        #expect(configuration.settings.plugin == .file("sfc-2.1") && configuration.settings.pluginFolder == "/plugins")
        #expect(configuration.accelerationWanted)
        // The built-in ones need no folder, and have one in vain.
        #expect(try Self.demo("--plugin", "dummy", "--plugin-folder", "/plugins").host.plugin == .dummy)
        let words = ["netfront", "sink", "--wire", "net_null0", "--plugin", "x", "--plugin-folder", "."]
        #expect(try #require(try Viaduct.parseAsRoot(words) as? SinkCommand).host.common.plugins.plugin == .file("x"))
    }

    @Test func aPluginThatAcceleratesNothingIsNotSwitched() throws {
        #expect(try Self.demo("--plugin", "dummy").schedule == .none)
        #expect(try Self.demo("--plugin", "none").schedule == .none)
        #expect(try Self.demo("--nic", "none").schedule == .demonstration(seconds: 6))
    }

    @Test(arguments: [
        ["demo", "--bogus"], ["bogus"], ["demo", "--seconds", "0"], ["demo", "--seconds", "x"], ["demo", "--rate", "0"],
        ["demo", "--rate", "-5"], ["demo", "--rate", "1000000001"], ["demo", "--rate", "fast"], ["demo", "--size", "65"],
        ["demo", "--size", "1515"], ["demo", "--flows", "0"], ["demo", "--flows", "32769"], ["demo", "--vlan", "0"],
        ["demo", "--zipf", "0"], ["demo", "--rules", "-1"], ["demo", "--zipf", "x"], ["demo", "--zipf", "1", "--pcap", "x"],
        ["netfront", "sink", "--wire", "net_null0", "--address", "10.0.0"],
        ["demo", "--vlan", "4095"], ["demo", "--netns", "--vlan", "5"],
        ["demo", "--faults", ""], ["demo", "--faults", "x"], ["demo", "--faults", "all", "--netns"], ["demo", "--vifs", "2"],
        ["demo", "--faults", "all", "--pcap", "x"], ["demo", "--faults", "all", "--switches", "3"],
        ["demo", "--faults", "all", "--plugin", "none"], ["demo", "--faults", "all", "--vifs", "0"],
        ["demo", "--faults", "all", "--vifs", "4"], ["demo", "--faults", "all", "--flows", "1"],
        ["demo", "--switches", "0"], ["demo", "--nic", "ixgbe"],
        ["demo", "--plugin", ""], ["demo", "--plugin", "x"], ["demo", "--plugin", "../x", "--plugin-folder", "."],
        ["demo", "--plugin", "/x.so", "--plugin-folder", "/"], ["demo", "--plugin", ".x", "--plugin-folder", "."],
        ["netfront", "sink", "--wire", "net_null0", "--plugin", "x"],
        ["demo", "--lcores", "two"], ["demo", "--netns", "--pcap", "x"], ["demo", "extra"],
        ["netfront", "echo", "--wire", "net_null0"], ["netfront", "echo", "--ip", "1.2.3"],
        ["netfront", "echo", "--ip", "1.2.3.4"],
        ["netfront", "sink", "--wire", ",x"], ["netfront", "sink", "--wire", "net_null0", "--mac", "01:00:00:00:00:01"],
        ["netfront", "sink", "--wire", "net_null0", "--mac", "zz"], ["netfront", "sink", "--wire", "net_null0", "--flows", "-1"],
        ["netfront", "sink", "--wire", "net_null0", "--seconds", "0"],
        ["netfront", "source", "--wire", "net_null0"],
        ["netfront", "source", "--wire", "net_null0", "--destination-mac", "02:00:00:00:00:01", "--size", "65"],
        ["netfront", "tap", "--wire", "net_null0", "--iface", "a/b"],
        ["netfront", "tap", "--wire", "net_null0", "--iface", "sixteen-letters-"],
        ["netfront", "tap", "--attach", "/run/g0"], ["netfront", "sink", "--attach", "/run/g0", "--wire", "net_null0"],
        ["netfront", "sink", "--attach", "/run/g0", "--uplink", "net_null0"],
        ["netfront", "sink", "--socket", "/run/g0", "--plugin", "dummy"],
        ["netfront", "sink", "--socket", "/run/g0", "--vlan", "7"],
        ["netfront", "sink", "--attach", "/run/g0", "--plugin-folder", "/usr/lib/viaduct"],
        ["netfront", "sink", "--attach", "/run/g0", "--rules", "4"],
        ["netfront", "sink", "--wire", "net_null0", "--reattach"],
        ["netback", "--sockets", "/run", "--guest", "g0,02:00:00:00:00:01"],
        ["netback", "--wire", "net_null0", "--sockets", "/run"],
        ["netback", "--wire", "net_null0", "--guest", "g0,02:00:00:00:00:01"],
        ["netback", "--wire", "net_null0", "--sockets", "/run", "--guest", "g0"],
        ["netback", "--wire", "net_null0", "--sockets", "/run", "--guest", "g0,01:00:00:00:00:01"],
        ["netback", "--wire", "net_null0", "--sockets", "/run", "--guest", "g0,02:00:00:00:00:01,10.0.0"],
        ["netback", "--wire", "net_null0", "--sockets", "/run", "--guest", "g0,02:00:00:00:00:01,"],
        ["netback", "--wire", "net_null0", "--sockets", "/run", "--guest", "thirteen-lett,02:00:00:00:00:01"],
        ["netback", "--wire", "net_null0", "--sockets", "/run", "--guest", "../g0,02:00:00:00:00:01"],
        [
            "netback", "--wire", "net_null0", "--sockets", "/run", "--guest", "g0,02:00:00:00:00:01", "--guest",
            "g0,02:00:00:00:00:02",
        ],
        [
            "netback", "--wire", "net_null0", "--sockets", "/run", "--guest", "g0,02:00:00:00:00:01", "--virtual-interfaces",
            "16",
        ],
        ["netback", "--wire", "net_null0", "--sockets", "/run", "--guest", "g0,02:00:00:00:00:01", "--answer-limit", "99"],
    ])
    func aCommandLineThatIsNotUnderstoodEndsWithTwo(words: [String]) {
        let error = #expect(throws: (any Error).self) { _ = try Viaduct.parseAsRoot(words) }
        if let error { #expect(CommandLineInterface.exitCode(for: error) == 2) }
    }

    @Test(arguments: [["--help"], ["demo", "--help"], ["netfront", "tap", "-h"], ["help", "demo"]])
    func helpIsNoFailure(words: [String]) throws {
        do {
            var command = try Viaduct.parseAsRoot(words)
            try command.run()
            Issue.record("help prints and ends")
        } catch {
            #expect(CommandLineInterface.exitCode(for: error) == 0)
        }
    }

    @Test func otherFailuresEndWithOneAndSignalsWithTheirNumber() {
        #expect(CommandLineInterface.exitCode(for: CommandFailure("x")) == 1)
        #expect(CommandLineInterface.exitCode(for: HostError("x")) == 1)
        #expect(CommandLineInterface.exitCode(for: Interrupted(signal: 2)) == 130)
        #expect(CommandLineInterface.exitCode(for: Interrupted(signal: 15)) == 143)
    }

    @Test func aFailureIsOneLine() {
        #expect(CommandFailure("a\nb\r\n\nc").description == "a b c")
    }

    @Test func theWireIsANameAndArguments() throws {
        func wire(_ text: String) throws -> (String, String) {
            let command = try Viaduct.parseAsRoot(["netfront", "sink", "--wire", text])
            return try #require(command as? SinkCommand).host.port.device
        }
        #expect(try wire("net_null0") == ("net_null0", ""))
        #expect(try wire("net_tap0,iface=v0,mac=fixed") == ("net_tap0", "iface=v0,mac=fixed"))
    }

    @Test func aSourceTakesAMixOfSizes() throws {
        let words = ["netfront", "source", "--wire", "net_null0", "--destination-mac", "02:00:00:00:00:01", "--size", "imix"]
        #expect(try #require(try Viaduct.parseAsRoot(words) as? SourceCommand).size == .imix)
    }
}

struct TapDeviceTests {
    @Test(arguments: ["a", "tap0", "v-0_1.x", "fifteen-letters"])
    func kernelNamesAreTaken(name: String) { #expect(TapDevice.isName(name)) }

    @Test(arguments: ["", ".", "..", "a b", "a/b", "a,b", "a=b", "a:b", "a%d", "sixteen-letters-", "tab\t", "é"])
    func otherNamesAreRefused(name: String) { #expect(!TapDevice.isName(name)) }

    @Test func theInterfaceOfAWireIsFound() {
        #expect(TapDevice.interface(ofDevice: "net_tap0", arguments: "mac=fixed,iface=v0") == "v0")
        #expect(TapDevice.interface(ofDevice: "net_tap0", arguments: "") == nil)
        #expect(TapDevice.interface(ofDevice: "net_pcap0", arguments: "iface=v0") == nil)
    }
}
