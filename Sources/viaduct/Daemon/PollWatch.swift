// SPDX-License-Identifier: BSD-3-Clause
import Control
import DPDK
import EventLog
import Logging

/// Whether the poll loops go on. While they do the service manager's watchdog is told so; a loop that stands is named in the log.
struct PollWatch {
    private let manager: ServiceManager
    private let logger: Logger
    /// Nanoseconds between two looks: a second, or a quarter of what the manager waits for.
    private let period: UInt64
    private var lastLook: UInt64 = 0
    private var rounds: [LcoreID: UInt64] = [:]
    private var standing: Set<LcoreID> = []

    init(_ manager: ServiceManager, logger: Logger) {
        self.manager = manager
        self.logger = logger
        period = min(1_000_000_000, (manager.watchdogNanoseconds ?? .max) / 4)
    }

    /// To be called often. A loop that did no round since the last look stands: it sleeps for microseconds only.
    mutating func look(at found: @autoclosure () -> [LcoreID: UInt64], now: UInt64) {
        guard now - lastLook >= period else { return }
        lastLook = now
        let found = found()
        let still = Set(found.filter { rounds[$0.key] == $0.value }.keys)
        rounds = found
        for lcore in still.subtracting(standing).sorted(by: { $0.rawValue < $1.rawValue }) {
            logger.log(DaemonEvent.loopStalled, ["lcore": "\(lcore.rawValue)"])
        }
        for lcore in standing.subtracting(still).sorted(by: { $0.rawValue < $1.rawValue }) {
            logger.log(DaemonEvent.loopResumed, ["lcore": "\(lcore.rawValue)"])
        }
        standing = still
        if still.isEmpty { manager.tell(.alive) }
    }
}
