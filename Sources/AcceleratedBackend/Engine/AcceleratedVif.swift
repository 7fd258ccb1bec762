// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Wire

/// A vif as the backend keeps it.
struct AcceleratedVif {
    /// A VI that is granted to it, and what steers to it.
    struct Attempt {
        let form: SteeringForm
        /// Index in the pool.
        let interface: Int
        var installed = InstalledSteering()
        /// Until when the removal of what is installed is tried, once it failed.
        var removalDeadline: UInt64?
        /// Something of it is still in the port, and nobody will take it out before the port restarts.
        var stuck: AccelerationReason?
    }

    /// What there may be too few of.
    enum Scarcity {
        case interface, rule
    }

    let description: VifDescription
    let link: FrontendLink
    var machine: BackendMachine
    var outbox = ControlOutbox()
    /// Calls that the host had no room for, in order.
    var calls: [HostCall] = []
    var attempt: Attempt?
    /// Netback was asked to hold, or to steer, and not yet to stop it.
    var isHeld = false
    var isSteered = false
    var areFlowsHeld = false

    /// What the operator asked for.
    var isWanted = false
    /// The guest's slow path is down.
    var isGuestGone = false
    /// Another vif has the MAC.
    var isDuplicate = false
    /// What it was refused for want of: to be tried again when one is given back.
    var wants: Scarcity?

    /// Forms that the port refused for this vif.
    var refusals: [Ladder.Refusal] = []
    /// The form that failed, while the machine is on its way back from it.
    var failing: Ladder.Refusal?
    /// The next form is to be tried once the machine has gone all the way back.
    var triesNext = false

    /// Frames of the key that the default queue had yielded at the last look.
    var sighted = SightingCount()
    /// Since when nothing was heard of frames that should come by the VI, on the host's clock.
    var silentSince: UInt64?
    /// A form that was given up because no frame came any more, by either path: was it the rule, or has the sender stopped? What the
    /// default queue yields now that the rule is gone will tell, until then.
    var suspect: (form: SteeringForm, until: UInt64)?
    var reported: AccelerationStatus?

    init(_ description: VifDescription, machine: BackendMachine, host: BackendHost) {
        self.description = description
        self.machine = machine
        link = FrontendLink(host: host, vif: description.id)
    }

    var key: SightingKey { SightingKey(mac: description.mac.rawValue, vlan: description.vlan ?? 0) }

    /// Whether the machine should be under way.
    var shouldAccelerate: Bool { isWanted && !isGuestGone && !isDuplicate }
}

/// Something asked of netback.
enum HostCall {
    case hold, release, unsteer
    case steer(SoftwareVirtualInterface)
    case holdFlows([FlowSelector])
    case releaseFlows
    case fence(sequence: UInt32, settleNanoseconds: UInt64)
    /// `then` happens once the nonce is set.
    case setFenceNonce(UInt64, then: BackendEvent?)

    /// Whether the call only takes back what an earlier one asked for.
    var undoes: Bool {
        switch self {
        case .release, .unsteer, .releaseFlows, .setFenceNonce(0, _): true
        case .hold, .steer, .holdFlows, .fence, .setFenceNonce: false
        }
    }
}

/// The backend's end of a control link as it looks from a plugin: messages go out through netback, and come in by a hook.
final class FrontendLink: ControlLink {
    let side = ControlSide.backend
    private let host: BackendHost
    private let vif: UInt32

    init(host: BackendHost, vif: UInt32) {
        self.host = host
        self.vif = vif
    }

    func send(_ message: ControlMessage) -> ControlSendResult { host.send(message, vif: vif) }
    func receive() -> ControlReceipt? { nil }
    func reset() {}
}
