// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Control
import CViaductAccel
import Dataplane
import DPDK
import Foundation
import Netback
import Netfront
import SoftNIC

/// The demonstration in which everything goes wrong: a remote host sends flows to guests, which send them back, while their NIC fails
/// in every way that it knows. Afterwards every frame is accounted for, and every guest is on the fast path again.
enum FaultDemo {
    /// Seconds that guests may take to come to the fast path, at the start and at the end.
    static let limitSeconds = 30.0
    /// Not one that a run ends with otherwise.
    private static let hangExitCode: Int32 = 3
    /// What is lost leaves the sender's window after that many sixteenths of a second at the latest, since faults lose whole windows.
    private static let longPatience: UInt64 = 12

    /// - Throws: `CommandFailure`, `HostError`; `Interrupted` after an orderly end.
    static func run(_ settings: DemoSettings, faults: Set<DemoFault>) throws -> FaultReport {
        let watchdog = Watchdog(
            seconds: settings.seconds + 4 * limitSeconds,
            complaint: "the run did not end within \(Int(settings.seconds + 4 * limitSeconds)) s: please report it",
            exitCode: hangExitCode)
        defer { withExtendedLifetime(watchdog) {} }
        let host = try EmbeddedHost(settings.faultHostConfiguration, logger: Console.logger(isVerbose: settings.isVerbose))
        guard let wire = host.wirePeer, let nic = host.nic else { preconditionFailure("a ring wire has a NIC and two ends") }
        let sender = FlowSender(settings, host: host, wire: wire, longPatience: longPatience)
        let counters = host.guests.map { _ in CounterBlock(count: ApplicationCounter.allCases.count) }
        // The applications only borrow them.
        defer { withExtendedLifetime(counters) {} }
        let applications = zip(host.guests, counters).map { guest, counters in
            RunningApplication(
                SwapApplication(checker: sender.makeChecker(), counters: counters.counters), guest: guest.netfront.guest,
                group: host.group, loop: host.loop(for: .guest))
        }
        let stage = FaultStage(settings, host, nic, sender)
        var failure: (any Error)?
        do {
            try stage.perform(FaultPlan(faults, seconds: settings.seconds, seed: settings.host.seed))
        } catch {
            failure = error
        }
        stage.injector.endAll()
        sender.settle()
        // A frame that nobody waits for any more may still be on its way.
        Thread.sleep(forTimeInterval: 0.1)
        let books = stage.closeBooks()
        for guest in host.guests { guest.netfront.shutDown() }
        guard let found = sender.remove() else { throw failure ?? stuck }
        var findings: [TrafficFindings] = []
        for (index, application) in applications.enumerated() {
            // The other flows are none of this guest's.
            let sent = found.sent.enumerated().map { $0.offset % host.guests.count == index ? $0.element : 0 }
            guard let atGuest = application.remove({ $0.finish(sent: sent) }) else { throw failure ?? stuck }
            findings.append(atGuest)
        }
        if settings.isVerbose {
            for guest in host.guests { HostCounters.show(guest.netfront.currentStatus, host) }
        }
        let report = books.report(
            settings, fired: stage.injector.fired, findings, roundTrip: found.findings, sent: found.sent.reduce(0, +),
            mbufsInUse: host.stop())
        if let failure { throw failure }
        return report
    }

    private static var stuck: CommandFailure { CommandFailure("a poll loop does not come back from its round: please report it") }
}

/// A run's course, and its account.
///
/// - Thread: the command's own.
final class FaultStage {
    let injector: FaultInjector
    private let settings: DemoSettings
    private let host: EmbeddedHost
    private let nic: SoftNIC
    private let sender: FlowSender
    private var start = DispatchTime.now().uptimeNanoseconds
    /// By guest.
    private var acceleratedAgain: [Double?]

