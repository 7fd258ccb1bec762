// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration

/// What an operator may set of an accelerated backend.
public struct AcceleratedBackendConfiguration: Sendable {
    /// For logs and status.
    public var name = "accelerated"
    /// The frontend plugin that an offer names; a guest that has no such plugin declines.
    public var frontendPlugin = "accelerated"
    /// Forms of steering that may be used, where the port's driver is known for them.
    public var forms: Set<SteeringForm> = Set(SteeringForm.allCases)
    /// How long a rule's effect may lag behind its creation and removal, and frames in the port behind it; nil for what is known
    /// of the driver, see ``SettleTime``.
    public var settleNanoseconds: UInt64?
    /// How long a rule may be in the port without any frame coming, by either path, before it is taken out to see whether it is to
    /// blame.
    public var silenceNanoseconds: UInt64 = 5_000_000_000
    public var limits = AccelerationLimits()
    /// To begin with; see ``AcceleratedBackend/setQuotas(_:)``.
    public var quotas = AcceleratedBackendQuotas()
    /// Of form E.
    public var flows = FlowConfiguration()
    /// Vifs that the backend looks after at most, accelerated or not.
    public var maximumVifs = 64

    public init() {}
}
