// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK
import Foundation
import Testing
import Wire

@testable import Netback

@Suite struct SoftSteeringTests {
    /// A vif with a guest, a plugin, and a VI that frames for the vif are steered to.
    private func run(
        wireCapacity: Int = 4096, ring: Int = 4096, _ body: (Rig, SoftVI, CountingPlugin, UInt32) throws -> Void
    ) throws {
        try Rig.run(wireCapacity: wireCapacity) { rig in
            let plugin = CountingPlugin()
            let hooks = plugin.makeHooks()
            let vif = try rig.addGuest(1)
            unsafe try rig.netback.loadPlugin(hooks.table)
            let vi = try SoftVI("soft", pool: rig.guestPool.handle, capacity: ring)
            try steer(rig, vi, plugin, vif)
            try body(rig, vi, plugin, vif)
            try? rig.netback.unloadPlugin()
            try rig.settle()
            vi.empty()
            withExtendedLifetime(hooks) {}
        }
    }

    private func steer(_ rig: Rig, _ vi: SoftVI, _ plugin: CountingPlugin, _ vif: UInt32) throws {
        unsafe #expect(plugin.host.steer(vi.c, vif: vif) == .done)
        try rig.require("the vif is steered") { plugin.events(of: vif).contains(.steered) }
    }

    private func unsteer(_ rig: Rig, _ plugin: CountingPlugin, _ vif: UInt32) throws {
        #expect(plugin.host.unsteer(vif: vif) == .done)
        try rig.require("the vif is not steered any more") { plugin.events(of: vif).contains(.unsteered) }
    }

    private func frames(_ range: Range<UInt32>, to destination: MACAddress = Rig.mac(1)) -> [Bytes] {
        range.map { Frames.numbered($0, to: destination, from: Rig.station) }
    }

