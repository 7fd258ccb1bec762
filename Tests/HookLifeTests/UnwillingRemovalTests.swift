// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import Foundation
import Netback
import Netfront
import PluginFolder
import Testing

/// A plugin is removed while the other side does not co-operate: what its VI holds is lost, and counted; all else is in order.
@Suite(.serialized) struct UnwillingRemovalTests {
    static let forms: [SteeringForm] = [.destinationMAC, .software]

    private static func options(_ form: SteeringForm) -> HookRig.Options {
        var limits = AccelerationLimits()
        limits.drain = 500_000_000
        limits.close = 500_000_000
        return HookRig.Options(form: form, limits: limits)
    }

    /// The host hears nothing of what the guest says, so the VI is not taken back before it is closed.
    @Test(arguments: forms)
    func aFrontendMayGoWithoutTheHost(_ form: SteeringForm) throws {
        try HookRig.run(Self.options(form)) { rig in
            let plugin = try rig.makeWatched()
            try rig.load(plugin)
            try rig.becomeFast()
            plugin.mute(true)
            let begin = DispatchTime.now().uptimeNanoseconds
            try rig.netfront.unloadPlugin()
            #expect(DispatchTime.now().uptimeNanoseconds - begin < 8_000_000_000, "a removal is bounded in time")
            #expect(plugin.calls(.removeDevice) == 1)
            let frontend = WatchedPlugin.Hook.frontend.map(plugin.calls)
            // The host goes on to steer to a VI that nobody polls, until it is told.
            rig.setAcceleration(false)
            plugin.mute(false)
            try rig.wait("the host's end of it") { rig.host.state != .connected && rig.host.state != .draining }
            rig.stations.forgive()
            rig.guest.application.forgive()
            try rig.passTraffic(200)
            #expect(WatchedPlugin.Hook.frontend.map(plugin.calls) == frontend)
            try rig.expectSlow()
            // What the VI had yet to send may have been overtaken: then netfront says so.
            let late = rig.lateAtStations()
            #expect(late <= 256 && (late == 0 || rig.count(.possibleReorderings) > 0), "\(rig.account)")
            #expect(rig.lost <= 4 * 128, "\(rig.account)")
            // It can be accelerated anew, in order.
            try rig.loadFrontend(plugin)
            rig.setAcceleration(true)
            try rig.becomeFast()
            #expect(rig.lateAtStations() == late, "\(rig.account)")
        }
    }

    /// The guest is busy with something else, and answers nothing.
    @Test(arguments: forms)
    func aBackendMayGoWithoutTheGuest(_ form: SteeringForm) throws {
        try HookRig.run(Self.options(form)) { rig in
            let plugin = try rig.makeWatched()
            try rig.load(plugin)
            try rig.becomeFast()
            rig.guest.application.setAsleep(true)
            let begin = DispatchTime.now().uptimeNanoseconds
            try rig.netback.unloadPlugin()
            #expect(DispatchTime.now().uptimeNanoseconds - begin < 8_000_000_000, "a removal is bounded in time")
            #expect(plugin.calls(.removeVif) == 1 && plugin.calls(.detach) == 1)
            let backend = WatchedPlugin.Hook.backend.map(plugin.calls)
            rig.guest.application.setAsleep(false)
            rig.stations.forgive()
            rig.guest.application.forgive()
            try rig.passTraffic(200)
            #expect(WatchedPlugin.Hook.backend.map(plugin.calls) == backend)
            let late = rig.lateAtStations()
            #expect(late <= 256 && (late == 0 || rig.count(.possibleReorderings) > 0), "\(rig.account)")
            #expect(rig.lost <= 4 * 128, "\(rig.account)")
        }
    }
}
