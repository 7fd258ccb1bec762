// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Netfront

/// The demonstration between two kernels, each in a network namespace made for the run.
enum NetnsDemo {
    /// Runs it; what it came to. Whatever way it ends, no namespace, TAP device or program is left.
    ///
    /// - Throws: `CommandFailure`, `HostError`; `Interrupted` after an orderly end, with `whenInterrupted` given what it came to.
    static func run(_ settings: DemoSettings, whenInterrupted: (DemoReport) -> Void) throws -> NetnsReport {
        try check()
        let folder = try SocketFolder()
        defer { folder.remove() }
        let namespaces = try NamespacePair(folder: folder.path)
        defer { namespaces.remove() }
        let hosts = try KernelHosts(settings, namespaces)
        let conductor = PathConductor(hosts.host, schedule: settings.netnsSchedule)

        var traffic: KernelTraffic?
        var outcome: KernelTraffic.Outcome?
        var failure: (any Error)?
        do {
            let started = try KernelTraffic(
                namespaces, seconds: Int(settings.seconds.rounded()), folder: folder.path, conductor: conductor)
            traffic = started
            if !settings.isJSON { Console.line(LiveTable.header) }
            outcome = try started.run(conductor, hosts.host, line: settings.isJSON ? nil : { Console.line($0) })
        } catch {
            failure = error
        }
        traffic?.end()
        do {
            try conductor.finish()
        } catch {
            failure = failure ?? error
        }
        let (status, mbufsInUse) = try hosts.stop(isVerbose: settings.isVerbose)
        let report = DemoReport(
            status: status, findings: nil, meter: conductor.meter, steering: conductor.steering, mbufsInUse: mbufsInUse)
        if failure is Interrupted { whenInterrupted(report) }
        if let failure { throw failure }
        guard let outcome else { preconditionFailure("without a failure there is an outcome") }
        return NetnsReport(traffic: report, timeline: conductor.timeline, outcome: outcome)
    }

    /// What can be told before anything is made.
    private static func check() throws(CommandFailure) {
        guard geteuid() == 0 else { throw CommandFailure("--netns makes network namespaces: run as root") }
        for (program, package) in [("ip", "iproute2"), ("ping", "iputils-ping"), ("iperf3", "iperf3")] {
            guard isInstalled(program) else { throw CommandFailure("no \(program) in PATH: install \(package)") }
        }
        guard unsafe access("/dev/net/tun", F_OK) == 0 else {
            throw CommandFailure("no /dev/net/tun: load the module (modprobe tun)")
        }
    }

    private static func isInstalled(_ program: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .contains { folder in unsafe access("\(folder)/\(program)", X_OK) == 0 }
    }
}
