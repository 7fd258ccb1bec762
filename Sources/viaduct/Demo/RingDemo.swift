// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Dataplane
import Foundation
import Netfront

/// The demonstration over a ring wire: a remote host sends flows, the guest sends them back, acceleration comes and goes, and both
/// ends check every frame.
enum RingDemo {
    /// Runs it; what it came to.
    ///
    /// - Throws: `CommandFailure`, `HostError`; `Interrupted` after an orderly end, with `whenInterrupted` given what it came to.
    static func run(
        _ settings: DemoSettings, capture: CaptureFile?, whenInterrupted: (DemoReport) -> Void
    ) throws -> DemoReport {
        let host = try EmbeddedHost(
            settings.hostConfiguration(wire: .ring), logger: Console.logger(isVerbose: settings.isVerbose))
        let sender: any Sender
        do {
            sender = try makeSender(settings, capture, host)
        } catch {
            _ = host.stop()
            throw error
        }
        let counters = CounterBlock(count: ApplicationCounter.allCases.count)
        let application = RunningApplication(
            SwapApplication(checker: sender.makeChecker(), counters: counters.counters), on: host)
        let conductor = PathConductor(host, schedule: settings.schedule)

        var failure: (any Error)?
        do {
            try conduct(conductor, host, sender, settings)
        } catch {
            failure = error
        }
        // The planned end: nothing more is sent, all of it comes back, and only then the fast path goes.
        sender.settle()
        do {
            try conductor.finish()
        } catch {
            failure = failure ?? error
        }
        host.netfront.shutDown()
        guard let found = sender.remove(), let atGuest = application.remove({ $0.finish(sent: found.sent) }) else {
            throw failure ?? CommandFailure("a poll loop does not come back from its round: please report it")
        }
        let status = host.netfront.currentStatus
        if settings.isVerbose { HostCounters.show(status, host) }
        let report = DemoReport(
            status: status, findings: found.findings + atGuest,
            flows: FlowFindings(conductor.flowShare, sent: capture == nil ? found.sent : nil), meter: conductor.meter,
            steering: conductor.steering,
            mbufsInUse: host.stop())
        if failure is Interrupted { whenInterrupted(report) }
        if let failure { throw failure }
        return report
    }

    private static func makeSender(
        _ settings: DemoSettings, _ capture: CaptureFile?, _ host: EmbeddedHost
    ) throws(HostError) -> any Sender {
        guard let wire = host.wirePeer else { preconditionFailure("a ring wire has two ends") }
        guard let capture else { return FlowSender(settings, host: host, wire: wire) }
        return try ReplaySender(capture, settings, host: host, wire: wire)
    }

    private static func conduct(
        _ conductor: PathConductor, _ host: EmbeddedHost, _ sender: any Sender, _ settings: DemoSettings
    ) throws {
        var table = LiveTable()
        if !settings.isJSON { Console.line(LiveTable.header) }
        conductor.begin()
        sender.setSending(true)
        while conductor.seconds < settings.seconds || conductor.isSwitching {
            try Interruption.check()
            try sender.advance()
            let status = try conductor.advance()
            if !settings.isJSON, let line = table.line(status, form: host.backendStatus.form, at: conductor.seconds) {
                Console.line(line)
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }
}
