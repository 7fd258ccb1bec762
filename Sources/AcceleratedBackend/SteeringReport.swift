// SPDX-License-Identifier: BSD-3-Clause

/// How one vif's frames come to its VI, and what else was tried: for status.
public struct SteeringReport: Sendable, Equatable {
    /// A form that is not used, and why not: the driver's own words, or what was seen.
    public struct Refused: Sendable, Equatable {
        public let form: SteeringForm
        public let reason: String

        public init(form: SteeringForm, reason: String) {
            self.form = form
            self.reason = reason
        }
    }

    /// In use; nil when none is.
    public let form: SteeringForm?
    /// Forms above the one in use, or all of them, the best first.
    public let refused: [Refused]

    public init(form: SteeringForm?, refused: [Refused]) {
        self.form = form
        self.refused = refused
    }

    /// Which of the guest's frames the form can steer, in words.
    public var coverage: String? { form?.coverage }
}

extension AcceleratedBackend {
    /// nil for a vif that this backend does not look after.
    public func steering(vif: UInt32) -> SteeringReport? {
        withEngine { engine in
            engine.vifs[vif].map { vif in
                let form = vif.attempt?.form
                let refused = engine.ladder.refused(above: form, for: vif.refusals)
                return SteeringReport(
                    form: form, refused: refused.map { SteeringReport.Refused(form: $0.form, reason: $0.words) })
            }
        }
    }
}
