// SPDX-License-Identifier: BSD-3-Clause
import Control
import Testing

/// What operators get wrong in a file: one row each, with the line that they are told.
@Suite struct ConfigurationProblemTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let yaml: String
        /// `line: path: ` and how the words begin.
        let problems: [String]
        var testDescription: String { name }

        /// - Parameter vif: keys of a vif in flow style, beside those that make it whole.
        init(_ name: String, vif: String, kind: String = "vm", _ problems: String...) {
            self.init(name, rest: "vifs: [{name: g0, mac: 02:00:00:00:00:01, kind: \(kind), socket: /g0, \(vif)}]", problems)
        }

        init(_ name: String, rest: String, _ problems: String...) { self.init(name, rest: rest, problems) }

        init(_ name: String, rest: String, _ problems: [String]) {
            self.name = name
            yaml = "version: 1\nuplinks: [{device: net_null0}]\n\(rest)\n"
            self.problems = problems
        }

        init(_ name: String, whole yaml: String, _ problems: String...) {
            self.name = name
            self.yaml = yaml
            self.problems = problems
        }
    }

    static let rows: [Row] = [
        Row("an empty file", whole: "", "1: version: is missing", "1: uplinks: is missing"),
        Row("no keys", whole: "hello", "1: must be keys with values", "1: version: is missing", "1: uplinks: is missing"),
        Row("no YAML", whole: "version: 1\n  x: [", "2: this is no YAML"),
        Row("a key twice", whole: "version: 1\nversion: 1\n", "1: version: given twice"),
        Row("another version", whole: "version: 3\nuplinks: [{device: net_null0}]", "1: version: this program reads version 1"),
        Row("a wrong word", rest: "log-levle: debug", "3: log-levle: there is no such key: did you mean log-level?"),
        Row("a key that is like none", rest: "frobnicate: 1", "3: frobnicate: there is no such key: known here are version,"),
        Row(
            "a nested wrong word", rest: "switch:\n  hold: 1\n  fdb-agee: 3",
            "5: switch.fdb-agee: there is no such key: did you mean fdb-age?"),
        Row("a key without a value", rest: "log-level:", "3: log-level: has no value"),
        Row("a level that is none", rest: "log-level: loud", "3: log-level: \"loud\" is not one of trace, debug"),
        Row("a list for a value", rest: "log-level: [info]", "3: log-level: must be one value"),
        Row("a value for keys", rest: "switch: 3", "3: switch: must be keys with values"),
        Row("no uplink", whole: "version: 1\nuplinks: []", "2: uplinks: 0 uplinks"),
        Row("two uplinks", whole: "version: 1\nuplinks: [{device: net_null0}, {device: net_null1}]", "2: uplinks: 2 uplinks"),
        Row("an uplink that names nothing", whole: "version: 1\nuplinks: [{mtu: 1500}]", "2: uplinks[0]: names no port"),
        Row(
            "an uplink that names two", whole: "version: 1\nuplinks: [{device: net_null0, pci: \"03:00.0\"}]",
            "2: uplinks[0]: names 2 ports"),
        Row("no PCI address", whole: "version: 1\nuplinks: [{pci: eth0}]", "2: uplinks[0].pci: \"eth0\" is not a PCI address"),
        Row(
            "a NIC without a wire", whole: "version: 1\nuplinks: [{softnic: {seed: 3}}]", "2: uplinks[0].softnic.wire: is missing"
        ),
        Row(
            "a NIC of no family", whole: "version: 1\nuplinks: [{softnic: {wire: net_null0, personality: e1000}}]",
            "2: uplinks[0].softnic.personality: \"e1000\" is not one of ixgbe-82599"),
        Row(
            "a port that is too long", whole: "version: 1\nuplinks: [{device: net_null0, mtu: 9001}]",
            "2: uplinks[0].mtu: \"9001\""),
        Row(
            "more VIs than there can be", whole: "version: 1\nuplinks: [{device: net_null0, virtual-interfaces: 16}]",
            "2: uplinks[0].virtual-interfaces: \"16\""),
        Row("a plugin without a folder", rest: "plugin: mine", "3: plugin: mine is neither accelerated nor none"),
        Row("a plugin by its path", rest: "plugin: ../mine\nplugin-folder: /lib", "3: plugin: \"../mine\" is no plugin's name"),
        Row("a folder that is not whole", rest: "plugin-folder: lib", "3: plugin-folder: must be a full path"),
        Row("a CPU that is not there", rest: "lcores: {cpus: 0-9}", "3: lcores.cpus: \"0-9\" is not a list of CPUs"),
        Row("a CPU twice", rest: "lcores: {cpus: \"1,0-2\"}", "3: lcores.cpus: \"1,0-2\" is not"),
        Row(
            "too few lists of CPUs", rest: "lcores: {plan: each, cpus: [\"0\", \"1\"]}",
            "3: lcores.cpus: 2 lists for the 4 lcores"),
        Row(
            "an idle policy that is none", rest: "lcores: {idle: [adaptive, doze]}",
            "3: lcores.idle[1]: \"doze\" is not one of busy-poll"),
        Row(
            "too many idle policies", rest: "lcores: {plan: single, idle: [sleep, sleep]}",
            "3: lcores.idle: 2 words for the 1 lcores"),
        Row("a control socket anywhere", rest: "control: {socket: here}", "3: control.socket: \"here\" is not a full path"),
        Row("a mode in decimal", rest: "control: {mode: 999}", "3: control.mode: \"999\" is not an octal mode"),
        Row("a group of nobody", rest: "control: {group: nonesuch-group}", "3: control.group: \"nonesuch-group\" is not a group"),
        Row(
            "nothing but keys", rest: "vifs: [{}]", "3: vifs[0].name: is missing", "3: vifs[0].mac: is missing",
            "3: vifs[0].kind: is missing", "3: vifs[0].socket: is missing"),
        Row(
            "a kind that there is none of", rest: "vifs: [{name: a, mac: 02:00:00:00:00:01, kind: container, socket: /a}]",
            "3: vifs[0].kind: \"container\" is not one of vm, attached, remote"),
        Row("a group's address", rest: "vifs: [{name: a, mac: 01:00:5e:00:00:01, kind: vm, socket: /a}]", "3: vifs[0].mac: "),
        Row(
            "a name with a space", rest: "vifs: [{name: a b, mac: 02:00:00:00:00:01, kind: vm, socket: /a}]", "3: vifs[0].name: "),
        Row("a VLAN too many", vif: "vlan: 4095", "3: vifs[0].vlan: \"4095\" is not a whole number from 1 to 4094"),
        Row("no VLAN", vif: "vlan: 0", "3: vifs[0].vlan: "),
        Row("text for a number", vif: "queue-pairs: two", "3: vifs[0].queue-pairs: \"two\""),
        Row("nine queue pairs", vif: "queue-pairs: 9", "3: vifs[0].queue-pairs: \"9\""),
        Row("a short MTU", vif: "mtu: 67", "3: vifs[0].mtu: \"67\""),
        Row("neither true nor false", vif: "spoof-guard: maybe", "3: vifs[0].spoof-guard: \"maybe\" is not true or false"),
        Row(
            "no IP address", vif: "addresses: [10.0.0.1, 10.0.0.256]",
            "3: vifs[0].addresses[1]: \"10.0.0.256\" is not an IP address that a guest can have"),
        Row("a group's IP address", vif: "addresses: 224.0.0.1", "3: vifs[0].addresses: \"224.0.0.1\" is not an IP address"),
        Row("a rate beyond any meter", vif: "ingress: {rate: 2000Gbit}", "3: vifs[0].ingress.rate: \"2000Gbit\" is not"),
        Row("a burst beyond any meter", vif: "ingress: {rate: 1Gbit, burst: 4096MiB}", "3: vifs[0].ingress.burst: \"4096MiB\""),
        Row("a storm beyond any meter", vif: "storm-limit: 10000001", "3: vifs[0].storm-limit: \"10000001\""),
        Row(
            "more addresses than are guarded",
            vif: "address-guard: true, addresses: [\((1...65).map { "10.0.0.\($0)" }.joined(separator: ", "))]",
            "3: vifs[0].address-guard: 65 addresses are too many"),
        Row("nothing to guard", vif: "address-guard: true", "3: vifs[0].address-guard: has no addresses"),
        Row("a limit without a rate", vif: "ingress: {burst: 64KiB}", "3: vifs[0].ingress.rate: is missing"),
        Row("a rate that is none", vif: "egress: {rate: 1 Gigabit}", "3: vifs[0].egress.rate: \"1 Gigabit\" is not a rate"),
        Row("less than a frame", vif: "ingress: {rate: 1Gbit, burst: 1500}", "3: vifs[0].ingress.burst: 1500 bytes are less"),
        Row("no frame at all", vif: "storm-limit: 0", "3: vifs[0].storm-limit: \"0\""),
        Row("an accelerated virtual machine", vif: "accelerate: true", "3: vifs[0].accelerate: a virtual machine's own driver"),
        Row("rules for a virtual machine", vif: "quotas: {rules: 3}", "3: vifs[0].quotas: a vif that is not accelerated"),
        Row("an answer from a virtual machine", vif: "answer-limit: 500", "3: vifs[0].answer-limit: only attached guests"),
        Row(
            "a socket that is the guest's", vif: "socket-mode: client, socket-permissions: \"0600\"",
            "3: vifs[0].socket-permissions: the guest makes the socket"),
        Row(
            "an owner that is nobody", vif: "socket-owner: nonesuch-user",
            "3: vifs[0].socket-owner: \"nonesuch-user\" is not a user"),
        Row("a guest that is not trusted", vif: "trusted: false", kind: "attached", "3: vifs[0].trusted: an attached guest maps"),
        Row("a guest of whom nothing is said", vif: "vlan: 3", kind: "attached", "3: vifs[0].trusted: an attached guest maps"),
        Row(
            "an attached guest that listens", vif: "trusted: true, socket-mode: client", kind: "attached",
            "3: vifs[0].socket-mode: attached guests come"),
        Row(
            "an attached guest with queues", vif: "trusted: true, queue-pairs: 2", kind: "attached",
            "3: vifs[0].queue-pairs: an attached vif has one"),
        Row(
            "an attached guest's long name",
            rest: "vifs: [{name: abcdefghijklm, mac: 02:00:00:00:00:01, kind: attached, socket: /a, trusted: true}]",
            "3: vifs[0].name: an attached vif's name"),
        Row(
            "an attached guest without shared memory",
            rest:
                "memory: {pages: ordinary}\nvifs: [{name: a, mac: 02:00:00:00:00:01, kind: attached, socket: /a, trusted: true}]",
            "3: memory: attached guests map"),
        Row(
            "a remote guest that is not trusted", vif: "accelerate: true", kind: "remote",
            "3: vifs[0].trusted: netback sees nothing"),
        Row("a remote guest with queues", vif: "queue-pairs: 2", kind: "remote", "3: vifs[0].queue-pairs: a remote vif has one"),
        Row(
            "an answer from a remote guest", vif: "answer-limit: 500", kind: "remote",
            "3: vifs[0].answer-limit: only attached guests"),
        Row(
            "a comma in a memif's path", rest: "vifs: [{name: a, mac: 02:00:00:00:00:01, kind: remote, socket: \"/a,b\"}]",
            "3: vifs[0].socket: a comma would end"),
        Row(
            "no room for a link's path",
            rest: "vifs: [{name: a, mac: 02:00:00:00:00:01, kind: remote, socket: \"/\(String(repeating: "a", count: 102))\"}]",
            "3: vifs[0].socket: its control link has 5 bytes more"),
        Row(
            "a socket where another's link is",
            rest: """
                vifs:
                  - {name: a, mac: 02:00:00:00:00:01, kind: remote, socket: /a}
                  - {name: b, mac: 02:00:00:00:00:02, kind: vm, socket: /a.link}
                """, "5: vifs[1].socket: /a.link is that of vif a"),
        Row("a capture of ordinary pages", rest: "memory: {pages: ordinary}\ncapture: true", "4: capture: a capture tool maps"),
        Row(
            "a capture beside attached guests",
            rest: "capture: true\nvifs: [{name: a, mac: 02:00:00:00:00:01, kind: attached, socket: /a, trusted: true}]",
            "3: capture: a capture tool that is killed"),
        Row(
            "two of everything",
            rest: """
                vifs:
                  - {name: a, mac: 02:00:00:00:00:01, kind: vm, socket: /a}
                  - {name: a, mac: 02:00:00:00:00:01, kind: vm, socket: /a}
                """, "5: vifs[1].name: another vif is named a", "5: vifs[1].mac: vif a has the address",
            "5: vifs[1].socket: /a is that of vif a"),
        Row(
            "twice the name of one that is not whole",
            rest: """
                vifs:
                  - {name: a, mac: nothing, kind: vm, socket: /a}
                  - {name: a, mac: nothing, kind: vm, socket: /b}
                """, "4: vifs[0].mac: ", "5: vifs[1].mac: ", "5: vifs[1].name: another vif is named a"),
        Row(
            "the control socket for a vif",
            rest: "vifs: [{name: a, mac: 02:00:00:00:00:01, kind: vm, socket: /run/viaduct/control.sock}]",
            "3: vifs[0].socket: /run/viaduct/control.sock is the control socket"),
        Row(
            "more vifs than allowed",
            rest:
                "switch: {maximum-vifs: 1}\nvifs: [{name: a, mac: 02:00:00:00:00:01, kind: vm, socket: /a}, {name: b, mac: 02:00:00:00:00:02, kind: vm, socket: /b}]",
            "4: vifs: 2 vifs are more than switch.maximum-vifs (1)"),
    ]

    @Test(arguments: rows)
    func isToldWithItsPlace(row: Row) {
        let error = #expect(throws: ConfigurationError.self) {
            try DaemonConfiguration(yaml: row.yaml, file: "f", processors: 4)
        }
        let lines = (error?.description ?? "").split(separator: "\n").map(String.init)
        #expect(lines.count == row.problems.count, "\(lines)")
        for (line, wanted) in zip(lines, row.problems) {
            #expect(line.hasPrefix("f:\(wanted)"), "\(line)")
        }
    }

    @Test func oneAddressInTwoVLANsIsNoProblem() throws {
        let yaml = """
            version: 1
            uplinks: [{device: net_null0}]
            vifs:
              - {name: a, mac: 02:00:00:00:00:01, kind: vm, socket: /a}
              - {name: b, mac: 02:00:00:00:00:01, kind: vm, socket: /b, vlan: 2}
            """
        #expect(try DaemonConfiguration(yaml: yaml, file: nil).vifs.count == 2)
    }

    /// What aliases repeat is counted before it fills the memory.
    @Test func aliasesThatMultiplyAreRefused() {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            yaml += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n"
        }
        #expect(throws: ConfigurationError.self) { try DaemonConfiguration(yaml: yaml, file: nil) }
    }

    @Test func aFileThatIsNotThereIsOneLine() {
        let error = #expect(throws: ConfigurationError.self) { try DaemonConfiguration(file: "/nonexistent/viaduct.yaml") }
        #expect(error?.description.hasPrefix("/nonexistent/viaduct.yaml: this can't be opened") == true)
    }
}
