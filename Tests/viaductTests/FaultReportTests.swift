// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

@testable import viaduct

/// What a run with faults comes to, and when it has failed.
@Suite struct FaultReportTests {
    private func account(_ in: UInt64, _ delivered: UInt64, _ drops: [String: UInt64] = [:], held: UInt64 = 0) -> FrameAccount {
        var account = FrameAccount()
        account.in = `in`
        account.delivered = delivered
        account.drops = drops
        account.held = held
        return account
    }

    private func report(
        toGuest: FrameAccount? = nil, fromGuest: FrameAccount? = nil, host: FrameAccount? = nil, again: Double? = 12.5,
        unexplained: UInt64 = 0, mbufsInUse: Int = 0
    ) -> FaultReport {
        let vif = VifAccount(
            toGuest: toGuest ?? account(10, 7, ["vringFull": 2], held: 1), fromGuest: fromGuest ?? account(7, 7))
        return FaultReport(
            nic: "sfc", seed: 1, seconds: 15, faults: ["reset": 3],
            vifs: [
                FaultReport.Vif(
                    name: "guest0", form: "A", acceleratedAgainMillis: again, account: vif, lost: 3, reordered: 0, duplicated: 0,
                    possibleReorderings: 1)
            ], host: host ?? account(100, 90, ["nic.linkDown": 10]),
            roundTrip: FaultReport.RoundTrip(
                sent: 10, lost: 3, reordered: 0, duplicated: 0, cut: 0, unexplained: unexplained),
            port: FaultReport.Port(resets: 3, recoveries: 0, failures: 0), mbufsInUse: mbufsInUse)
    }

    @Test func aReasonThatNeverCameIsNotListed() {
        var account = account(5, 3)
        account.drop("runt", 0)
        account.drop("vringFull", 1)
        account.drop("vringFull", 1)
        #expect(account.drops == ["vringFull": 2] && account.dropped == 2 && account.isBalanced)
        account.held = 1
        #expect(!account.isBalanced)
    }

    @Test func lossesThatAreAccountedForAreNoFailure() {
        #expect(report().complaint == nil && report().identityHolds && report().acceleratedAgainMillis == 12.5)
    }

    @Test func whateverDoesNotAddUpIsAFailure() throws {
        let complaints = [
            report(toGuest: account(10, 7, ["vringFull": 2])), report(fromGuest: account(7, 6)), report(host: account(100, 90)),
            report(again: nil), report(unexplained: 1), report(mbufsInUse: 1),
        ].map(\.complaint)
        let words = ["guest0 do not add up", "guest0 do not add up", "host's frames", "accelerated again", "no reason", "mbufs"]
        for (complaint, word) in zip(complaints, words) { #expect(try #require(complaint).contains(word)) }
        #expect(report(host: account(100, 90)).summary.contains("DOES NOT HOLD"))
    }

    @Test func theJSONSaysAllOfIt() throws {
        let data = Data(try report(again: nil).jsonLine().utf8)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "nic", "seed", "seconds", "faults", "vifs", "host", "identityHolds", "acceleratedAgainMillis", "roundTrip",
                "port",
                "mbufsInUse", "leakedMbufs",
            ])
        #expect(object["acceleratedAgainMillis"] is NSNull && object["identityHolds"] as? Bool == true)
        #expect(object["faults"] as? [String: Int] == ["reset": 3])
        let vif = try #require((object["vifs"] as? [[String: Any]])?.first)
        #expect(
            Set(vif.keys) == [
                "name", "form", "acceleratedAgainMillis", "toGuest", "fromGuest", "identityHolds", "lost", "reordered",
                "duplicated",
                "possibleReorderings",
            ])
        let toGuest = try #require(vif["toGuest"] as? [String: Any])
        #expect(toGuest["in"] as? Int == 10 && toGuest["delivered"] as? Int == 7 && toGuest["held"] as? Int == 1)
        #expect(toGuest["drops"] as? [String: Int] == ["vringFull": 2])
    }

    @Test func theSummaryNamesGuestsFaultsAndReasons() {
        let summary = report().summary
        let equation = "in 10 = delivered 7 + dropped 2 + held 1"
        for words in ["reset 3", "guest0", equation, "fast again in 12.5 ms", "nic.linkDown 10"] {
            #expect(summary.contains(words), "\(words)")
        }
    }
}
