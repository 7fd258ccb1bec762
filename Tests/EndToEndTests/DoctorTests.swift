// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

extension EndToEnd {
    /// `viaduct doctor`
    struct DoctorTests {
        private static let hosts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../DoctorTests/Hosts").standardized

        private struct Report: Decodable {
            struct Finding: Decodable {
                let check: String
                let severity: String
                let evidence: String
                let remedy: String?
            }
            let version: Int
            let findings: [Finding]
        }

        private func report(_ result: CommandResult) throws -> Report {
            try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
        }

        @Test(arguments: Account.available) func thisHostIsLookedAtByWhoever(_ account: Account) throws {
            let place = try Workplace()
            let result = try place.run(["doctor", "--json"], as: account)
            let report = try report(result)
            let worst = Set(report.findings.map(\.severity))
            #expect(result.exitCode == (worst.contains("error") ? 4 : worst.contains("warning") ? 3 : 0))
            #expect(report.version == 1 && report.findings.contains { $0.check == "dpdk" })
            #expect(result.errors.isEmpty)
        }

        @Test func aDaemonThatCannotRunHereIsToldWhy() throws {
            let place = try Workplace()
            let file = try place.file(
                "doctor.yaml",
                Array(
                    """
                    version: 1
                    lcores: {cpus: ["200", "201"]}
                    uplinks: [{pci: "0000:01:00.0"}]
                    memory: {pages: shared, megabytes: 300}
                    vifs: [{name: a, mac: "02:00:00:00:00:01", kind: vm, socket: /run/a}]
                    """.utf8))
            let host = Self.hosts.appendingPathComponent("ixgbe-x520.json").path
            let result = try place.run(["doctor", "--json", "--config", file, "--recorded", host])
            #expect(result.exitCode == 4)
            let findings = try report(result).findings
            #expect(findings.contains { $0.check == "cpus" && $0.severity == "error" && $0.evidence.hasSuffix("online: 0-7") })
            #expect(findings.contains { $0.check == "hugepages" && $0.remedy?.hasPrefix("echo 150 > ") == true })
            let text = try place.run(["doctor", "--config", file, "--recorded", host])
            #expect(text.exitCode == 4 && text.outputLines.last?.contains(" errors, ") == true)
            #expect(text.output.contains("\n         > modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci 0000:01:00.0\n"))
        }

        @Test func aRecordSaysWhatTheHostSaid() throws {
            let place = try Workplace()
            let file = place.folder.appendingPathComponent("host.json").path
            let first = try place.run(["doctor", "--record", file])
            let second = try place.run(["doctor", "--recorded", file])
            #expect(first.output == second.output && first.exitCode == second.exitCode && !first.output.isEmpty)
        }
    }
}
