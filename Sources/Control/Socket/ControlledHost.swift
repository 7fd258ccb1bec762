// SPDX-License-Identifier: BSD-3-Clause
public import Logging

/// What the control socket controls. Any thread calls, and a call may take seconds.
public protocol ControlledHost: AnyObject, Sendable {
    var status: StatusReport { get }
    /// By the names of their vifs.
    var flows: FlowsReport { get }
    var switches: SwitchesReport { get }
    func forwardingTable() throws(ControlFailure) -> ForwardingReport
    func setAcceleration(_ wanted: Bool, vif: String) throws(ControlFailure)
    func addVif(_ settings: VifSettings) throws(ControlFailure)
    func removeVif(_ name: String) throws(ControlFailure)
    /// - Parameter changes: keys as in the configuration file; one without a value is taken out.
    func changeVif(_ name: String, _ changes: ConfigurationTree) throws(ControlFailure)
    var logLevel: Logger.Level { get set }
}
