// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

extension EndToEnd {
    /// The demonstration in which everything goes wrong.
    struct FaultDemoTests {
        private struct Account: Decodable {
            let `in`: UInt64
            let delivered: UInt64
            let drops: [String: UInt64]
            let held: UInt64
            var isBalanced: Bool { `in` == delivered + drops.values.reduce(0, +) + held }
        }
        private struct Vif: Decodable {
            let name: String
            let form: String?
            let acceleratedAgainMillis: Double?
            let toGuest: Account
            let fromGuest: Account
            let identityHolds: Bool
            let lost: UInt64
        }
        private struct RoundTrip: Decodable {
            let sent: UInt64
            let lost: UInt64
            let cut: UInt64
            let unexplained: UInt64
        }
        private struct Port: Decodable {
            let resets: UInt64
            let recoveries: UInt64
            let failures: UInt64
        }
        private struct Report: Decodable {
            let faults: [String: Int]
            let vifs: [Vif]
            let host: Account
            let identityHolds: Bool
            let acceleratedAgainMillis: Double?
            let roundTrip: RoundTrip
            let port: Port
            let mbufsInUse: Int
            let leakedMbufs: Int
        }

        /// Runs it, and judges it by the numbers alone.
        private func run(_ arguments: String...) throws -> Report {
            let result = try Workplace().run(["demo", "--json"] + arguments)
            #expect(result.exitCode == 0, "\(result.errors)")
            #expect(result.errors == "")
            #expect(result.outputLines.count == 1)
            let line = try #require(result.outputLines.last)
            let report = try JSONDecoder().decode(Report.self, from: Data(line.utf8))
            for vif in report.vifs {
                #expect(vif.toGuest.isBalanced && vif.fromGuest.isBalanced && vif.identityHolds, "\(vif)")
                #expect(vif.toGuest.in > 1000 && vif.fromGuest.in > 1000, "\(vif)")
                #expect(vif.acceleratedAgainMillis != nil && vif.form != nil, "\(vif)")
            }
            #expect(report.host.isBalanced && report.identityHolds, "\(report.host)")
            let explained = report.host.drops.values.reduce(0, +) + report.host.held + report.roundTrip.cut
            #expect(report.roundTrip.lost <= explained && report.roundTrip.unexplained == 0, "\(line)")
            #expect(report.acceleratedAgainMillis != nil)
            #expect(report.mbufsInUse == 0 && report.leakedMbufs == 0)
            return report
        }

        @Test func afterEveryFaultAllAddsUpAndAllIsFastAgain() throws {
            let report = try run("--faults", "all", "--seconds", "15", "--seed", "3")
            #expect(report.vifs.map(\.name) == ["guest0", "guest1"])
            #expect(
                Set(report.faults.keys) == [
                    "tableFull", "creationRefused", "rulesIgnored", "linkDown", "transmitErrors", "framesCut", "stuckReceive",
                    "stuckTransmit", "reset", "resetRefused", "recovery",
                ])
            #expect(report.faults.values.allSatisfy { $0 > 0 })
            #expect(report.port.resets > 0 && report.port.recoveries > 0 && report.port.failures > 0)
            #expect(report.roundTrip.lost > 0, "faults that cost nothing were none")
        }

        @Test(arguments: ["ixgbe-82599", "none"])
        func aPortIsResetAgainAndAgain(nic: String) throws {
            let report = try run("--faults", "reset", "--seconds", "8", "--vifs", "3", "--nic", nic)
            #expect(report.vifs.count == 3 && Set(report.faults.keys) == ["reset"])
            #expect(report.port.resets > 3 && report.port.failures == 0)
        }

        @Test func thePrintedReportSaysTheSame() throws {
            let result = try Workplace().run(["demo", "--faults", "reset,linkDown", "--seconds", "4"])
            #expect(result.exitCode == 0 && result.errors == "")
            #expect(result.output.contains("reset begins") && result.output.contains("unexplained 0"))
            #expect(!result.output.contains("DOES NOT HOLD"))
        }
    }
}
