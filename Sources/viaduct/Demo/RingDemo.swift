// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Dataplane
import Foundation
import Netfront

/// The demonstration over a ring wire: a remote host sends flows, the guest sends them back, acceleration comes and goes, and both
/// ends check every sequence number.
enum RingDemo {
    /// Runs it; what it came to.
    ///
    /// - Throws: `CommandFailure`, `HostError`; `Interrupted` after an orderly end, with `whenInterrupted` given what it came to.
    static func run(_ settings: DemoSettings, whenInterrupted: (DemoReport) -> Void) throws -> DemoReport {
        let host = try EmbeddedHost(settings.hostConfiguration(wire: .ring), logger: Console.logger(isVerbose: settings.isVerbose))
        let counters = CounterBlock(count: ApplicationCounter.allCases.count)
        let application = RunningApplication(
            SwapApplication(flowCount: settings.flows, counters: counters.counters), on: host)
        guard let wire = host.wirePeer else { preconditionFailure("a ring wire has two ends") }
        let remote = RemoteHost(
            wire: wire, pool: host.wirePool, endpoints: DemoSettings.endpoints,
            source: TrafficSource(
                DemoSettings.endpoints, flowCount: settings.flows, sizes: .fixed(settings.size),
                packetsPerSecond: settings.rate.packetsPerSecond),
            windowCapacity: DemoSettings.windowCapacity, group: host.group, loop: host.loop(for: .wire))
        let conductor = PathConductor(host, schedule: settings.schedule)

        var failure: (any Error)?
        do {
            try conduct(conductor, host, remote, settings)
        } catch {
            failure = error
        }
        // The planned end: nothing more is sent, all of it comes back, and only then the fast path goes.
        remote.setSending(false)
        settle(remote)
        do {
            try conductor.finish()
        } catch {
            failure = failure ?? error
        }
        host.netfront.shutDown()
        var findings = TrafficFindings()
        if let found = remote.remove() {
            findings = found.findings
            let atGuest = application.remove { swap in
                swap.finish(sent: found.sent)
                return TrafficFindings(swap.checker)
            }
            findings = findings + (atGuest ?? TrafficFindings())
        }
        let status = host.netfront.currentStatus
        if settings.isVerbose { HostCounters.show(status, host) }
        let report = DemoReport(
            status: status, findings: findings, meter: conductor.meter, form: conductor.form.map(String.init),
            mbufsInUse: host.stop())
        if failure is Interrupted { whenInterrupted(report) }
        if let failure { throw failure }
        return report
    }

    private static func conduct(
        _ conductor: PathConductor, _ host: EmbeddedHost, _ remote: RemoteHost, _ settings: DemoSettings
    ) throws {
        var table = LiveTable()
        if !settings.isJSON { Console.line(LiveTable.header) }
        conductor.begin()
        remote.setSending(true)
        while conductor.seconds < settings.seconds || conductor.isSwitching {
            try Interruption.check()
            let status = try conductor.advance()
            if !settings.isJSON, let line = table.line(status, form: host.backendStatus.form, at: conductor.seconds) {
                Console.line(line)
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    /// Waits until nothing is on its way: at the latest when what is lost has left the window.
    private static func settle(_ remote: RemoteHost) {
        let end = DispatchTime.now() + .seconds(2)
        // The lcore may be in the middle of a burst when it is told to stop.
        Thread.sleep(forTimeInterval: 0.02)
        while remote.count(of: .outstanding) > 0 && DispatchTime.now() < end { Thread.sleep(forTimeInterval: 0.005) }
    }
}
