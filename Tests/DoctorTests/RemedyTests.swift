// SPDX-License-Identifier: BSD-3-Clause
import Doctor
import Foundation
import Testing

/// Whether what the doctor advises helps: each command is run, in a copy of the host.
@Suite struct RemedyTests {
    @Test(arguments: Ward.all) func everyCommandMendsWhatItIsFor(_ ward: Ward) throws {
        for finding in try ward.examine().findings {
            guard let remedy = finding.remedy else { continue }
            #expect(finding.severity != .fine, "\(finding)")
            let folder = try HostFolder(try ward.record())
            let result = try folder.carryOut(remedy)
            #expect(result.code == 0, "\(remedy): \(result.output)")
            let left = try ward.examine(folder).findings.filter { $0.check == finding.check && $0.subject == finding.subject }
            #expect(!left.contains { $0.text == finding.text }, "\(remedy) did not help: \(left)")
            #expect(left.allSatisfy { $0.severity <= finding.severity }, "\(remedy) made it worse: \(left)")
        }
    }

    /// One after the other, as an operator would; what no command can mend is left.
    @Test(arguments: Ward.all) func togetherTheyLeaveNothingThatACommandCouldMend(_ ward: Ward) throws {
        let folder = try HostFolder(try ward.record())
        for _ in 0..<20 {
            guard let remedy = try ward.examine(folder).findings.compactMap(\.remedy).first else { break }
            #expect(try folder.carryOut(remedy).code == 0, "\(remedy)")
        }
        let left = try ward.examine(folder).findings
        #expect(left.allSatisfy { $0.remedy == nil }, "\(left.compactMap(\.remedy))")
    }

    /// The copy is as good as what it is a copy of.
    @Test(arguments: Ward.all) func aCopyHasTheSameFindings(_ ward: Ward) throws {
        #expect(try ward.examine(HostFolder(try ward.record())) == ward.examine())
    }
}
