// SPDX-License-Identifier: BSD-3-Clause
import Testing

/// The checker itself, on a binary of a few lines.
@Suite struct HotPathCheckerTests {
    private func check(_ roots: String..., in text: String = fixture) -> HotPathChecker.Finding {
        var checker = HotPathChecker(Disassembly(text))
        return checker.check(roots: roots)
    }

    @Test func retainInAFunctionThatIsCalledIsFoundWithItsCallers() {
        let finding = check("hot_poll")
        #expect(finding.violations.map(\.callee) == ["swift_retain@plt"])
        #expect(finding.violations.first?.chain == ["hot_poll", "middle", "leaf"])
        #expect(finding.violations.first?.address == 0x1204)
    }

    @Test func retainThatNothingHotReachesIsNotFound() {
        let finding = check("clean_poll")
        #expect(finding.violations == [])
        #expect(finding.reached == ["clean_poll", "clean_leaf"])
    }

    @Test func tailJumpIsFollowed() {
        #expect(check("tail_poll").violations.map(\.chain) == [["tail_poll", "leaf"]])
    }

    @Test func whatOnlyATrapFollowsIsCold() {
        #expect(check("trapping_poll").violations == [])
    }

    @Test func whatMayGoOnAfterwardsIsNotCold() {
        #expect(check("half_cold_poll").violations.map(\.callee) == ["swift_release@plt"])
    }

    @Test func aLoopThatNeverEndsIsNotCold() {
        #expect(check("endless_poll").violations.map(\.callee) == ["memcpy@plt"])
    }

    @Test func aFunctionThatOnlyTrapsIsColdForItsCallers() {
        let finding = check("outlined_trap_poll")
        #expect(finding.violations == [])
        #expect(!finding.reached.contains("outlined_trap"))
    }

    @Test func whatIsBehindTheEndOfAFunctionIsNotPartOfIt() {
        #expect(check("short_poll").violations == [])
    }

    @Test func aCallOfAFunctionWithoutANameIsFound() {
        #expect(check("stray_poll").violations.map(\.address) == [0xF100])
    }

    @Test func theShimIsNotLookedInto() {
        #expect(check("shim_poll").violations == [])
    }

    @Test func aFunctionOfAnotherLibraryIsFound() {
        #expect(check("foreign_poll").violations.map(\.callee) == ["$sSS6appendyySSF@plt"])
    }

    @Test func aCallThroughTheGlobalOffsetTableIsFound() {
        #expect(check("table_poll").violations.map(\.callee) == ["swift_once@Base"])
    }

    @Test func metadataAccessorOfTheBinaryItselfIsFound() {
        #expect(check("metadata_poll").violations.map(\.callee) == ["$s4Some4TypeVMa"])
    }

    @Test func callsThroughPointersAreLeftToTheirTargets() {
        #expect(check("indirect_poll").violations == [])
    }

    @Test func aJumpToFillerStaysInsideTheFunction() {
        #expect(check("aligned_poll").violations.map(\.callee) == ["free@plt"])
    }

    @Test func recursionEnds() {
        #expect(check("recursive_poll").violations.map(\.callee) == ["malloc@plt"])
    }

    @Test func missingRootIsTold() {
        let finding = check("clean_poll", "renamed_poll")
        #expect(finding.missing == ["renamed_poll"])
    }

    @Test func rootThatSharesItsCodeWithAnotherNameIsFollowed() {
        let finding = check("merged_poll")
        #expect(finding.missing == [])
        #expect(finding.violations.map(\.callee) == ["swift_retain@plt"])
    }

    @Test func rootsAreReadFromTheSources() {
        let source = """
            @c @_noLocks func one_poll(_ c: UnsafeMutableRawPointer) -> UInt32 { 0 }
            @c @_noLocks
            public func two_poll() {}
            @c(named_poll) @_noLocks
            func swiftName() {}
            @c func controlPlane() {}
            @_noLocks func notC() {}
            // @c @_noLocks func onlyMentioned() {}
            """
        #expect(HotPathRoots.inSource(source) == ["one_poll", "two_poll", "named_poll"])
    }
}
