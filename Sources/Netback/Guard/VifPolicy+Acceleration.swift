// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration

extension VifPolicy {
    /// Why a vif with this policy is not accelerated: netback sees no frame that a guest sends, or is sent, by a VI. nil when nothing
    /// of the policy needs that it does.
    ///
    /// Frames whose source is not the vif's MAC are declined by the frontend of the fast path, too, so they come by netback. What is
    /// learned of those that do is netback's own business.
    public var objection: AccelerationReason? {
        var parts: [String] = []
        if addresses != nil { parts.append("addresses") }
        if ingress != nil { parts.append("ingress limit") }
        if egress != nil { parts.append("egress limit") }
        if stormLimit != nil { parts.append("storm limit") }
        if parts.isEmpty { return nil }
        return AccelerationReason(.trust, "only the slow path enforces the vif's policy: \(parts.joined(separator: ", "))")
    }
}
