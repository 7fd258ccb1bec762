// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import Dataplane
import Foundation
import Netback
import Netfront
import PluginFolder
import SoftNIC
import TestSupport
import Testing

/// What tests do and look at.
extension HookRig {
    func startTraffic() {
        for end in endpoints { end.setRunning(true) }
    }

    // MARK: Plugins

    func loadBackend(_ plugin: WatchedPlugin) throws { try unsafe netback.loadPlugin(plugin.backendHooks) }
    func loadFrontend(_ plugin: WatchedPlugin) throws { try unsafe netfront.loadPlugin(plugin.frontendHooks) }
    func load(_ plugin: WatchedPlugin) throws {
        try loadFrontend(plugin)
        try loadBackend(plugin)
    }

    func setAcceleration(_ wanted: Bool) { netback.setAcceleration(wanted, vif: guest.vif) }

    /// A station speaks to everybody: by the default queue, whatever is steered.
    func sendBroadcast() { stations.broadcast() }

    // MARK: What can be seen

    var status: NetfrontStatus { netfront.currentStatus }
    func count(_ counter: NetfrontCounter) -> UInt64 { netfront.count(of: counter) }
    var host: AccelerationStatus { netback.vifs.first { $0.id == guest.vif }?.acceleration ?? AccelerationStatus() }
    var isFast: Bool {
        count(.peersFast) == UInt64(Traffic.flowsOfGuest) && host.state == .connected && status.isFast
    }
    /// Frames that went by the VI, each way.
    var fastFrames: [UInt64] { [count(.deliveredFast), count(.transmittedFastPackets)] }

    /// Everything that tells where a run stands, for failures.
    var account: String {
        let front = status
        let counts = front.counters.filter { $0.value > 0 }.map { "\($0.key)=\($0.value)" }.sorted()
        let back = netback.counters.filter { $0.value > 0 }.map { "\($0.key)=\($0.value)" }.sorted()
        let ends = endpoints.map { end in
            "\(end.flows): sent \(end.flows.map(end.counters.sent)) expected \(end.flows.map(end.counters.expected)) lost \(end.flows.map(end.counters.lost)) late \(end.flows.map(end.counters.late)) foreign \(end.counters.foreign)"
        }
        return """
            front \(front.acceleration) plugin \(front.plugin ?? "none") back \(host)
            \(ends.joined(separator: "\n"))
            netfront: \(counts.joined(separator: " "))
            netback: \(back.joined(separator: " "))
            nic: \(nic.statistics)
            \(log.newest(24).joined(separator: "\n"))
            """
    }

    /// Waits until `condition` holds; fails the test when it does not for 60 seconds.
    func wait(_ what: String, sourceLocation: SourceLocation = #_sourceLocation, until condition: () -> Bool) throws {
        let end = DispatchTime.now() + .seconds(60)
        while !condition() {
            if DispatchTime.now() > end {
                try #require(condition(), "\(what) did not come:\n\(account)", sourceLocation: sourceLocation)
            }
            usleep(300)
        }
    }

    /// Waits until `frames` more of each flow have arrived, in both directions; of the guest with that number alone, if any.
    func passTraffic(_ frames: UInt64, ofGuest number: Int? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let flows = number.map(Traffic.flows(ofGuest:)) ?? stations.flows
        func arrived() -> [UInt64] { flows.map(ofGuests.expected) + flows.map(stations.counters.expected) }
        let goals = arrived().map { $0 + frames }
        try wait("traffic", sourceLocation: sourceLocation) { zip(arrived(), goals).allSatisfy { $0 >= $1 } }
    }

    /// Waits until both directions go by the VI, for every station, and some do.
    func becomeFast(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try wait("the fast path", sourceLocation: sourceLocation) { isFast }
        let before = fastFrames
        try passTraffic(50, ofGuest: 0, sourceLocation: sourceLocation)
        #expect(zip(fastFrames, before).allSatisfy { $0 > $1 }, "\(account)", sourceLocation: sourceLocation)
    }

    /// Whether everything passes by the slow path from now on.
    func expectSlow(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let before = fastFrames
        try passTraffic(50, ofGuest: 0, sourceLocation: sourceLocation)
        #expect(fastFrames == before, "\(account)", sourceLocation: sourceLocation)
    }

    /// While frames go on, no hook is called.
    func expectSilence(
        of plugin: WatchedPlugin, _ hooks: [WatchedPlugin.Hook] = WatchedPlugin.Hook.allCases,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = hooks.map(plugin.calls)
        try passTraffic(50, sourceLocation: sourceLocation)
        usleep(3000)
        #expect(hooks.map(plugin.calls) == before, "\(plugin.file.name) is still called", sourceLocation: sourceLocation)
    }

    // MARK: The account

    /// Ends the traffic and waits for what is under way.
    func stopTraffic(sourceLocation: SourceLocation = #_sourceLocation) throws {
        for end in endpoints { end.setRunning(false) }
        #expect(group.synchronize())
        try wait("all that was sent", sourceLocation: sourceLocation) {
            guests.allSatisfy { guest in
                guest.application.flows.allSatisfy {
                    ofGuests.expected($0) >= stations.counters.sent($0) && stations.counters.expected($0) >= ofGuests.sent($0)
                }
            }
        }
    }

    /// Frames that did not arrive, in either direction.
    var lost: UInt64 {
        stations.flows.reduce(0) { $0 + ofGuests.lost($1) + stations.counters.lost($1) }
    }

    /// Frames that came behind a newer one, or twice, at the stations; and there alone.
    func lateAtStations(sourceLocation: SourceLocation = #_sourceLocation) -> UInt64 {
        #expect(
            stations.flows.allSatisfy { ofGuests.late($0) == 0 }, "frames came late:\n\(account)",
            sourceLocation: sourceLocation)
        return stations.flows.reduce(0) { $0 + stations.counters.late($1) }
    }

    /// No frame came behind a newer one, twice, changed, or where it does not belong.
    func expectOrder(sourceLocation: SourceLocation = #_sourceLocation) {
        for end in [ofGuests, stations.counters] {
            #expect(
                stations.flows.allSatisfy { end.late($0) == 0 }, "frames came late:\n\(account)",
                sourceLocation: sourceLocation)
            #expect(end.foreign == 0, "other frames came:\n\(account)", sourceLocation: sourceLocation)
        }
        #expect(count(.possibleReorderings) == 0, "\(account)", sourceLocation: sourceLocation)
    }

    /// Stops the traffic: nothing was lost, re-ordered, sent twice or changed.
    func expectPerfection(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try stopTraffic(sourceLocation: sourceLocation)
        #expect(lost == 0, "frames were lost:\n\(account)", sourceLocation: sourceLocation)
        expectOrder(sourceLocation: sourceLocation)
        for counter in [NetfrontCounter.dropStashOverflow, .dropForeign, .dropUnexpectedFence] {
            #expect(count(counter) == 0, "\(counter):\n\(account)", sourceLocation: sourceLocation)
        }
        #expect(nic.statistics.isBalanced, "\(account)", sourceLocation: sourceLocation)
    }
}
