// SPDX-License-Identifier: BSD-3-Clause
import EventLog
import Logging

/// What the daemon logs of itself.
enum DaemonEvent: String, LoggedEvent {
    case serving = "daemon.serving"
    case ending = "daemon.ending"
    case pluginNotUnloaded = "daemon.plugin-not-unloaded"
    case reloaded = "reload.done"
    case notReloaded = "reload.refused"
    case vifNotReloaded = "reload.vif-failed"
    case telemetryServed = "telemetry.served"
    case captureServed = "capture.served"
    case loopStalled = "loop.stalled"
    case loopResumed = "loop.resumed"
    case hostNotTakenDown = "host.not-taken-down"
    case dpdkLost = "dpdk.lost"

    var level: Logger.Level {
        switch self {
        case .serving, .ending, .reloaded, .telemetryServed, .captureServed, .loopResumed: .notice
        case .dpdkLost: .warning
        case .pluginNotUnloaded, .notReloaded, .vifNotReloaded, .loopStalled, .hostNotTakenDown: .error
        }
    }

    var message: String {
        switch self {
        case .serving: "serving"
        case .ending: "ending"
        case .pluginNotUnloaded: "the plugin could not be taken out"
        case .reloaded: "reloaded"
        case .notReloaded: "not reloaded"
        case .vifNotReloaded: "vif could not be reloaded"
        case .telemetryServed: "telemetry is served"
        case .captureServed: "capture tools are served"
        case .loopStalled: "a poll loop stands still: a plugin's hook, or its CPU is taken"
        case .loopResumed: "a poll loop goes on"
        case .hostNotTakenDown: "plugins and vifs could not be taken down in order"
        case .dpdkLost: "lines of DPDK's were lost"
        }
    }
}