    init(_ settings: DemoSettings, _ host: EmbeddedHost, _ nic: SoftNIC, _ sender: FlowSender) {
        self.settings = settings
        self.host = host
        self.nic = nic
        self.sender = sender
        injector = FaultInjector(host, nic: nic)
        acceleratedAgain = host.guests.map { _ in nil }
    }

    private var seconds: Double { Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 }

    /// Accelerates every guest, carries the plan out, and waits until they are accelerated again.
    func perform(_ plan: FaultPlan) throws {
        sender.setSending(true)
        try waitForAll { _, _ in }
        start = DispatchTime.now().uptimeNanoseconds
        var plan = plan
        let kinds = Set(plan.steps.map(\.fault))
        while seconds < settings.seconds {
            try Interruption.check()
            while let step = plan.takeDue(at: seconds) { carryOut(step) }
            Thread.sleep(forTimeInterval: 0.002)
        }
        injector.endAll()
        try makeUp(for: kinds)
        start = DispatchTime.now().uptimeNanoseconds
        acceleratedAgain = acceleratedAgain.map { _ in nil }
        try? waitForAll { index, seconds in acceleratedAgain[index] = (seconds * 10_000_000).rounded() / 10_000 }
        try Interruption.check()
        // And frames go by it.
        Thread.sleep(forTimeInterval: 0.2)
    }

    private func carryOut(_ step: FaultPlan.Step) {
        if injector.carryOut(step) && !settings.isJSON { show(step) }
    }

    /// Faults that never found the port up have their turn at the end, one after the other.
    private func makeUp(for kinds: Set<DemoFault>) throws {
        for fault in DemoFault.allCases where kinds.contains(fault) && injector.fired[fault] == nil {
            try waitForAll { _, _ in }
            carryOut(FaultPlan.Step(at: seconds, fault: fault, begins: true, choice: 0))
            Thread.sleep(forTimeInterval: FaultPlan.shortest)
            carryOut(FaultPlan.Step(at: seconds, fault: fault, begins: false, choice: 0))
        }
    }

    private func show(_ step: FaultPlan.Step) {
        let paths = host.guests.map { $0.netfront.currentStatus.isFast ? "fast" : "slow" }.joined(separator: " ")
        Console.line("\(seconds.formatted(digits: 2))  \(step.fault.rawValue) \(step.begins ? "begins" : "ends")  (\(paths))")
    }

    /// - Parameter reached: is told of each guest when it is there, and how many seconds that took.
    private func waitForAll(_ reached: (Int, Double) -> Void) throws {
        let begin = seconds
        var waiting = Set(host.guests.indices)
        while !waiting.isEmpty {
            try Interruption.check()
            for index in waiting.sorted() where host.port.isUsable && host.guests[index].netfront.currentStatus.isFast {
                waiting.remove(index)
                reached(index, seconds - begin)
            }
            if !waiting.isEmpty && seconds - begin > FaultDemo.limitSeconds { throw CommandFailure(describe(waiting)) }
            Thread.sleep(forTimeInterval: 0.001)
        }
    }

    private func describe(_ waiting: Set<Int>) -> String {
        let words = waiting.sorted().map { index in
            let vif = host.vifs[index].acceleration
            let reason = vif.reason ?? vif.state.reason
            return "\(host.guests[index].name) is \(vif.state)" + (reason.map { ", \($0)" } ?? "")
        }
        return "not accelerated within \(Int(FaultDemo.limitSeconds)) s: " + words.joined(separator: "; ")
    }

    /// All counters, while nothing moves.
    func closeBooks() -> FaultBooks {
        FaultBooks(
            guests: host.guests.map(\.netfront.currentStatus),
            pluginDropped: host.guests.map { UInt64($0.netfront.pluginStatistics.rx_dropped) }, vifs: host.vifs, port: host.port,
            switched: host.switchCounters, nic: nic.statistics, software: host.softwareCounts,
            remoteSent: sender.count(of: .sent) + sender.count(of: .announcements),
            remoteGot: sender.count(of: .returned) + sender.count(of: .foreign), acceleratedAgain: acceleratedAgain)
    }
}
