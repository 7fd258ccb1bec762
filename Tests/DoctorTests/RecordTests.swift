// SPDX-License-Identifier: BSD-3-Clause
import Doctor
import Foundation
import Testing

/// Hosts that are written down.
@Suite struct RecordTests {
    @Test(arguments: Ward.all) func aRecordOfARecordSaysTheSame(_ ward: Ward) throws {
        let record = try ward.record()
        let recorder = HostRecorder(record, source: record.source, dpdk: record.dpdk)
        let first = try ward.examine(recorder)
        #expect(try ward.examine(RecordedHost(recorder.record.data)) == first)
        #expect(try first == ward.examine())
    }

    @Test func thisHostCanBeLookedAtAndRecorded() throws {
        let recorder = HostRecorder(LiveHost(), source: "test", dpdk: "DPDK 22.11.11")
        let report = Doctor.examine(recorder, dpdk: "DPDK 22.11.11")
        let again = try RecordedHost(recorder.record.data)
        #expect(Doctor.examine(again, dpdk: again.dpdk) == report)
        #expect(again.text("/proc/cpuinfo")?.contains("processor") == true)
        #expect(Set(report.findings.map(\.check)).isSuperset(of: [.dpdk, .processor, .hugepages, .cpus]))
    }

    @Test(
        arguments: [
            ("", "is no record of a host: it is not JSON"), ("{", "is no record of a host: it is not JSON"),
            ("[]", "is no record of a host: it is of another type"), ("{}", "is no record of a host: version is missing"),
            (
                #"{"version": 2, "source": "", "dpdk": "", "files": {}, "links": {}, "folders": {}, "states": {}}"#,
                "has version 2; this program reads 1"
            ),
            (
                #"{"version": 1, "source": "", "dpdk": "", "files": 1, "links": {}, "folders": {}, "states": {}}"#,
                "is no record of a host: files is of another type"
            ),
        ])
    func whatIsNoRecordIsRefused(_ text: String, _ words: String) {
        let error = #expect(throws: RecordedHostError.self) { try RecordedHost(Data(text.utf8)) }
        #expect(error?.description == words)
    }

    /// Whatever is in a file of the host's, the doctor says something and goes on.
    @Test func nonsenseInAnyFileIsSurvived() throws {
        for ward in [1, 4, 7, 12].map({ Ward.all[$0] }) {
            let paths = try ward.record().files.keys.sorted()
            for path in paths {
                for nonsense in ["", "\0", "-1", "9223372036854775807", "3-1"] {
                    let host = try ward.record()
                    host.files[path] = nonsense
                    #expect(try !ward.examine(host).findings.isEmpty)
                }
            }
        }
    }
}
