// SPDX-License-Identifier: BSD-3-Clause
import Control
import DPDK
import EventLog
import Foundation
import Logging

/// The daemon, from its configuration file to the signal that ends it.
enum DaemonRun {
    static func run(file: String) throws {
        let configuration = try DaemonConfiguration(file: file)
        // A socket is opened to others when its mode is set, and not before.
        umask(0o077)
        Interruption.watchReload()
        let levels = LogLevelSwitch(configuration.logLevel)
        let writer = LogWriter()
        defer { writer.end() }
        let logger = levels.logger(label: "viaduct", to: writer)
        let claim = try configuration.control.map { try ControlSocketClaim($0) }
        // Behind the EAL's and the sanitizers' handlers, before the first guest.
        try VhostMemoryFault.survive()
        let host = try NetbackHost(configuration, levels: levels, logger: logger)
        var server: ControlServer?
        var metrics: MetricsServer?
        do {
            server = try claim.map { try ControlServer($0, ControlService(host), logger: logger) }
            metrics = try configuration.metrics.map { try MetricsServer($0, host, logger: logger) }
        } catch {
            server?.stop()
            _ = host.stop()
            throw error
        }
        let manager = ServiceManager(
            environment: ProcessInfo.processInfo.environment, processID: ProcessInfo.processInfo.processIdentifier)
        var watch = PollWatch(manager, logger: logger)
        let ready = ServiceManager.Message.ready(status: "serving by \(configuration.control?.path ?? "no control socket")")
        manager.tell(ready)
        logger.log(
            DaemonEvent.serving, ["vifs": "\(configuration.vifs.count)", "control": "\(configuration.control?.path ?? "none")"])
        while Interruption.signal == nil {
            if Interruption.takeReload() {
                manager.tell(.reloading)
                reload(host, file: file, logger)
                manager.tell(ready)
            }
            watch.look(at: host.pollRounds, now: DispatchTime.now().uptimeNanoseconds)
            Thread.sleep(forTimeInterval: 0.02)
        }
        manager.tell(.stopping)
        logger.log(DaemonEvent.ending)
        let watchdog = Watchdog(
            seconds: 60, complaint: "the EAL does not let go of its memory: left as it is", exitCode: 1)
        // Until the process has ended.
        _ = unsafe Unmanaged.passRetained(watchdog)
        metrics?.stop()
        server?.stop()
        let left = host.stop()
        if left > 0 { throw CommandFailure("\(left) mbufs were not given back: please report it") }
    }

    /// The file is checked as a whole before anything changes.
    private static func reload(_ host: NetbackHost, file: String, _ logger: Logger) {
        do throws(ConfigurationError) {
            host.reload(try DaemonConfiguration(file: file))
        } catch {
            for problem in error.problems { logger.log(DaemonEvent.notReloaded, ["reason": "\(problem.text(file: file))"]) }
        }
    }
}
