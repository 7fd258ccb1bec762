// SPDX-License-Identifier: BSD-3-Clause
public import Wire

/// How much of a port the backend may use, and how much of that one vif may have.
///
/// A vif has one VI at most, and the buffers that its VI may use are those of the VI's own mempool, which nobody else gets any of: of both a
/// vif can't take another one's.
public struct AcceleratedBackendQuotas: Sendable, Hashable {
    /// VIs granted at once; more vifs wait with the reason `quota`.
    public var virtualInterfaces = Int.max
    /// Flow rules in the port at once; more vifs wait with the reason `quota`.
    public var rules = Int.max
    /// Of each vif that is not in ``vifs``.
    public var vif = VifQuotas()
    public var vifs: [MACAddress: VifQuotas] = [:]

    public init() {}

    func quotas(of mac: MACAddress) -> VifQuotas { vifs[mac] ?? vif }
}

/// How much of a port one vif may have.
public struct VifQuotas: Sendable, Hashable {
    /// Flow rules in the port at once. A form of steering that needs more is not used for the vif; single flows (form E) get as many.
    public var rules = Int.max
    /// Frames that its frontend may keep back until a fence; what comes on top is dropped and counted.
    public var stash: UInt32 = 1024

    public init() {}
}

extension AcceleratedBackend {
    public var quotas: AcceleratedBackendQuotas { withEngine { $0.quotas } }

    /// Changes the quotas while guests are accelerated, without loss.
    ///
    /// Vifs that wait are tried again. Where there is more in use than the new quotas allow, those that were granted last go back to the
    /// slow path, as when acceleration is switched off, and wait; of single flows the lightest lose their rules. A new
    /// ``VifQuotas/stash`` counts from the vif's next grant on.
    public func setQuotas(_ quotas: AcceleratedBackendQuotas) { withEngine { $0.setQuotas(quotas) } }
}
