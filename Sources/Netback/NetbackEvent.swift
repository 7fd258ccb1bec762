// SPDX-License-Identifier: BSD-3-Clause
import EventLog
import Logging

/// What netback logs.
enum NetbackEvent: String, LoggedEvent {
    case vifAdded = "vif.added"
    case vifRemoved = "vif.removed"
    case policyChanged = "vif.policy-changed"
    case vifNotBack = "vif.not-back"
    case guestConnected = "guest.connected"
    case guestDisconnected = "guest.disconnected"
    case guestFaulty = "guest.faulty"
    case guestQueuesUnread = "guest.queues-unread"
    case guestWaitsForLoop = "guest.waits-for-loop"
    case linkViolated = "guest.link-violated"
    case guestAttaching = "attached.starting"
    case guestAttached = "attached.serving"
    case guestNotStarted = "attached.not-started"
    case guestKilled = "attached.killed"
    case guestLeft = "attached.left"
    case guestNotEnding = "attached.not-ending"
    case deadGuestKeepsVI = "attached.vi-kept"
    case deadGuestsVIQuarantined = "attached.vi-quarantined"
    case quarantineEnded = "attached.vi-free"
    case pluginLoaded = "plugin.loaded"
    case pluginUnloaded = "plugin.unloaded"
    case pluginStuck = "plugin.stuck"
    case portEvent = "port.event"
    case portNotSuspended = "port.not-suspended"
    case portBack = "port.back"
    case portNotReset = "port.not-reset"
    case loopSilent = "loop.silent"

    var level: Logger.Level {
        switch self {
        case .vifAdded, .vifRemoved, .policyChanged, .guestConnected, .guestDisconnected, .guestAttaching, .guestAttached,
            .guestLeft,
            .pluginLoaded, .pluginUnloaded:
            .info
        case .quarantineEnded, .portEvent, .portBack: .notice
        case .vifNotBack, .guestFaulty, .guestQueuesUnread, .linkViolated, .guestNotStarted, .guestKilled: .warning
        case .guestWaitsForLoop, .guestNotEnding, .deadGuestKeepsVI, .deadGuestsVIQuarantined, .portNotSuspended, .portNotReset,
            .loopSilent:
            .error
        case .pluginStuck: .critical
        }
    }

    var message: String {
        switch self {
        case .vifAdded: "vif added"
        case .vifRemoved: "vif removed"
        case .policyChanged: "policy changed"
        case .vifNotBack: "a vif did not come back to the slow path in time"
        case .guestConnected: "guest connected"
        case .guestDisconnected: "guest disconnected"
        case .guestFaulty: "a guest's connection is ended"
        case .guestQueuesUnread: "the guest uses more queue pairs than its vif has: what it sends by those is never read"
        case .guestWaitsForLoop: "waiting for a poll loop before a guest can go"
        case .linkViolated: "a frontend broke the rules of its control link"
        case .guestAttaching: "guest attaches"
        case .guestAttached: "guest attached"
        case .guestNotStarted: "guest did not start"
        case .guestKilled: "guest is killed"
        case .guestLeft: "guest left"
        case .guestNotEnding: "a guest does not end"
        case .deadGuestKeepsVI: "the plugin does not let go of a dead guest's VI"
        case .deadGuestsVIQuarantined: "a dead guest's VI is in quarantine"
        case .quarantineEnded: "a VI is out of quarantine"
        case .pluginLoaded: "plugin loaded"
        case .pluginUnloaded: "plugin unloaded"
        case .pluginStuck: "plugin does not return from a hook, it was leaked"
        case .portEvent: "the port says what happened to it"
        case .portNotSuspended: "the poll loop does not answer: the port is left as it is"
        case .portBack: "the port is in use again"
        case .portNotReset: "the port could not be reset"
        case .loopSilent: "the poll loop does not answer, its memory is leaked"
        }
    }
}
