// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Testing

@testable import AcceleratedBackend

/// A rule that is accepted, and frames that are seen no more.
@Suite struct SilenceTests {
    /// Until the rule is in and its fence sent, by a frontend that never sees a frame on its VI.
    private func prove(_ rig: BackendRig) {
        rig.add(1)
        rig.run()
        rig.receive(for: 1)
        for _ in 0..<4 {
            rig.tick()
            for event in rig.host.events {
                rig.happen(event.event, event.vif)
                if case .fenceSent(let sequence) = event.event, let id = rig.grants[1]?.last {
                    rig.say(.fenceReached(id: id, sequence: sequence, stashed: 0), 1)
                }
            }
            rig.host.events = []
            rig.answer()
        }
    }

    @Test func aRuleThatSwallowsFramesIsFoundOutAndNotTriedAgain() throws {
        let rig = try BackendRig()
        prove(rig)
        #expect(rig.state(1) == .proving)
        rig.tick(milliseconds: 4900)
        #expect(rig.state(1) == .proving, "not before its time")
        rig.tick(milliseconds: 200)
        rig.run()
        #expect(rig.backend.ruleCount == 0)
        // The rule is gone, and there they are again.
        rig.receive(for: 1)
        rig.run()
        #expect(rig.backend.steering(vif: 1)?.refused.first?.reason == "its rule is accepted, and frames vanish")
        #expect(rig.state(1)?.reason?.text.contains("frames vanish") == true)
        let asked = rig.programmer.asked.count
        rig.receive(for: 1)
        rig.run(rounds: 40)
        #expect(rig.programmer.asked.count == asked)
        rig.expectNothingInUse(free: 2)
    }

    @Test func aSenderThatStoppedSaysNothingAgainstTheRule() throws {
        let rig = try BackendRig()
        prove(rig)
        rig.tick(milliseconds: 5100)
        rig.run()
        rig.tick(milliseconds: 1100)
        rig.run()
        #expect(rig.state(1) == .granted, "offered anew, and waiting for a frame")
        rig.connect(1)
        #expect(rig.state(1) == .connected && rig.backend.steering(vif: 1)?.refused.isEmpty == true)
    }

    /// The question was open when the port was restarted: what comes much later is no answer to it.
    @Test func aQuestionThatARestartMadeVoidIsNotAnsweredLater() throws {
        let rig = try BackendRig()
        prove(rig)
        rig.tick(milliseconds: 5100)
        rig.run(rounds: 2)
        rig.suspendPort()
        rig.run()
        rig.resumePort()
        rig.connect(1)
        #expect(rig.state(1) == .connected)
        let grant = try #require(rig.grants[1]?.last)
        rig.say(.withdraw(id: grant, AccelerationReason(.pluginRemoved)), 1)
        rig.run()
        #expect(rig.state(1) == .refused(AccelerationReason(.pluginRemoved)))
        rig.receive(10, for: 1)
        rig.run()
        #expect(rig.backend.steering(vif: 1)?.refused.contains { $0.form == .destinationMAC } == false)
    }

    @Test func leaksAreNoSilence() throws {
        let rig = try BackendRig()
        prove(rig)
        for _ in 0..<12 {
            rig.receive(for: 1)
            rig.tick(milliseconds: 1000)
        }
        #expect(rig.state(1) == .proving)
    }
}
