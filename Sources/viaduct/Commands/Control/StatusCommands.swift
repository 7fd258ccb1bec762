// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control

/// `viaduct status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows a daemon's uplink and vifs, or one vif with all that it counts.")

    @Argument(help: "The name of a vif.")
    var vif: String?
    @OptionGroup var options: ControlOptions

    func run() throws {
        try options.ask(ControlRequest(.status, vif: vif)) { (report: StatusReport) in
            vif == nil ? StatusText.all(report) : report.vifs.map(StatusText.one).joined(separator: "\n")
        }
    }
}

/// `viaduct explain`
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Says why a vif's frames go the way they do, and what can be done.")

    @Argument(help: "The name of a vif.")
    var vif: String
    @OptionGroup var options: ControlOptions

    func run() throws { try options.ask(ControlRequest(.explain, vif: vif), text: StatusText.explanation) }
}

/// `viaduct fdb`
struct FDBCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fdb", abstract: "Lists the addresses that a daemon's switch knows.")

    @OptionGroup var options: ControlOptions

    func run() throws {
        try options.ask(ControlRequest(.fdb)) { (report: ForwardingReport) in
            var table = TextTable("mac", "vlan", "port", "kind", "age s", numbers: [1, 4])
            for entry in report.entries {
                let age = entry.kind == "static" ? "-" : "\(entry.ageSeconds)"
                table.add(entry.mac, entry.vlan.map { "\($0)" } ?? "-", entry.port, entry.kind, age)
            }
            return "\(table)"
        }
    }
}

/// `viaduct flows`
struct FlowsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flows", abstract: "Lists flows that have a rule of their own in the NIC, with their frames a second.")

    @OptionGroup var options: ControlOptions

    func run() throws {
        try options.ask(ControlRequest(.flows)) { (report: FlowsReport) in
            var table = TextTable("vif", "flow", "frames/s", numbers: [2])
            for vif in report.vifs {
                for flow in vif.flows { table.add(vif.vif, flow.match, "\(flow.framesPerSecond)") }
            }
            return "rules in the port: \(report.rules)\n\(table)"
        }
    }
}

/// `viaduct switches`
struct SwitchesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switches", abstract: "Lists the last changes of path of each vif, and how long they took.")

    @OptionGroup var options: ControlOptions

    func run() throws {
        try options.ask(ControlRequest(.switches)) { (report: SwitchesReport) in
            var table = TextTable("time", "vif", "path", "form", "ms", "reason", numbers: [4])
            for vif in report.vifs {
                for change in vif.changes {
                    let reason = change.reason.map(StatusText.reason) ?? "-"
                    table.add(change.time, vif.vif, change.path.rawValue, change.form ?? "-", "\(change.milliseconds)", reason)
                }
            }
            return "\(table)"
        }
    }
}
