// SPDX-License-Identifier: BSD-3-Clause

extension DemoReport {
    /// The end of a run, for people.
    var summary: String {
        var lines = [
            "", "received   fast \(rx.fast)  slow \(rx.slow)", "sent       fast \(tx.fast)  slow \(tx.slow)",
            "throughput fast \(gbps.fast) Gbit/s \(mpps.fast) Mpps  slow \(gbps.slow) Gbit/s \(mpps.slow) Mpps",
        ]
        let counts = findings.map { "lost \($0.lost)  reordered \($0.reordered)  duplicated \($0.duplicated)  " } ?? ""
        lines.append(counts + "mbufs in use \(mbufsInUse)  form \(form ?? "-")")
        if let coverage { lines.append("steered    \(coverage)") }
        for form in refused { lines.append("not form \(form.form) \(form.reason)") }
        if let flows { lines.append("flows      " + flows.summary) }
        let declines = declined.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        if !declines.isEmpty { lines.append("declined   " + declines.joined(separator: "  ")) }
        for change in switches {
            lines.append("switched to \(change.to) in \(change.millis) ms, \(change.stashed) frames stashed")
        }
        return lines.joined(separator: "\n")
    }
}

extension FlowFindings {
    fileprivate var summary: String {
        let reached =
            share.map { "\($0) of the packets by \(used) rules" + (oracle.map { ", an oracle's \($0)" } ?? "") }
            ?? "at most \(used) of \(rules) rules in use"
        return reached + ", \(made) rules made, \(removed) taken out"
    }
}
