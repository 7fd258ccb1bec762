// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Logging
import Netback
import Testing

@testable import Control

/// Figures for Prometheus.
@Suite struct MetricsTests {
    private static let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Sources/Control/Control.docc/Metrics.md").standardized

    /// A report in which everything is said.
    private static var full: StatusReport {
        var slow = FakeHost.vif("g\"0\\", kind: .remote)
        slow.reason = VifReport.Reason(code: "ruleRefused", words: "no\nmore")
        slow.vlan = 7
        slow.toGuest = FrameCount(in: 10, delivered: 6, drops: ["vringFull": 3], held: 1)
        slow.memoryFaults = 2
        var fast = FakeHost.vif("g1")
        (fast.path, fast.form, fast.state) = (.fast, "A", "connected")
        // Why not a better form: no refusal.
        fast.reason = VifReport.Reason(code: "ruleRefused", words: "")
        var durations = SwitchDurations()
        for nanoseconds: UInt64 in [400_000, 1_500_000, 2_000_000, 9_000_000_000] { durations.add(nanoseconds) }
        fast.switches = VifReport.Switches(toFast: .init(durations), toSlow: .init(SwitchDurations()))
        var report = FakeHost.status([slow, fast])
        report.plugin.interfaces = [
            PluginReport.Interface(
                queue: 4, vif: "g1",
                count: .init(receivedFrames: 5, receivedBytes: 320, transmittedFrames: 6, transmittedBytes: 1 << 40)),
            PluginReport.Interface(queue: 5, vif: nil, count: nil),
        ]
        report.plugin.virtualInterfaces = PluginReport.VirtualInterfaces(free: 1, granted: 2, quarantined: 3)
        report.plugin.exports = [
            PluginReport.Export(
                queue: 4, vif: "g1", received: 9, delivered: 8, taken: 7, sent: 6, drops: ["memifFull": 1], brokenSessions: 0)
        ]
        return report
    }

