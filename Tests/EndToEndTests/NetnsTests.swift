// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

extension EndToEnd {
    /// Two kernels' stacks, each in a namespace of its own, with a TCP stream and pings between them.
    @Suite(.enabled(if: Account.isRoot, "needs root"))
    struct NetnsTests {
        private struct Result: Decodable {
            struct Phase: Decodable {
                let path: String
                let gbps: Double
                let seconds: Double
            }
            struct RoundTrip: Decodable {
                let min: Double
                let avg: Double
                let max: Double
            }
            struct Switch: Decodable { let to: String }
            let switches: [Switch]
            let phases: [Phase]
            let ping: [String: RoundTrip]
            let longestStallMillis: Double
            let tcpRetransmits: Int
            let mbufsInUse: Int
        }

        @Test func aStreamSurvivesSixSwitches() throws {
            let run = try Workplace().run(["demo", "--netns", "--json"], limit: 90)
            #expect(run.exitCode == 0, "\(run.errors)")
            let result = try JSONDecoder().decode(Result.self, from: Data(try #require(run.outputLines.last).utf8))
            #expect(result.switches.count >= 6)
            #expect(result.longestStallMillis <= 200)
            #expect(result.mbufsInUse == 0)
            for path in ["fast", "slow"] {
                let phases = result.phases.filter { $0.path == path }
                #expect(!phases.isEmpty, "no phase was \(path)")
                #expect(phases.allSatisfy { $0.gbps > 0 && $0.seconds > 0 })
                let roundTrip = try #require(result.ping[path], "no ping was answered by the \(path) path")
                #expect(roundTrip.min > 0 && roundTrip.min <= roundTrip.avg && roundTrip.avg <= roundTrip.max)
            }
        }
    }
}
