// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import Foundation
import Netfront

/// An embedded host between two kernels: the wire is a TAP device in the remote host's namespace, the guest's device is joined to
/// one in the guest's.
final class KernelHosts {
    let host: EmbeddedHost
    private let tap: TapDevice
    private let application: RunningApplication<TapApplication>
    private let counters = CounterBlock(count: ApplicationCounter.allCases.count)

    private static let wireInterface = "wire0"
    private static let guestInterface = "eth0"

    /// Starts everything, with addresses 10.77.0.1 and 10.77.0.2.
    init(_ settings: DemoSettings, _ namespaces: NamespacePair) throws {
        for namespace in [namespaces.remote, namespaces.guest] { try namespaces.silenceIPv6(in: namespace) }
        var made: EmbeddedHost?
        try namespaces.remote.run {
            made = try EmbeddedHost(
                settings.hostConfiguration(
                    wire: .virtualDevice(name: "net_tap_wire", arguments: "iface=\(Self.wireInterface)")),
                logger: Console.logger(isVerbose: settings.isVerbose))
        }
        guard let host = made else { preconditionFailure("init throws or gives a host") }
        self.host = host
        var tap: TapDevice?
        do {
            let device = try TapDevice(
                interface: Self.guestInterface, mac: DemoSettings.guestMAC, namespace: namespaces.guest,
                pool: host.netfront.guest.pool)
            tap = device
            try namespaces.configure(Self.wireInterface, address: "10.77.0.1/24", in: namespaces.remote)
            try namespaces.configure(Self.guestInterface, address: "10.77.0.2/24", in: namespaces.guest)
            self.tap = device
        } catch {
            tap?.close()
            _ = host.stop()
            throw error
        }
        application = RunningApplication(TapApplication(tap: self.tap.queuePair, counters: counters.counters), on: host)
    }

    /// Takes everything down. Acceleration should be off.
    ///
    /// - Returns: the guest's last status, and mbufs that are still in use in any pool.
    func stop(isVerbose: Bool) throws(CommandFailure) -> (status: NetfrontStatus, mbufsInUse: Int) {
        host.netfront.shutDown()
        guard application.remove() else {
            throw CommandFailure("a poll loop does not come back from its round: please report it")
        }
        tap.close()
        let status = host.netfront.currentStatus
        if isVerbose { HostCounters.show(status, host) }
        return (status, host.stop())
    }
}
