// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control
import DPDK
import Doctor
import Foundation

/// `viaduct doctor`
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Says what this host lacks to run Viaduct well, and how to mend it.",
        discussion: """
            Looks, and changes nothing: it needs no root, though some of the host may be hidden from others. Each finding has what was \
            found and where, and, where one can mend it, the command. With --config the findings are about that daemon and its uplink; \
            otherwise about every NIC that is known.

            Exit code: 0 when nothing is worse than a note, 3 when the worst is a warning, 4 when it is an error.
            """)

    @Option(help: ArgumentHelp("The configuration of the daemon that is to run here.", valueName: "file"))
    var config: String?
    @Flag(help: "Print the findings as one JSON object.")
    var json = false
    @Option(
        help: ArgumentHelp(
            "Also write what was looked at to a file, which --recorded reads: for somebody who is to help.", valueName: "file"))
    var record: String?
    @Option(help: ArgumentHelp("Look at a host that was recorded, not at this one.", valueName: "file"))
    var recorded: String?

    func validate() throws {
        if record != nil, recorded != nil { throw ValidationError("Give --record or --recorded, not both.") }
    }

    func run() throws {
        Interruption.leaveToSystem()
        let daemon = try config.map { file in
            // Whether its CPUs are there is a finding.
            let configuration = try DaemonConfiguration(file: file, processors: Doctor.maximumProcessors)
            return PlannedDaemon(configuration, megabytes: HostMemory(configuration).megabytes)
        }
        let report = try examine(daemon)
        Console.line(json ? try report.jsonLine() : DoctorText.of(report))
        if report.worst.exitCode != 0 { throw ExitCode(report.worst.exitCode) }
    }

    private func examine(_ daemon: PlannedDaemon?) throws -> DoctorReport {
        if let recorded {
            let host = try RecordedHost(file: recorded)
            return Doctor.examine(host, dpdk: host.dpdk, daemon: daemon)
        }
        guard let record else { return Doctor.examine(LiveHost(), dpdk: EAL.version, daemon: daemon) }
        let recorder = HostRecorder(LiveHost(), source: "viaduct doctor --record", dpdk: EAL.version)
        let report = Doctor.examine(recorder, dpdk: EAL.version, daemon: daemon)
        do { try recorder.record.data.write(to: URL(fileURLWithPath: record)) } catch {
            throw CommandFailure("\(record) can't be written: \(error.localizedDescription)")
        }
        return report
    }
}

extension RecordedHost {
    /// - Throws: a line for the user.
    convenience init(file: String) throws {
        do { try self.init(Data(contentsOf: URL(fileURLWithPath: file))) } catch let error as RecordedHostError {
            throw CommandFailure("\(file) \(error)")
        } catch { throw CommandFailure("\(file) can't be read: \(error.localizedDescription)") }
    }
}

/// Findings for people: the worst last, where a terminal shows it.
enum DoctorText {
    static func of(_ report: DoctorReport) -> String {
        var lines = Severity.allCases.flatMap { severity in
            report.findings.filter { $0.severity == severity }.flatMap(Self.lines)
        }
        let counts = Severity.allCases.reversed().compactMap { severity -> String? in
            let count = report.findings.count { $0.severity == severity }
            guard count > 0 else { return nil }
            return severity == .fine ? "\(count) fine" : "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
        }
        lines.append(counts.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }

    private static func lines(_ finding: Finding) -> [String] {
        let label = finding.severity.rawValue
        let subject = finding.subject.map { " \($0)" } ?? ""
        var lines = [
            label + String(repeating: " ", count: 9 - label.count) + "\(finding.check.rawValue)\(subject): \(finding.text)",
            "           \(finding.evidence)",
        ]
        if let remedy = finding.remedy { lines.append("         > \(remedy)") }
        return lines
    }
}
