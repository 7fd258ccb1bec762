// SPDX-License-Identifier: BSD-3-Clause
import EventLog
import Logging

/// What netfront logs.
enum NetfrontEvent: String, LoggedEvent {
    case accelerationChanged = "netfront.acceleration"
    case linkViolated = "netfront.link-violated"
    case messageRefused = "netfront.message-refused"
    case lcoreSilent = "netfront.lcore-silent"
    case pluginHurried = "netfront.plugin-hurried"
    case pluginStuck = "netfront.plugin-stuck"

    var level: Logger.Level {
        switch self {
        case .messageRefused: .debug
        case .accelerationChanged: .info
        case .linkViolated, .pluginHurried: .warning
        case .lcoreSilent: .error
        case .pluginStuck: .critical
        }
    }

    var message: String {
        switch self {
        case .accelerationChanged: "acceleration"
        case .linkViolated: "the backend broke the control protocol"
        case .messageRefused: "control link refused a message"
        case .lcoreSilent: "the guest's lcore takes no commands"
        case .pluginHurried: "the backend did not take the VI back in time: the plugin is removed all the same"
        case .pluginStuck: "plugin does not return from a hook, it was leaked"
        }
    }
}