    @Test func everyFigureIsThereUnderItsName() {
        let lines = Set(MetricFamilies(Self.full).text.split(separator: "\n").map(String.init))
        for line in [
            "# TYPE viaduct_uplink_received_frames_total counter", "# HELP viaduct_uplink_link_up Whether the port has a link.",
            "viaduct_uptime_seconds 1.5", #"viaduct_uplink_info{device="net_null0",driver="net_null"} 1"#,
            "viaduct_uplink_usable 1",
            #"viaduct_uplink_lost_frames_total{reason="no_mbuf"} 4"#, "viaduct_flow_rules 3",
            #"viaduct_virtual_interfaces{state="quarantined"} 3"#, #"viaduct_export_frames_total{queue="4",step="taken"} 7"#,
            #"viaduct_export_dropped_frames_total{queue="4",reason="memifFull"} 1"#, "viaduct_switch_held_frames 2",
            #"viaduct_vif_info{vif="g\"0\\",kind="remote",mac="02:00:00:00:00:01",vlan="7",form=""} 1"#,
            #"viaduct_virtual_interface_info{queue="4",vif="g1"} 1"#,
            #"viaduct_virtual_interface_frames_total{queue="4",direction="to_guest"} 5"#,
            #"viaduct_virtual_interface_bytes_total{queue="4",direction="from_guest"} 1099511627776"#,
            #"viaduct_vif_accelerated{vif="g1"} 1"#, #"viaduct_vif_frames_total{vif="g1",direction="from_guest"} 0"#,
        ] { #expect(lines.contains(line), "\(line)") }
        let refused = lines.filter { $0.hasPrefix("viaduct_vif_acceleration_refused{") }
        #expect(refused.count == 1 && refused.first?.hasSuffix(#"reason="ruleRefused"} 1"#) == true)
    }

    @Test func aHistogramHasAllItsSamples() {
        let lines = MetricFamilies(Self.full).text.split(separator: "\n").filter { $0.contains("switch_duration") }
        #expect(lines.count == 2 + 2 * (SwitchDurations.limits.count + 3), "of one vif, in two directions")
        #expect(lines[1] == "# TYPE viaduct_vif_switch_duration_seconds histogram")
        let toFast = lines.filter { $0.contains(#"{vif="g1",direction="to_fast""#) }
        func count(_ limit: String) -> Substring? {
            toFast.first { $0.contains(#",le="\#(limit)"}"#) }?.split(separator: " ").last
        }
        // Each bucket has those of the smaller ones.
        let limits = ["0.0005", "0.001", "0.002", "0.003", "0.1", "1", "5", "+Inf"]
        #expect(limits.map(count) == ["1", "1", "3", "3", "3", "3", "3", "4"])
        #expect(toFast.contains(#"viaduct_vif_switch_duration_seconds_sum{vif="g1",direction="to_fast"} 9.0039"#))
        #expect(toFast.contains(#"viaduct_vif_switch_duration_seconds_count{vif="g1",direction="to_fast"} 4"#))
        #expect(lines.contains(#"viaduct_vif_switch_duration_seconds_bucket{vif="g1",direction="to_slow",le="+Inf"} 0"#))
    }

    /// Names and units as Prometheus would have them, and each of them documented.
    @Test func namesAreAsTheyShouldBe() throws {
        let words = try String(contentsOf: Self.document, encoding: .utf8)
        var names: Set<Substring> = []
        var seen: Set<Substring> = []
        var histograms: Set<Substring> = []
        for line in MetricFamilies(Self.full).text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 3)
            if parts[0] == "#" {
                if parts[1] == "TYPE" {
                    #expect(names.insert(parts[2]).inserted, "\(parts[2]) is there twice")
                    if parts[3] == "histogram" { histograms.insert(parts[2]) }
                    #expect((parts[3] == "counter") == parts[2].hasSuffix("_total"), "\(line)")
                    #expect(parts[2].wholeMatch(of: /viaduct_[a-z_]+/) != nil && words.contains("`\(parts[2])`"), "\(parts[2])")
                }
            } else {
                let name = line.prefix { $0 != "{" && $0 != " " }
                let histogram = name.prefix(upTo: name.lastIndex(of: "_") ?? name.endIndex)
                let hasSuffix = ["bucket", "sum", "count"].contains(name.dropFirst(histogram.count + 1))
                let isKnown = histograms.contains(histogram) ? hasSuffix : names.contains(name)
                #expect(isKnown && !histograms.contains(name), "\(line)")
                #expect(seen.insert(line.prefix(upTo: line.lastIndex(of: " ") ?? line.endIndex)).inserted, "\(line)")
            }
        }
        let documented = words.matches(of: /`(viaduct_[a-z_]+)`/).map(\.output.1)
        #expect(Set(documented) == names)
    }

    @Test func nothingIsSaidOfWhatThereIsNot() {
        var report = FakeHost.status([])
        report.plugin.rules = nil
        let text = MetricFamilies(report).text
        #expect(!text.contains("vif") && !text.contains("export") && !text.contains("flow_rules") && !text.contains("\n\n"))
    }

    // MARK: The server

    private func serve(_ body: (MetricsSettings) throws -> Void) throws {
        var settings = MetricsSettings()
        settings.port = Int.random(in: 20_000..<30_000)
        let server = try MetricsServer(settings, FakeHost(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        defer { server.stop() }
        try body(settings)
    }

    @Test func aScrapeIsAnswered() throws {
        try serve { settings in
            let answer = try HTTPClient(settings).ask("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.lowercased().contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(answer.hasSuffix(MetricFamilies(FakeHost().status).text))
        }
    }

    @Test func oneConnectionServesManyScrapes() throws {
        try serve { settings in
            let request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
            let last = "HEAD /metrics?x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            let answer = try HTTPClient(settings).ask(request + request + last)
            #expect(answer.components(separatedBy: "HTTP/1.1 200 OK\r\n").count == 4)
            #expect(answer.hasSuffix("\r\n\r\n"), "a HEAD has no body")
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 "),
        ("GET /metrics/../x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 "),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405 "),
        ("nonsense\r\n\r\n", "HTTP/1.1 400 "), ("\u{0}\u{1}\u{2}\r\n\r\n", "HTTP/1.1 400 "),
        ("GET /metrics HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 100_000), "HTTP/1.1 4"),
    ])
    func whatIsNoScrapeGetsAnErrorAndServesNobodyLess(_ request: String, _ beginning: String) throws {
        try serve { settings in
            #expect(try HTTPClient(settings).ask(request).hasPrefix(beginning))
            let answer = try HTTPClient(settings).ask("GET /metrics HTTP/1.0\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.0 200") || answer.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func whoComesTooManyIsSentAwayUntilAnotherGoes() throws {
        try serve { settings in
            var silent = try (0..<MetricsServer.maximumClients).map { _ in try HTTPClient(settings) }
            let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            // They are served in the order in which they came.
            for client in silent { try client.send("GET") }
            usleep(200_000)
            #expect(try HTTPClient(settings).ask(request) == "")
            silent = []
            var answer = ""
            for _ in 0..<100 where answer.isEmpty {
                answer = try HTTPClient(settings).ask(request)
                usleep(20_000)
            }
            #expect(answer.hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test func aTakenPortIsAnErrorInWords() throws {
        try serve { settings in
            let error = #expect(throws: ControlFailure.self) {
                try MetricsServer(settings, FakeHost(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            }
            #expect(error?.lines.first?.hasPrefix("can't listen for metrics at 127.0.0.1:\(settings.port)") == true)
        }
    }
}
