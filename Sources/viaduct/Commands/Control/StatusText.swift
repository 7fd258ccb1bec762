// SPDX-License-Identifier: BSD-3-Clause
import Control

/// Answers of a daemon, for people.
enum StatusText {
    static func all(_ report: StatusReport) -> String {
        let uplink = report.uplink
        let state = uplink.outOfUse.map { "out of use: \($0)" } ?? (uplink.isLinkUp ? "link up" : "link down")
        var lines = ["process \(report.pid)  up \(Int(report.uptimeSeconds)) s"]
        lines.append(
            "uplink  \(uplink.device) (\(uplink.driver.isEmpty ? "-" : uplink.driver))  \(state)  received \(uplink.received)  "
                + "transmitted \(uplink.transmitted)  missed \(uplink.missed)  errors \(uplink.errors)")
        for lcore in report.lcores {
            let cpus = lcore.cpus.map { "CPUs " + $0.map(String.init).joined(separator: ",") } ?? "any CPU"
            lines.append("lcore   \(lcore.lcore)  \(cpus)  idle \(lcore.idle)  rounds \(lcore.rounds)  busy \(lcore.busyRounds)")
        }
        lines.append("plugin  \(plugin(report.plugin))")
        lines.append("switch  \(frames(report.switch.frames))  addresses \(report.switch.addresses)")
        lines.append("")
        var table = TextTable(
            "vif", "kind", "mac", "vlan", "guest", "path", "state", "form", "to guest", "from guest", "dropped", "reason",
            numbers: [3, 8, 9, 10])
        for vif in report.vifs {
            table.add(
                vif.name, vif.kind.rawValue, vif.mac, vif.vlan.map { "\($0)" } ?? "-", vif.isConnected ? "connected" : "absent",
                vif.path.rawValue, vif.state, vif.form ?? "-", "\(vif.toGuest.delivered)", "\(vif.fromGuest.delivered)",
                "\(vif.toGuest.dropped + vif.fromGuest.dropped)", vif.reason.map(reason) ?? "-")
        }
        return lines.joined(separator: "\n") + "\n\(table)"
    }

    private static func plugin(_ plugin: PluginReport) -> String {
        var words = plugin.name
        if let rules = plugin.rules { words += "  rules \(rules)" }
        if let counts = plugin.virtualInterfaces {
            words += "  VIs free \(counts.free) granted \(counts.granted) quarantined \(counts.quarantined)"
        }
        return words
    }

    static func reason(_ reason: VifReport.Reason) -> String {
        reason.words.isEmpty ? reason.code : "\(reason.code): \(reason.words)"
    }

    private static func frames(_ count: FrameCount) -> String {
        "in \(count.in) = delivered \(count.delivered) + dropped \(count.dropped) + held \(count.held)"
    }

    static func one(_ vif: VifReport) -> String {
        let acceleration = vif.isAccelerationWanted ? "wanted" : "not wanted"
        var lines = [
            "\(vif.name)  \(vif.kind.rawValue)  \(vif.mac)\(vif.vlan.map { "  VLAN \($0)" } ?? "")  "
                + (vif.isConnected ? "guest connected, \(vif.queuePairs) queue pairs" : "no guest"),
            "path          \(vif.path.rawValue), \(vif.state)\(vif.form.map { ", form \($0)" } ?? ""); acceleration \(acceleration)",
        ]
        if let words = vif.coverage { lines.append("coverage      \(words)") }
        if let found = vif.reason { lines.append("reason        \(reason(found))") }
        for form in vif.refusedForms { lines.append("not form \(form.form)    \(form.reason)") }
        if let guest = vif.attachment {
            lines.append(
                "guest         \(guest.stage)\(guest.pid.map { ", process \($0)" } ?? ""); served \(guest.served), killed "
                    + "\(guest.killed), refused \(guest.refused)\(guest.reason.map { "; last: \($0)" } ?? "")")
        }
        if let fault = vif.memoryFault { lines.append("ended         \(vif.memoryFaults) times for its memory; last: \(fault)") }
        lines.append("to guest      \(frames(vif.toGuest))")
        lines.append("from guest    \(frames(vif.fromGuest))")
        for (name, count) in vif.counters.sorted(by: { $0.key < $1.key }) where count > 0 {
            lines.append("  \(name) \(count)")
        }
        return lines.joined(separator: "\n")
    }

    static func explanation(_ explanation: Explanation) -> String {
        var lines = [
            "\(explanation.vif): \(explanation.path.rawValue) path, \(explanation.state)"
                + (explanation.form.map { ", form \($0)" } ?? ""), explanation.meaning,
        ]
        if let words = explanation.reason?.words, !words.isEmpty { lines.append("In its own words: \(words)") }
        if let words = explanation.coverage { lines.append("Coverage: \(words)") }
        for form in explanation.refusedForms { lines.append("Not by form \(form.form): \(form.reason)") }
        if !explanation.advice.isEmpty { lines.append(explanation.advice) }
        return lines.joined(separator: "\n")
    }
}
