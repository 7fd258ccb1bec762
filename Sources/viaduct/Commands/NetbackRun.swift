// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Control
import DPDK
import EventLog
import Foundation
import Logging
import Netback

/// A netback for attached guests that runs as its options say, until time is up or a signal comes.
enum NetbackRun {
    static func run(_ command: NetbackCommand) throws {
        let levels = LogLevelSwitch(command.verbose ? .debug : .critical)
        let writer = LogWriter()
        defer { writer.end() }
        let configuration = command.daemonConfiguration
        let host = try NetbackHost(configuration, levels: levels, logger: levels.logger(label: "viaduct", to: writer))
        let sockets = configuration.vifs.map(\.socketPath).joined(separator: " ")
        Console.line("serving \(sockets) as process \(getpid())")
        var failure: Interrupted?
        do {
            try wait(command.seconds)
        } catch {
            failure = error
        }
        var report = host.report
        // A guest that was killed while its EAL started may have left a lock of the EAL's taken, which only now is asked for.
        let watchdog = Watchdog(
            seconds: 60, complaint: "the EAL does not let go of its memory: left as it is", exitCode: 1)
        // Until the process has ended.
        _ = unsafe Unmanaged.passRetained(watchdog)
        report.mbufsInUse = host.stop()
        Console.line(command.json ? try report.jsonLine() : report.summary)
        if let failure { throw failure }
        if report.mbufsInUse > 0 { throw CommandFailure("\(report.mbufsInUse) mbufs were not given back: please report it") }
    }

    private static func wait(_ seconds: Double?) throws(Interrupted) {
        let end = seconds.map { DispatchTime.now() + $0 }
        while true {
            try Interruption.check()
            if let end, DispatchTime.now() >= end { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }
}

extension NetbackHost {
    /// Everything that is counted of attached guests, now.
    var report: NetbackReport {
        let counts = backend?.counts
        let counters = netback.counters
        return NetbackReport(
            rules: backend?.ruleCount ?? 0,
            virtualInterfaces: .init(
                free: counts?.free ?? 0, granted: counts?.granted ?? 0, quarantined: counts?.quarantined ?? 0),
            counters: counters.filter { $0.value > 0 }, frames: SwitchReport(counters).frames,
            guests: netback.vifs.compactMap { vif in
                guard let memory = attachedGuests[vif.name] else { return nil }
                let hasInterface = memory.virtualInterface != nil
                return NetbackReport.Guest(
                    vif, mbufsInUse: memory.pool.inUse,
                    virtualInterfaceMbufsInUse: hasInterface ? pools.handle(virtualInterface: memory.index).inUse : 0)
            })
    }
}
