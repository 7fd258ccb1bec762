// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Foundation
import Testing

@testable import AcceleratedBackend
@testable import Netfront
@testable import viaduct

struct DemoReportTests {
    private static func status(
        _ counters: [NetfrontCounter: UInt64] = [:], switches: [SwitchRecord] = []
    ) -> NetfrontStatus {
        NetfrontStatus(
            name: "guest0", plugin: nil, acceleration: AccelerationStatus(), isFast: false, counters: counters, switches: switches
        )
    }

    private static func report(
        _ status: NetfrontStatus = status(), findings: TrafficFindings? = TrafficFindings(),
        steering: SteeringReport? = SteeringReport(form: .destinationMAC, refused: []), flows: FlowFindings? = nil,
        inUse: Int = 0
    ) -> DemoReport {
        DemoReport(
            status: status, findings: findings, flows: flows, meter: PathMeter(), steering: steering, mbufsInUse: inUse)
    }

    private static func object(_ value: some Encodable) throws -> [String: Any] {
        let line = try value.jsonLine()
        #expect(!line.contains("\n"))
        return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    private static let keys: Set<String> = [
        "rx", "tx", "lost", "reordered", "duplicated", "declined", "switches", "mbufsInUse", "leakedMbufs", "form", "coverage",
        "refused", "gbps", "mpps",
    ]

    @Test func theReportHasItsKeysAndNoOthers() throws {
        #expect(Set(try Self.object(Self.report()).keys) == Self.keys)
        let without = try Self.object(Self.report(steering: nil))
        #expect(Set(without.keys) == Self.keys)
        #expect(without["form"] is NSNull && without["coverage"] is NSNull)
        #expect((without["refused"] as? [Any])?.isEmpty == true)
    }

    @Test func theFormIsShownWithWhatItSteersAndWhatWasRefused() throws {
        let steering = SteeringReport(form: .software, refused: [.init(form: .destinationMAC, reason: "not here")])
        let object = try Self.object(Self.report(steering: steering))
        #expect(object["form"] as? String == "F" && object["coverage"] as? String == SteeringForm.software.coverage)
        #expect(object["refused"] as? [[String: String]] == [["form": "A", "reason": "not here"]])
        #expect(Self.report(steering: steering).summary.contains("not form A not here"))
    }

    private static func flowReport(rules: Int, steered: Int) -> FlowReport {
        var report = FlowReport()
        report.ruleLimit = rules
        for flow in 0..<steered { report.steered["\(flow)"] = 1 }
        report.counters.added = 6
        report.counters.removed = 2
        return report
    }

    private static func sample(_ time: Double, _ path: SwitchRecord.Path?, fast: UInt64, slow: UInt64) -> PathSample {
        PathSample(time: time, path: path, fastPackets: fast, fastBytes: 0, slowPackets: slow, slowBytes: 0)
    }

    @Test func rulesOfFlowsAreJudgedAgainstAnOracle() throws {
        var meter = FlowShareMeter()
        let report = Self.flowReport(rules: 2, steered: 2)
        meter.note(Self.sample(1, .slow, fast: 0, slow: 1000), nil)
        // What comes in the first second of the fast path tells nothing, nor does what comes by another form.
        meter.note(Self.sample(2, .fast, fast: 0, slow: 2000), report)
        meter.note(Self.sample(3, .fast, fast: 0, slow: 3000), report)
        meter.note(Self.sample(4, .fast, fast: 60, slow: 3040), report)
        meter.note(Self.sample(5, .fast, fast: 9000, slow: 3040), nil)
        let flows = try #require(FlowFindings(meter, sent: [40, 30, 20, 10]))
        #expect(flows.share == 0.6 && flows.oracle == 0.7 && flows.ofOracle == 0.8571)
        #expect(flows.rules == 2 && flows.used == 2 && flows.seconds == 1)
        #expect(flows.made == 6 && flows.removed == 2 && flows.changesPerSecond == 4)
        let object = try Self.object(Self.report(flows: flows))
        #expect(Set(object.keys) == Self.keys.union(["flows"]))
        #expect(
            Self.report(flows: flows).summary.contains(
                "0.6 of the packets by 2 rules, an oracle's 0.7, 6 rules made, 2 taken out"))
    }

    @Test func withoutRulesOfFlowsThereIsNothingToJudge() {
        var meter = FlowShareMeter()
        meter.note(Self.sample(1, .fast, fast: 1, slow: 0), nil)
        #expect(FlowFindings(meter, sent: [1]) == nil)
    }

    @Test func aShortVisitOfTheFastPathHasNoShare() throws {
        var meter = FlowShareMeter()
        for step in 0..<10 {
            meter.note(Self.sample(Double(step) * 0.1, .fast, fast: UInt64(step), slow: 0), Self.flowReport(rules: 8, steered: 1))
        }
        let flows = try #require(FlowFindings(meter, sent: nil))
        #expect(flows.share == nil && flows.oracle == nil && flows.ofOracle == nil && flows.seconds == 0)
    }

