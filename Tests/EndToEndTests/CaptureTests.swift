// SPDX-License-Identifier: BSD-3-Clause
import Testing

extension EndToEnd {
    /// The demonstration with a capture in the place of generated flows.
    struct CaptureTests {
        @Test(arguments: Account.available)
        func aReplayedCaptureKeepsItsOrderOnBothPaths(account: Account) throws {
            let place = try Workplace()
            let file = try place.file("capture.pcap", CaptureFile.frames(500))
            let result = try DemoResult(place.run(["demo", "--json", "--seconds", "6", "--pcap", file], as: account))
            result.expectPromises()
            result.expectBothPaths()
        }
    }
}
