// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Foundation
import Netback
import Testing
import Wire

/// Control messages between a frontend and a plugin, which netback carries.
@Suite struct ControlLinkTests {
    @Test func messagesGoBothWays() throws {
        try Rig.runWithPlugin { rig, plugin in
            let (backend, frontend) = InMemoryControlLink.makePair()
            let one = try rig.netback.addVif(rig.vif(1), link: backend)
            let offer = ControlMessage.offer(version: 1, mac: Rig.mac(1), plugin: "counting", maximumStash: 9)
            #expect(plugin.host.send(offer, vif: one) == .sent)
            #expect(frontend.receive() == .message(offer))
            let answers: [ControlMessage] = [.accept(version: 1)] + (1...40).map { .opened(id: $0) }
            for answer in answers { #expect(frontend.send(answer) == .sent) }
            try rig.require("the plugin gets them") { plugin.calls.count { $0.isMessage } == answers.count }
            #expect(
                plugin.calls.filter(\.isMessage) == answers.map { .message(one, ControlCodec.encode($0)) },
                "in order, and as they were encoded")
        }
    }

    @Test func aFullLinkAndAMissingOneAreTold() throws {
        try Rig.runWithPlugin { rig, plugin in
            let (backend, frontend) = InMemoryControlLink.makePair()
            let one = try rig.netback.addVif(rig.vif(1), link: backend)
            let two = try rig.netback.addVif(rig.vif(2), link: nil)
            for number in 1...InMemoryControlLink.capacity {
                #expect(plugin.host.send(.rulesRemoved(id: UInt32(number)), vif: one) == .sent)
            }
            #expect(plugin.host.send(.rulesRemoved(id: 99), vif: one) == .full)
            _ = frontend.receive()
            #expect(plugin.host.send(.rulesRemoved(id: 99), vif: one) == .sent)
            #expect(plugin.host.send(.rulesRemoved(id: 1), vif: two) == .refused)
            #expect(plugin.host.send(.rulesRemoved(id: 1), vif: 1234) == .refused)
        }
    }

    @Test func aViolationReachesThePluginAsAnEmptyMessage() throws {
        try Rig.runWithPlugin { rig, plugin in
            let (backend, frontend) = InMemoryControlLink.makePair()
            let one = try rig.netback.addVif(rig.vif(1), link: backend)
            for hostile in [[], [0], [UInt8](repeating: 0xAC, count: 5000), ControlCodec.encode(.rulesRemoved(id: 1))]
                as [[UInt8]]
            {
                let before = plugin.count(.message(one, []))
                #expect(frontend.send(encoded: hostile) == .sent)
                try rig.require("the plugin is told") { plugin.count(.message(one, [])) == before + 1 }
            }
            // The link was reset: a frontend that comes to its senses is heard.
            #expect(frontend.send(.accept(version: 1)) == .sent)
            try rig.require("it is heard") { plugin.calls.last == .message(one, ControlCodec.encode(.accept(version: 1))) }
        }
    }

    /// A link whose sender is as fast as its reader: it never runs empty, up to a number that no scan comes near.
    private final class EndlessLink: ControlLink, @unchecked Sendable {
        // SAFETY (@unchecked Sendable): what changes is guarded by the lock.
        static let most = 100_000
        let side = ControlSide.backend
        private let plugin: CountingPlugin
        private let lock = NSLock()
        private var state = (read: 0, tick: 0, inTick: 0, mostInTick: 0)

        init(_ plugin: CountingPlugin) { self.plugin = plugin }

        var read: Int { lock.withLock { state.read } }
        /// Most messages that were read between two ticks of the plugin.
        var mostInTick: Int { lock.withLock { state.mostInTick } }

        func send(_ message: ControlMessage) -> ControlSendResult { .sent }
        func reset() {}
        func receive() -> ControlReceipt? {
            let tick = plugin.ticks
            return lock.withLock {
                guard state.read < Self.most else { return nil }
                state.read += 1
                state.inTick = tick == state.tick ? state.inTick + 1 : 1
                state.tick = tick
                state.mostInTick = max(state.mostInTick, state.inTick)
                return .message(.proven(id: 7))
            }
        }
    }

    @Test func aFloodOfMessagesDoesNotHoldUpOtherVifs() throws {
        try Rig.runWithPlugin { rig, plugin in
            let loud = EndlessLink(plugin)
            let (quietBackend, quiet) = InMemoryControlLink.makePair()
            _ = try rig.netback.addVif(rig.vif(1), link: loud)
            let two = try rig.netback.addVif(rig.vif(2), link: quietBackend)
            for round in 1...50 as ClosedRange<UInt32> {
                #expect(quiet.send(.opened(id: round)) == .sent)
                try rig.require("the quiet one is heard") {
                    plugin.count(.message(two, ControlCodec.encode(.opened(id: round)))) == 1
                }
            }
            #expect(loud.read > 0 && loud.mostInTick <= 64, "\(loud.mostInTick) messages in one scan")
        }
    }

    @Test func withoutAPluginMessagesAreThrownAway() throws {
        try Rig.run { rig in
            let (backend, frontend) = InMemoryControlLink.makePair()
            let one = try rig.netback.addVif(rig.vif(1), link: backend)
            for number in 1...500 as ClosedRange<UInt32> {
                try rig.require("there is room again") { frontend.send(.opened(id: number)) == .sent }
            }
            wait(milliseconds: 50)
            let plugin = CountingPlugin()
            try rig.load(plugin)
            #expect(frontend.send(.accept(version: 1)) == .sent)
            try rig.require("what is said now is heard") { plugin.calls.contains { $0.isMessage } }
            #expect(plugin.calls.filter(\.isMessage) == [.message(one, ControlCodec.encode(.accept(version: 1)))])
        }
    }

    @Test func noEventIsLostWhileTheControlPlaneIsBusy() throws {
        try Rig.runWithPlugin { rig, plugin in
            let one = try rig.netback.addVif(rig.vif(1), link: nil)
            let two = try rig.netback.addVif(rig.vif(2), link: nil)
            let host = plugin.host
            // The plugin keeps the control thread for a while: the ring of events fills, and then that of commands.
            plugin.atTick(plugin.ticks + 2) { usleep(300_000) }
            var accepted = 0
            var refused = 0
            for _ in 0..<6000 {
                for call in [host.hold(vif: one), host.release(vif: one), host.hold(vif: two), host.release(vif: two)] {
                    if call == .done { accepted += 1 } else { refused += 1 }
                }
            }
            #expect(refused > 0, "the rings are larger than the test thinks")
            try rig.require("each call that was taken is answered") {
                plugin.events(of: one).count + plugin.events(of: two).count == accepted
            }
            wait(milliseconds: 20)
            #expect(plugin.events(of: one).count + plugin.events(of: two).count == accepted)
            #expect(host.release(vif: one) == .done)
            #expect(host.release(vif: two) == .done)
        }
    }
}

extension CountingPlugin.Call {
    var isMessage: Bool { if case .message = self { true } else { false } }
}
