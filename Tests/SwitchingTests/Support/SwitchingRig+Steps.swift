// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Dataplane
import Foundation
import Netback
import Netfront
import SoftNIC
import TestSupport
import Testing

/// What tests do and look at.
extension SwitchingRig {
    private var flows: Range<Int> { 0..<options.flows }

    func startTraffic() {
        for flow in flows {
            guest.run(flow)
            stations.run(flow)
        }
    }

    func setAcceleration(_ wanted: Bool) { netback.setAcceleration(wanted, vif: vif) }

    var status: NetfrontStatus { netfront.currentStatus }
    func count(_ counter: NetfrontCounter) -> UInt64 { netfront.count(of: counter) }
    var host: AccelerationStatus { netback.vifs.first { $0.id == vif }?.acceleration ?? AccelerationStatus() }

    /// Everything that tells where a run stands, for failures.
    var account: String {
        let front = status
        let counts = front.counters.filter { $0.value > 0 }.map { "\($0.key)=\($0.value)" }.sorted()
        let back = netback.counters.filter { $0.value > 0 }.map { "\($0.key)=\($0.value)" }.sorted()
        let ends = [guest, stations].map { end in
            "sent \(flows.map(end.counters.sent)) expected \(flows.map(end.counters.expected)) lost \(end.counters.lost) late \(end.counters.late) corrupt \(end.counters.corrupt) foreign \(end.counters.foreign)"
        }
        return """
            front \(front.acceleration) back \(host)
            guest: \(ends[0])
            stations: \(ends[1])
            netfront: \(counts.joined(separator: " "))
            netback: \(back.joined(separator: " "))
            nic: \(nic.statistics)
            \(log.newest(16).joined(separator: "\n"))
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

    /// Waits until `frames` more of each flow have arrived, in both directions.
    func passTraffic(_ frames: UInt64, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let goals = [guest, stations].map { end in flows.map { end.counters.expected($0) + frames } }
        try wait("traffic", sourceLocation: sourceLocation) {
            zip([guest, stations], goals).allSatisfy { end, goals in flows.allSatisfy { end.counters.expected($0) >= goals[$0] } }
        }
    }

    /// Both directions go by the VI, for every station.
    func becomeFast(sourceLocation: SourceLocation = #_sourceLocation) throws {
        setAcceleration(true)
        try wait("the fast path", sourceLocation: sourceLocation) {
            count(.peersFast) == UInt64(options.flows) && host.state == .connected && status.isFast
        }
    }

    /// Nothing goes by the VI any more.
    func becomeSlow(sourceLocation: SourceLocation = #_sourceLocation) throws {
        setAcceleration(false)
        try wait("the slow path", sourceLocation: sourceLocation) { host.state == .none && status.acceleration.state == .none }
    }

    /// Ends the traffic and waits for what is under way.
    func stopTraffic(sourceLocation: SourceLocation = #_sourceLocation) throws {
        for flow in flows {
            guest.pause(flow)
            stations.pause(flow)
        }
        #expect(group.synchronize())
        try wait("all that was sent", sourceLocation: sourceLocation) {
            flows.allSatisfy {
                guest.counters.expected($0) >= stations.counters.sent($0)
                    && stations.counters.expected($0) >= guest.counters.sent($0)
            }
        }
    }

    /// Nothing was lost, re-ordered, sent twice or changed, and netfront's own account is complete.
    ///
    /// - Parameter hasLeftFences: a switch may have been undone while its fence was under way, which then nobody waits for.
    func expectPerfection(hasLeftFences: Bool = false, sourceLocation: SourceLocation = #_sourceLocation) {
        for (name, end) in [("guest", guest), ("stations", stations)] {
            let counters = end.counters
            #expect(counters.lost == 0, "\(name) missed frames:\n\(account)", sourceLocation: sourceLocation)
            #expect(counters.late == 0, "\(name) got frames late or twice:\n\(account)", sourceLocation: sourceLocation)
            #expect(
                counters.corrupt == 0 && counters.foreign == 0, "\(name) got other frames:\n\(account)",
                sourceLocation: sourceLocation)
        }
        let fences: [NetfrontCounter] = hasLeftFences ? [] : [.dropUnexpectedFence]
        for counter in [NetfrontCounter.possibleReorderings, .dropStashOverflow, .dropForeign] + fences {
            #expect(count(counter) == 0, "\(counter):\n\(account)", sourceLocation: sourceLocation)
        }
        expectIdentities(sourceLocation: sourceLocation)
    }

    /// What came in is what was delivered, dropped for a reason, or is held. Traffic must rest.
    func expectIdentities(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(count(.receivedSlowPackets) == count(.deliveredSlow), "\(account)", sourceLocation: sourceLocation)
        #expect(
            count(.receivedFastPackets) == count(.deliveredFast) + NetfrontCounter.drops.reduce(0) { $0 + count($1) }
                + count(.stashDepth),
            "\(account)", sourceLocation: sourceLocation)
        #expect(nic.statistics.isBalanced, "\(account)", sourceLocation: sourceLocation)
    }
}
