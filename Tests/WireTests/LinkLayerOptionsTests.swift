// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

struct LinkLayerOptionsTests {
    private static let own = Frames.octets(Frames.ourMAC)
    private static let other = Frames.octets(Frames.peerMAC)
    private static let nonce: [UInt8] = [14, 2] + [UInt8](repeating: 1, count: 14)

    /// Options, whether those of type 1 all name our address, and whether there is one.
    static let rows: [(name: String, options: [UInt8], allName: Bool, has: Bool)] = [
        ("none", [], true, false), ("another option", nonce, true, false),
        ("ours", [1, 1] + own, true, true), ("ours behind another option", nonce + [1, 1] + own, true, true),
        ("of the other type", [2, 1] + other, true, false),
        ("another's", [1, 1] + other, false, true), ("another's second", [1, 1] + own + [1, 1] + other, false, true),
        ("another's behind another option", nonce + [1, 1] + other, false, true),
        ("a longer one", [1, 2] + own + [UInt8](repeating: 0, count: 8), false, true),
        ("no length", [14, 0, 0, 0, 0, 0, 0, 0], false, true), ("beyond the end", [14, 2, 0, 0, 0, 0, 0, 0], false, true),
        ("seven bytes", [1, 1] + own.dropLast(), false, true), ("one byte more", [1, 1] + own + [1], false, true),
    ]

    @Test func everyOptionIsLookedAt() {
        for row in Self.rows {
            withView(row.options) {
                #expect($0.linkLayerOptions(ofType: 1, allName: Frames.ourMAC) == row.allName, "\(row.name)")
                #expect($0.hasLinkLayerOption(ofType: 1) == row.has, "\(row.name)")
            }
        }
    }
}
