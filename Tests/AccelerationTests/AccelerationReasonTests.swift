// SPDX-License-Identifier: BSD-3-Clause

import Testing

@testable import Acceleration

@Suite struct AccelerationReasonTests {
    @Test(arguments: [
        (String(repeating: "a", count: 257), 256),
        (String(repeating: "a", count: 255) + "é", 255),
        (String(repeating: "a", count: 254) + "é", 256),
        (String(repeating: "𝄞", count: 65), 256),
        ("a" + String(repeating: "𝄞", count: 64), 253),
    ])
    func textIsCutBetweenTwoScalars(text: String, octets: Int) {
        let kept = AccelerationReason(.ruleRefused, text).text
        #expect(kept.utf8.count == octets)
        #expect(text.unicodeScalars.starts(with: kept.unicodeScalars))
    }

    @Test func controlCharactersBecomeSpaces() {
        #expect(AccelerationReason(.ruleRefused, "a\u{1B}[2Jb\0c\u{9B}d\r\n").text == "a [2Jb c d  ")
    }

    @Test func codesKeepTheirNumbers() {
        #expect(AccelerationReason.Code.allCases.map(\.rawValue) == Array(0...21))
        #expect(AccelerationReason.Code.ruleLeaks.rawValue == 7)
        #expect(AccelerationReason.Code.trust.rawValue == 18)
    }

    @Test func descriptionHasTheDriversOwnWords() {
        #expect("\(AccelerationReason(.ruleRefused, "not supported"))" == "ruleRefused: not supported")
        #expect("\(AccelerationState.refused(AccelerationReason(.quota)))" == "refused(quota)")
    }
}
