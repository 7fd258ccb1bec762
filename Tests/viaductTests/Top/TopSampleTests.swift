// SPDX-License-Identifier: BSD-3-Clause
import Control
import Testing

@testable import viaduct

/// Rates between two reports.
struct TopSampleTests {
    private typealias Reports = TopReports
    private typealias Rate = TopSample.Rate

    @Test func ratesAreBySecondsOfTheDaemon() {
        let old = Reports.report(
            at: 10, received: 100, rounds: 1000, busy: 10, vifs: [Reports.vif("a", delivered: 50, received: 7, dropped: 2)])
        let new = Reports.report(
            at: 12, received: 1100, rounds: 1400, busy: 110, vifs: [Reports.vif("a", delivered: 250, received: 17, dropped: 6)])
        let sample = TopSample(new, since: old)
        #expect(sample.seconds == 2 && sample.pid == 7 && sample.uptimeSeconds == 12)
        #expect(sample.uplink.received == Rate(framesPerSecond: 500, bitsPerSecond: 400_000))
        #expect(sample.uplink.transmitted == Rate(framesPerSecond: 0, bitsPerSecond: 0) && sample.uplink.lostPerSecond == 50)
        #expect(sample.lcores.map(\.busy) == [0.25])
        let vif = sample.vifs[0]
        #expect(vif.toGuest == Rate(framesPerSecond: 100, bitsPerSecond: 80_000))
        #expect(vif.fromGuest == Rate(framesPerSecond: 5, bitsPerSecond: 4_000))
        #expect(vif.dropsPerSecond == 2)
        #expect(vif.declinesPerSecond == nil, "who is not accelerated declines nothing")
    }

    @Test func bothPathsAreAddedAndWhatIsLeftOfTheSlowOneIsDeclined() {
        let old = Reports.report(
            at: 1, vifs: [Reports.vif("a", path: .fast, received: 5, fences: 1)],
            interfaces: [
                Reports.interface("a", received: 1000, transmitted: 0),
                Reports.interface(nil, received: 9, transmitted: 9, queue: 2),
            ])
        let new = Reports.report(
            at: 2, vifs: [Reports.vif("a", path: .fast, delivered: 10, received: 26, fences: 2)],
            interfaces: [
                Reports.interface("a", received: 3000, transmitted: 500),
                Reports.interface(nil, received: 90, transmitted: 90, queue: 2),
            ])
        let vif = TopSample(new, since: old).vifs[0]
        #expect(vif.toGuest == Rate(framesPerSecond: 2010, bitsPerSecond: 16_008_000))
        #expect(vif.fromGuest == Rate(framesPerSecond: 521, bitsPerSecond: 4_016_800))
        #expect(vif.declinesPerSecond == 20, "without the fences")
        #expect(vif.reason == nil && vif.form == "A")
    }

    /// The VI comes or goes between two reports; what it counted for others before is not the vif's.
    @Test(arguments: [true, false]) func aVIThatComesOrGoesCountsFromOneReportToTheNext(_ comes: Bool) {
        func report(_ has: Bool, _ count: UInt64, at seconds: Double) -> StatusReport {
            Reports.report(
                at: seconds, vifs: [Reports.vif("a", path: has ? .fast : .slow)],
                interfaces: [Reports.interface(has ? "a" : nil, received: count, transmitted: 0)])
        }
        let vif = TopSample(report(comes, 1_000_300, at: 2), since: report(!comes, 1_000_000, at: 1)).vifs[0]
        #expect(vif.toGuest?.framesPerSecond == 300)
        #expect(vif.declinesPerSecond == nil)
    }

    @Test func whatTheDriverDoesNotCountIsNotKnown() {
        let silent = PluginReport.Interface(queue: 1, vif: "a", count: nil)
        func report(_ path: VifReport.Path, at seconds: Double) -> StatusReport {
            Reports.report(at: seconds, vifs: [Reports.vif("a", path: path, delivered: 10)], interfaces: [silent])
        }
        #expect(TopSample(report(.fast, at: 2), since: report(.fast, at: 1)).vifs[0].toGuest == nil)
        // Granted, but nothing has come by it yet.
        #expect(TopSample(report(.slow, at: 2), since: report(.slow, at: 1)).vifs[0].toGuest?.framesPerSecond == 0)
    }

