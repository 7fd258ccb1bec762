// SPDX-License-Identifier: BSD-3-Clause
import Acceleration

/// The result of `explain`: why a vif's frames go the way they do, and what an operator can do.
public struct Explanation: Codable, Sendable, Equatable {
    public var vif: String
    public var path: VifReport.Path
    public var state: String
    public var form: String?
    public var coverage: String?
    /// What it means.
    public var meaning: String
    /// What an operator can do; empty when there is nothing to do.
    public var advice: String
    /// The code of the reason, and the driver's or the peer's own words.
    public var reason: VifReport.Reason?
    /// Better forms of steering that are not used, and why not.
    public var refusedForms: [VifReport.RefusedForm]

    static let withoutNetfront =
        "this guest's kernel knows nothing of a VI: its virtio driver has the slow path alone"

    /// - Parameter status: the report that the vif is in.
    public init(_ vif: VifReport, in status: StatusReport) {
        self.vif = vif.name
        path = vif.path
        state = vif.state
        form = vif.form
        coverage = vif.coverage
        reason = vif.reason
        refusedForms = vif.refusedForms
        (meaning, advice) = Self.words(vif, status)
    }

    private static func words(_ vif: VifReport, _ status: StatusReport) -> (meaning: String, advice: String) {
        if let trouble = status.uplink.outOfUse, vif.path == .slow {
            return (
                "The uplink's port can't be used: \(trouble).", "Nothing while it comes back by itself; else look at the log."
            )
        }
        if !vif.isConnected {
            let come =
                vif.kind == .attached ? "Start viaduct netfront … --attach with its socket." : "Start the guest with its socket."
            return ("No guest is connected: nobody serves the other end of the vif.", come)
        }
        if vif.kind == .vm {
            return (
                "The slow path serves it, and nothing else can: \(withoutNetfront).",
                "Run the application as an attached guest (kind: attached) where it needs the fast path."
            )
        }
        if vif.kind == .remote, let words = remote(vif) { return words }
        if vif.path == .fast { return ("The guest is accelerated: its frames go by its own VI.", "") }
        // A reason beside it tells why it is not a better form's.
        if let words = underWay(vif.state) { return words }
        if !vif.isAccelerationWanted {
            let code = AccelerationReason.Code.notWanted
            return (code.meaning, code.advice)
        }
        if let code = AccelerationReason.Code.allCases.first(where: { "\($0)" == vif.reason?.code }) {
            return (code.meaning, code.advice)
        }
        return (
            "Nothing is under way yet: the guest has the slow path.", "Wait a moment; look at the daemon's log if it stays so."
        )
    }

    /// What keeps a remote guest from being spoken to; nil for nothing.
    private static func remote(_ vif: VifReport) -> (meaning: String, advice: String)? {
        guard let hasLink = vif.hasControlLink else {
            return (
                "The slow path serves it: only a trusted guest may have a VI.",
                "Say trusted: true for this vif where its guest may send what netback does not see."
            )
        }
        if hasLink || !vif.isAccelerationWanted { return nil }
        return (
            "The slow path serves it: its guest has not come to the vif's control link (its socket's path with .link).",
            "Run the guest by viaduct netfront … --socket, as a user who may open that socket; no other program knows of a VI."
        )
    }

    /// nil for a state of rest.
    private static func underWay(_ state: String) -> (meaning: String, advice: String)? {
        switch state {
        case "offered": ("A VI is offered, and the guest's frontend has not answered yet.", "Wait a moment.")
        case "granted":
            (
                "A VI is granted. The rule comes with the first frame for the guest that the default queue sees.",
                "Nothing, if frames come for the guest; else let somebody send to it."
            )
        case "proving":
            (
                "A rule is in the port. The guest turns to its VI when a frame was seen there.",
                "Nothing, if frames come for the guest; else look whether they reach this host."
            )
        case "draining": ("The guest is on its way back to the slow path.", "Wait a moment.")
        default: nil
        }
    }
}
