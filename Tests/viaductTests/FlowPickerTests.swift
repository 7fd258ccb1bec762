// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

@testable import viaduct

@Suite struct FlowPickerTests {
    @Test func evenFlowsTakeTurns() {
        var picker = FlowPicker(flowCount: 3, popularity: .even)
        #expect((0..<7).map { _ in picker.next() } == [0, 1, 2, 0, 1, 2, 0])
    }

    /// Every flow comes as often as Zipf's law says, within five standard deviations of the binomial distribution.
    @Test(arguments: [(1, 1.1), (2, 0.5), (16, 1.1), (1000, 1.1), (1000, 3)])
    func flowsFollowZipfsLaw(_ row: (flows: Int, exponent: Double)) {
        let draws = 400_000
        var picker = FlowPicker(flowCount: row.flows, popularity: .zipf(exponent: row.exponent, seed: 7))
        var counts = Array(repeating: 0, count: row.flows)
        for _ in 0..<draws { counts[picker.next()] += 1 }
        let sum = (1...row.flows).reduce(0.0) { $0 + pow(Double($1), -row.exponent) }
        for flow in 0..<row.flows {
            let expected = Double(draws) * pow(Double(flow + 1), -row.exponent) / sum
            #expect(abs(Double(counts[flow]) - expected) <= 5 * expected.squareRoot() + 3, "flow \(flow)")
        }
    }

    @Test func theSameSeedGivesTheSameFlows() {
        var one = FlowPicker(flowCount: 100, popularity: .zipf(exponent: 1, seed: 1))
        var other = FlowPicker(flowCount: 100, popularity: .zipf(exponent: 1, seed: 1))
        var another = FlowPicker(flowCount: 100, popularity: .zipf(exponent: 1, seed: 2))
        let flows = (0..<100).map { _ in one.next() }
        #expect(flows == (0..<100).map { _ in other.next() })
        #expect(flows != (0..<100).map { _ in another.next() })
    }
}