    @Test func countersBecomePacketsByPath() throws {
        let status = Self.status([
            .receivedFastPackets: 1, .receivedSlowPackets: 2, .transmittedFastPackets: 3, .transmittedSlowPackets: 4,
            .declinedGroupAddress: 5, .declinedPeerUnknown: 6,
        ])
        let object = try Self.object(Self.report(status))
        #expect(object["rx"] as? [String: Int] == ["fast": 1, "slow": 2])
        #expect(object["tx"] as? [String: Int] == ["fast": 3, "slow": 4])
        #expect(
            object["declined"] as? [String: Int]
                == ["notConnected": 0, "groupAddress": 5, "peerUnknown": 6, "form": 0, "source": 0])
    }

    @Test func whatWasFoundIsJudged() {
        #expect(Self.report().complaint == nil)
        for path in [\TrafficFindings.lost, \.reordered, \.duplicated] {
            var findings = TrafficFindings()
            findings[keyPath: path] = 1
            #expect(Self.report(findings: findings).complaint != nil)
        }
        #expect(Self.report(inUse: 1).complaint != nil)
    }

    @Test func findingsAddUp() {
        var a = TrafficFindings(), b = TrafficFindings()
        (a.received, a.lost, a.reordered, a.duplicated) = (1, 2, 3, 4)
        (b.received, b.lost, b.reordered, b.duplicated) = (10, 20, 30, 40)
        let sum = a + b
        #expect((sum.received, sum.lost, sum.reordered, sum.duplicated) == (11, 22, 33, 44))
    }

    private static func outcome(stalled: Int) throws -> KernelTraffic.Outcome {
        let intervals = (0..<20).map { index in
            let start = Double(index) / 10
            let bytes = (10..<(10 + stalled)).contains(index) ? 0 : 12_500_000
            return "{\"sum\": {\"start\": \(start), \"end\": \(start + 0.1), \"seconds\": 0.1, \"bytes\": \(bytes)}}"
        }
        let receiver = IperfReport(json: "{\"intervals\": [\(intervals.joined(separator: ","))], \"end\": {}}")
        return KernelTraffic.Outcome(
            receiver: try #require(receiver), retransmits: 3,
            replies: PingReplies(
                output: """
                    [1000.600000] 64 bytes from 10.77.0.2: icmp_seq=1 ttl=64 time=2 ms
                    [1001.800000] 64 bytes from 10.77.0.2: icmp_seq=2 ttl=64 time=4 ms
                    [1001.200000] 64 bytes from 10.77.0.2: icmp_seq=3 ttl=64 time=100 ms
                    """),
            began: 1000, testStart: 0.05)
    }

    private static func netns(stalled: Int = 0, switches: Int = 8) throws -> NetnsReport {
        var timeline = PathTimeline()
        for (time, path) in [(0.0, SwitchRecord.Path.slow), (1, .slow), (1.1, nil), (1.15, .fast), (2.1, .fast)]
            as [(Double, SwitchRecord.Path?)]
        { timeline.note(path, at: time) }
        let records = (0..<switches).map {
            SwitchRecord(to: $0.isMultiple(of: 2) ? .fast : .slow, nanoseconds: 1_500_000, stashed: 2)
        }
        return NetnsReport(
            traffic: report(status(switches: records), findings: nil), timeline: timeline, outcome: try outcome(stalled: stalled))
    }

    @Test func aRunBetweenKernelsHasKeysOfItsOwn() throws {
        let object = try Self.object(try Self.netns())
        let expected = Self.keys.subtracting(["lost", "reordered", "duplicated"])
            .union(["phases", "ping", "longestStallMillis", "tcpRetransmits"])
        #expect(Set(object.keys) == expected)
        #expect(object["tcpRetransmits"] as? Int == 3)
    }

    @Test func phasesAndPingsBelongToAPath() throws {
        let report = try Self.netns()
        #expect(report.phases.map(\.path) == ["slow", "fast"])
        #expect(report.phases.map(\.gbps) == [1, 1])
        // The ping that a switch happened to is nobody's.
        #expect(report.ping.slow == RoundTrips(milliseconds: [2]))
        #expect(report.ping.fast == RoundTrips(milliseconds: [4]))
    }

    @Test func aRunBetweenKernelsIsJudgedByItsSwitchesAndStalls() throws {
        #expect(try Self.netns().complaint == nil)
        #expect(try Self.netns(stalled: 1).complaint == nil)
        #expect(try Self.netns(stalled: 2).complaint != nil)
        #expect(try Self.netns(switches: 5).complaint != nil)
    }

    @Test func switchesAreInMilliseconds() throws {
        let record = SwitchRecord(to: .fast, nanoseconds: 2_345_678, stashed: 7)
        let first = try #require(Self.report(Self.status(switches: [record])).switches.first)
        #expect(first == DemoReport.Switch(to: "fast", millis: 2.3457, stashed: 7))
    }
}
