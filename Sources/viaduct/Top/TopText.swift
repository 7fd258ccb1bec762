// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// A ``TopSample`` as lines of text. Nothing but printable ASCII: other parties' words are in it, and every character has to take one column.
struct TopText {
    /// About the daemon as a whole.
    let head: [String]
    /// Over the columns.
    let header: String
    /// A line for each vif, in order.
    let vifs: [String]

    /// Columns that a reason should have at least.
    private static let reasonColumns = 24

    /// - Parameter width: columns that there are; nil for as many as it takes.
    init(_ sample: TopSample, order: TopOrder, isReversed: Bool = false, width: Int? = nil) {
        let rows = order.sorted(sample.vifs, isReversed: isReversed)
        var lines = Self.table(rows, withKind: true)
        let beforeReason = lines[0].count - Self.lastColumn.count
        // Rather the reason than the kind, where there is no room for both.
        if let width, beforeReason + Self.reasonColumns > width { lines = Self.table(rows, withKind: false) }
        header = Self.cut(lines[0], width)
        vifs = lines.dropFirst().map { Self.cut($0, width) }
        head = Self.head(sample).map { Self.cut($0, width) }
    }

    private static let lastColumn = "why it is not accelerated"

    private static func table(_ vifs: [TopSample.Vif], withKind: Bool) -> [String] {
        let kind = withKind ? ["kind"] : []
        let columns = ["vif"] + kind + ["path", "to Mpps", "Gbit/s", "from Mpps", "Gbit/s", "declines/s", "drops/s", lastColumn]
        let first = withKind ? 3 : 2
        var table = TextTable(header: columns, numbers: Set(first..<first + 6))
        for vif in vifs {
            table.add(
                row: [vif.name] + (withKind ? [vif.kind] : []) + [
                    vif.path + (vif.form.map { " \($0)" } ?? ""), millions(vif.toGuest?.framesPerSecond),
                    billions(vif.toGuest?.bitsPerSecond), millions(vif.fromGuest?.framesPerSecond),
                    billions(vif.fromGuest?.bitsPerSecond), whole(vif.declinesPerSecond), whole(vif.dropsPerSecond),
                    plain(vif.reason ?? ""),
                ])
        }
        return table.description.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func head(_ sample: TopSample) -> [String] {
        let uplink = sample.uplink
        func rate(_ rate: TopSample.Rate?) -> String {
            "\(millions(rate?.framesPerSecond)) Mpps \(billions(rate?.bitsPerSecond)) Gbit/s"
        }
        let wanted = sample.vifs.count { $0.isWanted }
        let fast = sample.vifs.count { $0.path == "fast" }
        let lcores = sample.lcores.map { lcore in
            "\(lcore.lcore) \(lcore.busy.map { String(format: "%.0f %%", $0 * 100) } ?? "-")"
        }
        return [
            "process \(sample.pid)  up \(duration(sample.uptimeSeconds))  vifs \(sample.vifs.count), to be accelerated \(wanted), "
                + "accelerated \(fast)",
            plain(
                "uplink  \(uplink.device)  \(uplink.state)  received \(rate(uplink.received))  transmitted "
                    + "\(rate(uplink.transmitted))  lost \(whole(uplink.lostPerSecond))/s"),
            "lcores  rounds with packets: " + lcores.joined(separator: "  "),
        ]
    }

    private static func millions(_ value: Double?) -> String { value.map { String(format: "%.3f", $0 / 1e6) } ?? "-" }
    private static func billions(_ value: Double?) -> String { value.map { String(format: "%.3f", $0 / 1e9) } ?? "-" }
    private static func whole(_ value: Double?) -> String { value.map { String(format: "%.0f", $0) } ?? "-" }

    static func duration(_ seconds: Double) -> String {
        let all = Int(max(0, seconds))
        let clock = String(format: "%02d:%02d:%02d", all / 3600 % 24, all / 60 % 60, all % 60)
        return all < 86400 ? clock : "\(all / 86400) d \(clock)"
    }

    /// A question mark for every character that is not printable ASCII: what a driver or a guest says must not drive the terminal.
    static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { (0x20..<0x7F).contains($0.value) ? $0 : "?" }))
    }

    /// The line in so many columns, with three points where it was cut.
    static func cut(_ line: String, _ width: Int?) -> String {
        guard let width, line.count > width else { return line }
        return width > 3 ? line.prefix(width - 3) + "..." : String(line.prefix(max(0, width)))
    }
}
