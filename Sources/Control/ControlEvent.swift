// SPDX-License-Identifier: BSD-3-Clause
import EventLog
import Logging

/// What the control plane of a daemon logs.
enum ControlEvent: String, LoggedEvent {
    case metricsServed = "metrics.served"
    case tooManyClients = "control.too-many-clients"

    var level: Logger.Level {
        switch self {
        case .metricsServed: .notice
        case .tooManyClients: .warning
        }
    }

    var message: String {
        switch self {
        case .metricsServed: "metrics are served"
        case .tooManyClients: "a client of the control socket too many"
        }
    }
}