    @Test func whatOtherProcessesLostIsDropped() {
        func export(_ lost: UInt64, _ vif: String) -> PluginReport.Export {
            PluginReport.Export(
                queue: 1, vif: vif, received: 0, delivered: 0, taken: 0, sent: 0, drops: ["undelivered": lost, "foreign": 1],
                brokenSessions: 0)
        }
        let old = Reports.report(at: 1, vifs: [Reports.vif("a", dropped: 1)], exports: [export(100, "b")])
        let new = Reports.report(at: 2, vifs: [Reports.vif("a", dropped: 3)], exports: [export(105, "a")])
        #expect(TopSample(new, since: old).vifs[0].dropsPerSecond == 7)
    }

    private static let other = Reports.report(at: 1, received: 5, rounds: 5, busy: 5, vifs: [Reports.vif("a", delivered: 5)])

    @Test(arguments: [
        nil, Reports.report(pid: 8, at: 1, received: 5, vifs: [Reports.vif("a", delivered: 5)]),
        Reports.report(at: 3, received: 5, vifs: [Reports.vif("a", delivered: 5)]), other,
    ])
    func ofWhatCanNotBeComparedThereIsNoRate(_ old: StatusReport?) {
        // Another process, a clock that went back, the same moment.
        let new = Reports.report(at: 1, received: 9, rounds: 9, busy: 9, vifs: [Reports.vif("a", delivered: 9)])
        let sample = TopSample(new, since: old)
        #expect(sample.seconds == nil && sample.uplink.received == nil && sample.uplink.lostPerSecond == nil)
        #expect(sample.lcores.map(\.busy) == [nil])
        #expect(sample.vifs.map(\.toGuest) == [nil] && sample.vifs.map(\.dropsPerSecond) == [nil])
    }

    @Test func aCounterThatWentBackHasNoRate() {
        let old = Reports.report(
            at: 1, received: 100, rounds: 100, busy: 50,
            vifs: [Reports.vif("a", delivered: 100, received: 1, dropped: 4), Reports.vif("b", path: .fast)],
            interfaces: [Reports.interface("b", received: 9, transmitted: 1)])
        let new = Reports.report(
            at: 2, received: 99, rounds: 100, busy: 50,
            vifs: [Reports.vif("a", delivered: 99, received: 3, dropped: 3), Reports.vif("b", path: .fast)],
            interfaces: [Reports.interface("b", received: 8, transmitted: 9)])
        let sample = TopSample(new, since: old)
        #expect(sample.uplink.received == nil && sample.lcores[0].busy == nil)
        #expect(sample.vifs[0].toGuest == nil && sample.vifs[0].dropsPerSecond == nil)
        #expect(sample.vifs[0].fromGuest?.framesPerSecond == 2)
        #expect(sample.vifs[1].toGuest == nil)
    }

    /// It may have counted more by now than the one before it had.
    @Test func aVifThatWasMadeAnewHasNoRateYet() {
        let old = Reports.report(at: 1, vifs: [Reports.vif("a", number: 1, delivered: 10)])
        let new = Reports.report(at: 2, vifs: [Reports.vif("a", number: 2, delivered: 50), Reports.vif("b", number: 3)])
        #expect(TopSample(new, since: old).vifs.map(\.toGuest) == [nil, nil])
    }

    @Test func whoIsNotAcceleratedHasAReason() {
        let refused = VifReport.Reason(code: "ruleRefused", words: "table full")
        let vifs = [
            Reports.vif("refused", reason: refused), Reports.vif("unwanted", isWanted: false, reason: refused),
            Reports.vif("absent", isConnected: false, reason: refused), Reports.vif("machine", kind: .vm),
            Reports.vif("waits", state: "granted"), Reports.vif("fast", path: .fast, reason: refused),
        ]
        let reasons = TopSample(Reports.report(at: 1, vifs: vifs), since: nil).vifs.map { $0.reason ?? "-" }
        let beginnings = [
            "ruleRefused: table full", "Nobody asked", "No guest", "The slow path serves it", "A VI is granted", "-",
        ]
        #expect(reasons.count == beginnings.count)
        for (reason, beginning) in zip(reasons, beginnings) { #expect(reason.hasPrefix(beginning), "\(reason)") }
    }
}
