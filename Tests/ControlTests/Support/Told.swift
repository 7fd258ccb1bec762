// SPDX-License-Identifier: BSD-3-Clause
import Control
import Logging

/// A host with a status that was made up, and nothing else.
final class Told: ControlledHost {
    let status: StatusReport

    init(_ status: StatusReport) { self.status = status }

    private func refuse() -> ControlFailure { ControlFailure("nothing can be done here") }

    var flows: FlowsReport { FlowsReport(rules: 0, []) }
    var switches: SwitchesReport { SwitchesReport([]) }
    func forwardingTable() throws(ControlFailure) -> ForwardingReport { throw refuse() }
    func setAcceleration(_: Bool, vif: String) throws(ControlFailure) { throw refuse() }
    func addVif(_: VifSettings) throws(ControlFailure) { throw refuse() }
    func removeVif(_: String) throws(ControlFailure) { throw refuse() }
    func changeVif(_: String, _: ConfigurationTree) throws(ControlFailure) { throw refuse() }
    var logLevel: Logger.Level {
        get { .info }
        set { _ = newValue }
    }
}
