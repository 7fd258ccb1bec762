// SPDX-License-Identifier: BSD-3-Clause
public import CViaductAccel

/// One side's view of a vif's acceleration, for status.
public struct AccelerationStatus: Sendable, Equatable {
    public var state: AccelerationState
    /// The steering form in use, "A" to "F".
    public var form: Character?
    /// Why the vif is not accelerated, or what was tried before the form in use.
    public var reason: AccelerationReason?

    public init(state: AccelerationState = .none, form: Character? = nil, reason: AccelerationReason? = nil) {
        self.state = state
        self.form = form
        self.reason = reason
    }

    /// What came through the ABI.
    public init(_ status: viaduct_vif_status) {
        let code = AccelerationReason.Code(rawValue: UInt16(truncatingIfNeeded: status.reason_code)) ?? .none
        let reason = AccelerationReason(code, CText.read(status.reason))
        self.reason = code == .none && reason.text.isEmpty ? nil : reason
        form = status.form == 0 ? nil : Unicode.Scalar(status.form).map(Character.init)
        switch status.state {
        case 1: state = .offered
        case 2: state = .granted
        case 3: state = .proving
        case 4: state = .connected
        case 5: state = .draining
        case 6: state = .refused(reason)
        case 7: state = .quarantined(reason)
        default: state = .none
        }
    }

    public var c: viaduct_vif_status {
        var status = viaduct_vif_status()
        switch state {
        case .none: status.state = 0
        case .offered: status.state = 1
        case .granted: status.state = 2
        case .proving: status.state = 3
        case .connected: status.state = 4
        case .draining: status.state = 5
        case .refused: status.state = 6
        case .quarantined: status.state = 7
        }
        status.form = form?.unicodeScalars.first.map(\.value) ?? 0
        if let known = state.reason ?? reason {
            status.reason_code = UInt32(known.code.rawValue)
            CText.write(known.text, to: &status.reason)
        }
        return status
    }
}
