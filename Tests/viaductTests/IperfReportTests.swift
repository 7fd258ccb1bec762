// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Netfront
import Testing

@testable import viaduct

struct IperfReportTests {
    @Test func aServersReportIsRead() throws {
        let report = try #require(IperfReport(json: RecordedOutput.server))
        #expect(report.error == nil)
        #expect(report.intervals.count == 11)
        #expect(report.longestStallMilliseconds == 0)
        let moved = report.transfer(from: 0, to: 0.25)
        #expect(moved.bytes == report.intervals[0].sum.bytes + report.intervals[1].sum.bytes)
        #expect(abs(moved.seconds - 0.2) < 0.001)
        #expect(report.transfer(from: 100, to: 200).seconds == 0)
    }

    @Test func aClientsReportHasRetransmits() throws {
        let report = try #require(IperfReport(json: RecordedOutput.client))
        #expect(report.end.sent?.retransmits == 24)
        #expect(report.end.received?.bytes == 3_417_046_722)
        #expect(report.intervals.count == 10)
    }

    @Test func aFailedClientSaysWhy() throws {
        let report = try #require(IperfReport(json: RecordedOutput.failure))
        #expect(report.error == "unable to connect to server: Connection refused")
        #expect(report.intervals.isEmpty)
    }

    @Test func textInFrontOfAReportIsSkipped() {
        #expect(IperfReport(json: "warning: something\n" + RecordedOutput.failure) != nil)
    }

    @Test(arguments: ["", "iperf3: error", "{\"intervals\": 5}", "{"])
    func whatIsNoReportIsNone(text: String) {
        #expect(IperfReport(json: text) == nil)
    }

    @Test func theLongestRunOfEmptyIntervalsIsTheStall() throws {
        let bytes = [5, 0, 7, 0, 0, 0, 8, 0, 0]
        let intervals = bytes.enumerated().map { index, count in
            let start = Double(index) / 10
            return "{\"sum\": {\"start\": \(start), \"end\": \(start + 0.1), \"seconds\": 0.1, \"bytes\": \(count)}}"
        }
        let report = try #require(IperfReport(json: "{\"intervals\": [\(intervals.joined(separator: ","))], \"end\": {}}"))
        #expect(report.longestStallMilliseconds == 300)
    }
}

struct PingRepliesTests {
    @Test func repliesAreReadWithTheirTimes() {
        let replies = PingReplies(
            output: """
                PING 10.77.0.2 (10.77.0.2) 56(84) bytes of data.
                [1700000000.250000] 64 bytes from 10.77.0.2: icmp_seq=1 ttl=64 time=0.312 ms
                [1700000000.450000] 64 bytes from 10.77.0.2: icmp_seq=2 ttl=64 time=12 ms
                [1700000000.650000] From 10.77.0.1 icmp_seq=3 Destination Host Unreachable
                [1700000000.8500

                --- 10.77.0.2 ping statistics ---
                3 packets transmitted, 2 received, 33% packet loss, time 400ms
                """
        ).replies
        #expect(replies.map(\.milliseconds) == [0.312, 12])
        #expect(replies.map(\.time) == [1_700_000_000.25, 1_700_000_000.45])
    }

    @Test func roundTripsAreSummedUp() throws {
        let times = try #require(RoundTrips(milliseconds: [3, 1, 2.5]))
        #expect(times.min == 1 && times.max == 3 && times.avg == 2.1667)
        #expect(RoundTrips(milliseconds: []) == nil)
    }
}
