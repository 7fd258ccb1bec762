// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

/// The release binary to look at, named by the environment variable VIADUCT_BINARY.
private let binary = ProcessInfo.processInfo.environment["VIADUCT_BINARY"]

/// What `@_noLocks` promises about the source, checked again on what the compiler made of it: code that was specialised, outlined
/// or merged with other code since.
@Suite(.enabled(if: binary != nil, "VIADUCT_BINARY names no release binary"))
struct BuiltBinaryTests {
    /// Pollers, hooks of three plugin halves and the driver halves of two devices in software.
    static let fewestRoots = 20

    private let disassembly: Disassembly
    private let declared: [String]

    init() throws {
        disassembly = try Disassembly.ofBinary(try #require(binary))
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        declared = try HotPathRoots.inSources(under: package.appendingPathComponent("Sources"))
    }

    @Test func everyHotFunctionOfTheSourcesIsInTheBinary() {
        #expect(declared.count >= Self.fewestRoots, "found only \(declared)")
        var checker = HotPathChecker(disassembly)
        #expect(checker.check(roots: declared).missing == [])
    }

    @Test func hotFunctionsCallNothingThatLocksAllocatesOrCountsReferences() {
        let entryPoints = HotPathRoots.swiftEntryPoints(in: disassembly)
        #expect(!entryPoints.isEmpty, "neither the poll loop nor a guest's device has a function of its own")
        var checker = HotPathChecker(disassembly)
        let finding = checker.check(roots: declared + entryPoints)
        #expect(finding.reached.count > declared.count, "no call was followed")
        for violation in finding.violations { Issue.record("\(violation)") }
    }

    /// Against a checker that is blind to this binary: code of the control plane must not pass.
    @Test func theCheckerSeesThatTheControlPlaneAllocates() throws {
        let start = try #require(disassembly.addresses.keys.first { $0.hasPrefix("$s9Dataplane9PollGroupC6lcores") })
        var checker = HotPathChecker(disassembly)
        #expect(!checker.check(roots: [start]).violations.isEmpty)
    }
}
