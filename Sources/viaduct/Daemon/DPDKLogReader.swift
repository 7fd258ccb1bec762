// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import EventLog
import Logging

/// Brings what DPDK logs into the daemon's own log.
final class DPDKLogReader: Sendable {
    private let thread: ControlThread

    /// From now on, until ``stop()``.
    init(_ logger: Logger) {
        thread = ControlThread(name: "dpdk-log", intervalMicroseconds: 50_000) { Self.pass(to: logger) }
    }

    /// With what was logged until now.
    func stop(_ logger: Logger) {
        thread.stop()
        Self.pass(to: logger)
    }

    private static func pass(to logger: Logger) {
        let (lines, lost) = DPDKLog.takeLines()
        for line in lines {
            var values: Logger.Metadata = ["event": "dpdk"]
            if let path = line.socketPath { values["path"] = "\(path)" }
            logger.log(level: line.loggerLevel, "\(line.text)", metadata: values)
        }
        if lost > 0 { logger.log(DaemonEvent.dpdkLost, ["count": "\(lost)"]) }
    }
}

extension DPDKLog.Line {
    /// What is worth an operator's notice at DPDK's levels is less so at ours: librte_vhost tells each message of a guest's as information, and
    /// what a guest does wrong as an error.
    var loggerLevel: Logger.Level {
        switch level {
        case ...3: .error
        case 4: .warning
        case 5: .notice
        case 6: .info
        case 7: .debug
        default: .trace
        }
    }

    /// The socket that a line of librte_vhost's is about: `VHOST_CONFIG: (/run/viaduct/vm0.sock) …`.
    var socketPath: Substring? { text.firstMatch(of: /^VHOST_[A-Z]+: \((\/[^)]{1,107})\)/)?.1 }
}
