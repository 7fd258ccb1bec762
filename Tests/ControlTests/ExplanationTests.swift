// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Control
import Foundation
import Testing

/// What `viaduct explain` says.
@Suite struct ExplanationTests {
    private static func explain(_ vif: VifReport, _ status: StatusReport? = nil) throws -> Explanation {
        let host = Told(status ?? FakeHost.status([vif]))
        let reply = ControlService(host).answer(Array("{\"version\":1,\"command\":\"explain\",\"vif\":\"\(vif.name)\"}".utf8))
        return try #require(try JSONDecoder().decode(ControlReply<Explanation>.self, from: Data(reply)).result)
    }

    @Test func everyReasonHasAnAnswerOfItsOwn() throws {
        let codes = AccelerationReason.Code.allCases
        let answers = try codes.map { code in
            var vif = FakeHost.vif("g0")
            vif.state = "refused"
            vif.reason = VifReport.Reason(code: "\(code)", words: "ENOTSUP from the driver")
            let found = try Self.explain(vif)
            #expect(found.meaning == code.meaning && found.advice == code.advice)
            #expect(found.reason?.words == "ENOTSUP from the driver")
            return found
        }
        #expect(answers.allSatisfy { $0.meaning.count > 10 && $0.advice.count > 10 })
        #expect(Set(answers.map(\.meaning)).count == codes.count)
        #expect(Set(answers.map(\.advice)).count == codes.count)
    }

    @Test func aGuestThatIsNotThereIsTheFirstReason() throws {
        var vif = FakeHost.vif("g0")
        vif.isConnected = false
        vif.reason = VifReport.Reason(code: "noFreeVI", words: "")
        #expect(try Self.explain(vif).meaning.hasPrefix("No guest is connected"))
    }

    @Test func aVirtualMachineIsToldWhatItLacks() throws {
        #expect(try Self.explain(FakeHost.vif("g0", kind: .vm)).meaning.contains("this guest's kernel knows nothing of a VI"))
    }

    @Test func aRemoteGuestIsToldWhatItLacks() throws {
        var vif = FakeHost.vif("g0", kind: .remote)
        #expect(try Self.explain(vif).advice.contains("trusted: true"))
        vif.hasControlLink = false
        #expect(try Self.explain(vif).meaning.contains("has not come to the vif's control link"))
        vif.isAccelerationWanted = false
        #expect(try Self.explain(vif).meaning == AccelerationReason.Code.notWanted.meaning)
        vif.isAccelerationWanted = true
        vif.hasControlLink = true
        vif.state = "granted"
        #expect(try Self.explain(vif).meaning.hasPrefix("A VI is granted"))
        vif.path = .fast
        #expect(try Self.explain(vif).meaning.hasPrefix("The guest is accelerated"))
    }

    @Test func whatNobodyAskedForIsNoFault() throws {
        var vif = FakeHost.vif("g0")
        vif.isAccelerationWanted = false
        #expect(try Self.explain(vif).meaning == AccelerationReason.Code.notWanted.meaning)
    }

    @Test func aPortThatIsOutOfUseIsNamed() throws {
        let vif = FakeHost.vif("g0")
        var status = FakeHost.status([vif])
        status.uplink.outOfUse = "the port asked for a reset"
        #expect(try Self.explain(vif, status).meaning.contains("the port asked for a reset"))
    }

    @Test func whatIsUnderWayIsToldApart() throws {
        let states = ["none", "offered", "granted", "proving", "draining"]
        let meanings = try states.map { state in
            var vif = FakeHost.vif("g0")
            vif.state = state
            return try Self.explain(vif).meaning
        }
        #expect(Set(meanings).count == states.count)
        // Why a better form is not used says nothing of what is under way.
        var granted = FakeHost.vif("g0")
        granted.state = "granted"
        granted.reason = VifReport.Reason(code: "ruleRefused", words: "B: no pools")
        #expect(try Self.explain(granted).meaning == meanings[2])
        var fast = FakeHost.vif("g0")
        fast.path = .fast
        fast.state = "connected"
        #expect(try Self.explain(fast).meaning.hasPrefix("The guest is accelerated"))
    }

    @Test func countsAreWholeInTheReport() {
        let frames = FakeHost.status([]).switch.frames
        #expect(frames == FrameCount(in: 5, delivered: 2, drops: ["runt": 1], held: 2))
        #expect(frames.in == frames.delivered + frames.dropped + frames.held)
        let cut = SwitchReport(["guestReceived": 2, "segmentsAdded": 4, "wireTransmitted": 6]).frames
        #expect(cut.in == 6 && cut.delivered == 6)
    }
}