    private func sent(_ range: Range<UInt32>) -> [Bytes] {
        range.map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1)) }
    }

    @Test func steeredFramesGoToTheVIInOrderAndNowhereElse() throws {
        try run { rig, vi, _, vif in
            #expect(rig.wire.send(frames(0..<1000)))
            try rig.settle()
            #expect(vi.receive() == frames(0..<1000))
            #expect(rig.guest(vif).receive().isEmpty)
            #expect(rig.count("viDelivered", vif) == 1000)
        }
    }

    @Test func broadcastsAndFramesOfOtherGuestsGoSlow() throws {
        try run { rig, vi, _, vif in
            let two = try rig.addGuest(2)
            let broadcast = Frames.numbered(1, to: .broadcast, from: Rig.station)
            #expect(rig.wire.send([broadcast]))
            #expect(try rig.receive(1, at: vif) == [broadcast])
            let across = Frames.numbered(2, to: Rig.mac(1), from: Rig.mac(2))
            try rig.send([across], from: two)
            #expect(try rig.receive(1, at: vif) == [across])
            try rig.settle()
            #expect(vi.receive().isEmpty)
        }
    }

    @Test func unsteeredFramesGoSlowAgain() throws {
        try run { rig, vi, plugin, vif in
            #expect(rig.wire.send(frames(0..<100)))
            try rig.settle()
            try unsteer(rig, plugin, vif)
            #expect(rig.wire.send(frames(100..<200)))
            #expect(try rig.receive(100, at: vif) == frames(100..<200))
            #expect(vi.receive() == frames(0..<100))
        }
    }

    @Test func whatTheGuestSendsByItsVIGoesToTheWireAndIsSettled() throws {
        try run { rig, vi, _, vif in
            vi.send(sent(0..<1000))
            #expect(try rig.receiveFromWire(1000) == sent(0..<1000))
            #expect(vi.settled == 1000)
            #expect(rig.count("viReceived", vif) == 1000)
            // Behind what is settled, also by the other path.
            try rig.send(sent(1000..<1200), from: vif)
            #expect(try rig.receiveFromWire(200) == sent(1000..<1200))
        }
    }

    @Test func slowFramesSentAfterSettledOnesStayBehindThem() throws {
        try run { rig, vi, _, vif in
            #expect(rig.wire.send([Frames.numbered(0, to: Rig.mac(1), from: Rig.station)]))
            var got: [Bytes] = []
            for round in UInt32(0)..<50 {
                let first = round * 20
                vi.send(sent(first..<first + 10))
                try rig.require("the VI's frames are settled") { vi.settled == UInt64(round + 1) * 10 }
                try rig.send(sent(first + 10..<first + 20), from: vif)
                try rig.require("the vring's frames are taken") {
                    got += rig.wire.receive()
                    return got.count == Int(first) + 20
                }
            }
            #expect(got == sent(0..<1000))
        }
    }

    @Test func aFullVIDropsAsANICDoesAndStallsNobody() throws {
        try run(ring: 64) { rig, vi, _, vif in
            #expect(rig.wire.send(frames(0..<500)))
            try rig.settle()
            #expect(vi.receive() == frames(0..<64))
            #expect(rig.count("viFull", vif) == 436)
            #expect(rig.wire.send(frames(500..<510)))
            try rig.settle()
            #expect(vi.receive() == frames(500..<510))
        }
    }

    @Test func theWayBackKeepsFramesInOrderAndLetsTheVIFinish() throws {
        try run { rig, vi, plugin, vif in
            #expect(plugin.host.hold(vif: vif) == .done)
            try rig.require("the hold is in force") { plugin.events(of: vif).contains(.held) }
            #expect(rig.wire.send(frames(0..<100)))
            try rig.settle()
            #expect(vi.receive() == frames(0..<100), "a hold keeps nothing that is steered")
            try unsteer(rig, plugin, vif)
            #expect(rig.wire.send(frames(100..<200)))
            try rig.settle()
            #expect(vi.receive().isEmpty)
            #expect(rig.guest(vif).receive().isEmpty, "held until the VI is drained")
            vi.send(sent(0..<50))
            #expect(try rig.receiveFromWire(50) == sent(0..<50), "the VI's last frames go out")
            #expect(plugin.host.release(vif: vif) == .done)
            #expect(try rig.receive(100, at: vif) == frames(100..<200))
            try rig.require("the hold is over") { plugin.events(of: vif).contains(.released) }
            vi.send(sent(50..<60))
            try rig.settle()
            #expect(vi.waiting == 10, "netback touches the VI no more")
            #expect(vi.settled == 50)
        }
    }

    @Test func withoutAHoldNetbackLetsGoAtOnce() throws {
        try run { rig, vi, plugin, vif in
            try unsteer(rig, plugin, vif)
            vi.send(sent(0..<10))
            try rig.settle()
            #expect(vi.waiting == 10)
            #expect(rig.wire.receive().isEmpty)
        }
    }

    @Test func anUnloadedPluginLeavesNothingSteered() throws {
        try run { rig, vi, _, vif in
            try rig.netback.unloadPlugin()
            #expect(rig.wire.send(frames(0..<100)))
            #expect(try rig.receive(100, at: vif) == frames(0..<100))
            vi.send(sent(0..<10))
            try rig.settle()
            #expect(vi.receive().isEmpty)
            #expect(vi.waiting == 10)
        }
    }

    @Test func aVifThatIsRemovedWhileSteeredLosesNoMbuf() throws {
        try run { rig, vi, _, vif in
            #expect(rig.wire.send(frames(0..<500)))
            rig.disconnect(vif)
            try rig.netback.removeVif(vif)
            vi.send(sent(0..<10))
            try rig.settle()
            #expect(vi.waiting == 10)
        }
    }

    @Test func theVIWorksWhileTheSlowPathIsDown() throws {
        try run { rig, vi, _, vif in
            rig.disconnect(vif)
            try rig.require("the guest is gone") { rig.status(vif)?.isConnected == false }
            #expect(rig.wire.send(frames(0..<10)))
            vi.send(sent(0..<10))
            try rig.settle()
            #expect(vi.receive() == frames(0..<10))
            #expect(rig.wire.receive() == sent(0..<10))
        }
    }

    @Test func aSlowWireHoldsBothPathsBackAndStarvesNeither() throws {
        try run(wireCapacity: 64) { rig, vi, _, vif in
            vi.send(sent(0..<2000))
            var slow: [Bytes] = []
            var fast: [Bytes] = []
            let slowFrames = (10_000..<12_000 as Range<UInt32>).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(1)) }
            var offered = 0
            var whenSlowHalf = 0
            var whenFastHalf = 0
            try rig.require("everything arrives") {
                offered += rig.guest(vif).send(Array(slowFrames[offered..<min(offered + 64, 2000)]))
                // Less than a burst of each path at a time.
                for frame in rig.wire.receive(limit: 32) {
                    if Frames.number(frame) < 10_000 { fast.append(frame) } else { slow.append(frame) }
                }
                if whenSlowHalf == 0, slow.count >= 1000 { whenSlowHalf = fast.count }
                if whenFastHalf == 0, fast.count >= 1000 { whenFastHalf = slow.count }
                return fast.count == 2000 && slow.count == 2000
            }
            #expect(fast == sent(0..<2000))
            #expect(slow == slowFrames)
            #expect(whenSlowHalf > 500 && whenFastHalf > 500, "they take turns: \(whenSlowHalf), \(whenFastHalf)")
        }
    }

    @Test func whatIsNoVIIsRefused() throws {
        try run { rig, vi, plugin, vif in
            unsafe #expect(plugin.host.steer(vi.c, vif: 999) == .failed(ENOENT))
            #expect(plugin.host.unsteer(vif: 999) == .failed(ENOENT))
            var bytes = [UInt8](repeating: 0, count: unsafe MemoryLayout<viaduct_soft_vi>.size)
            let answer = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe plugin.host.steer(buffer.baseAddress!.loadUnaligned(as: viaduct_soft_vi.self), vif: vif)
            }
            #expect(answer == .failed(EINVAL))
        }
    }
}
