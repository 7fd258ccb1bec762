// SPDX-License-Identifier: BSD-3-Clause
import EventLog
import Logging

/// What the accelerated backend logs.
enum BackendLogEvent: String, LoggedEvent {
    case accelerationChanged = "vif.acceleration"
    case formRefused = "steering.form-refused"
    case ruleStuck = "steering.rule-stuck"
    case viQuarantined = "vi.quarantined"
    case viAwaitsReset = "vi.awaits-reset"
    case memifLeft = "memif.left"
    case flowRuleStuck = "flow.rule-stuck"
    case flowLeaks = "flow.leaks"

    var level: Logger.Level {
        switch self {
        case .accelerationChanged, .viAwaitsReset, .memifLeft: .info
        case .formRefused, .flowLeaks: .notice
        case .viQuarantined: .warning
        case .ruleStuck, .flowRuleStuck: .error
        }
    }

    var message: String {
        switch self {
        case .accelerationChanged: "acceleration"
        case .formRefused: "port refuses steering form"
        case .ruleStuck: "steering can't be taken out of the port"
        case .viQuarantined: "VI in quarantine"
        case .viAwaitsReset: "VI in quarantine until the port was reset"
        case .memifLeft: "a memif client has gone"
        case .flowRuleStuck: "a flow's rule can't be removed"
        case .flowLeaks: "flow leaks"
        }
    }
}
