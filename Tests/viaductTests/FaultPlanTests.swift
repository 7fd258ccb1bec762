// SPDX-License-Identifier: BSD-3-Clause
import Testing

@testable import viaduct

/// When which fault begins and ends.
@Suite struct FaultPlanTests {
    private func plans(_ faults: Set<DemoFault> = DemoFault.everything, seconds: Double = 15) -> [FaultPlan] {
        (1...50).map { FaultPlan(faults, seconds: seconds, seed: $0) }
    }

    @Test func everyFaultHappensAndIsMendedInTime() {
        for plan in plans() {
            #expect(plan.steps == plan.steps.sorted { $0.at < $1.at })
            #expect(plan.steps.allSatisfy { (0...15).contains($0.at) })
            for fault in DemoFault.allCases {
                let ends = plan.steps.filter { $0.fault == fault }
                #expect(!ends.isEmpty && ends.count.isMultiple(of: 2), "\(fault)")
                // Begin and end take turns: it never happens twice at once.
                #expect(ends.enumerated().allSatisfy { $0.element.begins == $0.offset.isMultiple(of: 2) }, "\(ends)")
                for (begin, end) in zip(ends, ends.dropFirst()) where begin.begins {
                    #expect(begin.choice == end.choice)
                    #expect((FaultPlan.shortest...FaultPlan.longest).contains(end.at - begin.at + 1e-9))
                }
            }
        }
    }

    @Test func aShortRunHasTimeForAllOfThem() {
        for plan in plans(seconds: 1) { #expect(Set(plan.steps.map(\.fault)) == DemoFault.everything) }
    }

    @Test func onlyWhatWasAskedForHappens() {
        for plan in plans([.linkDown]) { #expect(Set(plan.steps.map(\.fault)) == [.linkDown] && plan.steps.count > 10) }
        for plan in plans([]) { #expect(plan.steps.isEmpty) }
    }

    @Test func theSeedDecides() {
        let plan = FaultPlan(DemoFault.everything, seconds: 15, seed: 3)
        #expect(plan == FaultPlan(DemoFault.everything, seconds: 15, seed: 3))
        #expect(plan != FaultPlan(DemoFault.everything, seconds: 15, seed: 4))
        #expect(Set(plans().compactMap(\.steps.first?.fault)).count > 3)
    }

    @Test func stepsAreTakenWhenTheirTimeHasCome() throws {
        var plan = FaultPlan(DemoFault.everything, seconds: 15, seed: 3)
        let first = try #require(plan.steps.first)
        let count = plan.steps.count
        #expect(plan.takeDue(at: first.at - 0.001) == nil)
        #expect(plan.takeDue(at: first.at) == first && plan.steps.count == count - 1)
        while plan.takeDue(at: 15) != nil {}
        #expect(plan.steps.isEmpty)
    }

    @Test func faultsAreKnownByTheirNames() {
        #expect(DemoFault.parse("all") == DemoFault.everything)
        #expect(DemoFault.parse("linkDown,reset") == [.linkDown, .reset])
        #expect(DemoFault.parse("reset,all") == DemoFault.everything)
        for wrong in ["", "nothing", "reset,", ",reset", "Reset", "reset, linkDown"] { #expect(DemoFault.parse(wrong) == nil) }
    }
}
