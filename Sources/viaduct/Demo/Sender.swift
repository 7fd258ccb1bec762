// SPDX-License-Identifier: BSD-3-Clause
import Control
import Dataplane
import DPDK
import Foundation

/// The remote host of a ring demonstration, whatever it sends.
protocol Sender: AnyObject {
    /// The checker that its frames' receiver needs.
    func makeChecker() -> ArrivalChecker
    func setSending(_ on: Bool)
    /// Frames on their way.
    var outstanding: UInt64 { get }
    /// What is to be done from time to time.
    func advance() throws
    /// Takes it off its lcore and frees what it used; its final word. nil when a poller is stuck.
    func remove() -> (findings: TrafficFindings, sent: [UInt64])?
}

extension Sender {
    /// Stops it and waits until nothing is on its way: at the latest when what is lost has left the window.
    func settle() {
        setSending(false)
        let end = DispatchTime.now() + .seconds(6)
        // The lcore may be in the middle of a burst when it is told to stop.
        Thread.sleep(forTimeInterval: 0.02)
        while outstanding > 0 && DispatchTime.now() < end { Thread.sleep(forTimeInterval: 0.005) }
    }
}

/// Sends generated flows.
final class FlowSender: Sender {
    private let remote: RemoteHost<WirePeer>
    private let flowCount: Int

    /// - Parameter longPatience: see `OutstandingWindow`; nil for its own.
    init(_ settings: DemoSettings, host: EmbeddedHost, wire: QueuePair, longPatience: UInt64? = nil) {
        flowCount = settings.flows
        var endpoints = DemoSettings.endpoints
        endpoints.destinations = host.guests.count
        remote = RemoteHost(group: host.group, loop: host.loop(for: .wire)) { [endpoints] counters, orders in
            let window = OutstandingWindow(
                capacity: DemoSettings.windowCapacity, hertz: TSC.hertz, now: TSC.now(), longPatience: longPatience ?? 80)
            return WirePeer(
                wire: wire, pool: host.wirePool, endpoints: endpoints,
                source: TrafficSource(
                    endpoints, flowCount: settings.flows, popularity: settings.popularity, sizes: .fixed(settings.size),
                    packetsPerSecond: settings.rate.packetsPerSecond),
                window: window, vlan: settings.host.vlan ?? 0, counters: counters, orders: orders)
        }
    }

    func count(of counter: WirePeerCounter) -> UInt64 { remote.count(of: counter) }

    func makeChecker() -> ArrivalChecker { ArrivalChecker(flowCount: flowCount) }
    func setSending(_ on: Bool) { remote.setSending(on) }
    var outstanding: UInt64 { remote.count(of: .outstanding) }
    func advance() {}
    func remove() -> (findings: TrafficFindings, sent: [UInt64])? { remote.remove() }
}
