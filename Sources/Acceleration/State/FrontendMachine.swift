// SPDX-License-Identifier: BSD-3-Clause

/// The frontend's half of the hand-shake, for one device; see <doc:HandShake>.
///
/// A pure value: it is told what happens and answers what to do. Whatever happens, a VI that was opened is closed
/// exactly once, and every offer is answered exactly once. Nothing that the backend sends can make it trap.
public struct FrontendMachine: Sendable {
    /// Protocol versions that are spoken.
    public let versions: ClosedRange<UInt16>
    public let limits: AccelerationLimits

    /// What to publish for this device.
    public internal(set) var state = AccelerationState.none
    /// When to send ``FrontendEvent/tick`` at the latest.
    public internal(set) var nextDeadline: UInt64?
    /// Messages about an earlier grant or offer, which were ignored.
    public internal(set) var staleMessages: UInt64 = 0
    /// Messages that the backend had no right to send.
    public internal(set) var violations: UInt64 = 0
    /// Answers of the plugin that nobody waited for, and that were ignored.
    public internal(set) var unexpectedAnswers: UInt64 = 0
    /// The newest generation of local addresses.
    public internal(set) var localAddressGeneration: UInt64?

    enum Phase {
        case idle
        /// An offer is accepted.
        case offered
        /// The plugin is opening the VI.
        case opening
        case open
        case draining
        case closing
    }

    enum Fence {
        case awaited, reached, expired
    }

    /// What came while the plugin was opening the VI, and has to wait for it.
    enum AfterOpening {
        case poll, drain, close
    }

    var phase = Phase.idle
    /// The grant that ``phase`` is about; nil while idle or offered.
    var grantID: UInt32?
    var afterOpening = AfterOpening.poll
    var fence = Fence.awaited
    var isProven = false
    var isWithdrawing = false
    var isRevoked = false
    var isDrained = false
    /// To be shown once the VI is closed.
    var closingReason: AccelerationReason?
    /// Why offers are declined; nil when a plugin takes them.
    var unavailability: AccelerationReason?
    /// The newest version that was accepted.
    var agreedVersion: UInt16 = 0
    /// The batches of flows of this grant.
    var flows = FlowBatchMachine.Frontend(grant: 0)
    /// An offer that came while a revoked VI is still being closed.
    var postponedOffer: UInt16?

    var now: UInt64 = 0
    var actions: [FrontendAction] = []

    /// A machine without a plugin until told of one by ``FrontendEvent/available(_:)``, unless `isAvailable`.
    public init(
        versions: ClosedRange<UInt16> = ControlProtocol.version...ControlProtocol.version,
        limits: AccelerationLimits = AccelerationLimits(), isAvailable: Bool = true
    ) {
        self.versions = versions
        self.limits = limits
        unavailability = isAvailable ? nil : AccelerationReason(.noPlugin)
    }

    /// What to do about `event`, in order. `now` is in nanoseconds of any clock that does not go back.
    public mutating func handle(_ event: FrontendEvent, now: UInt64) -> [FrontendAction] {
        self.now = now
        switch event {
        case .message(let message): received(message)
        case .opened: opened()
        case .openFailed(let reason): openFailed(reason)
        case .firstFrameSeen: firstFrameSeen()
        case .fenceArrived(let sequence, let stashed): fenceArrived(sequence, stashed)
        case .fenceExpired: fenceExpired()
        case .flows(let event): flowsChanged(event)
        case .viDrained: drained()
        case .viClosed: closed()
        case .available(.yes): unavailability = nil
        case .available(.no(let reason)): becameUnavailable(reason)
        case .guestStopping: letGo(AccelerationReason(.guestGone))
        case .violation(let error): violated("\(error)")
        case .tick: timePassed()
        }
        defer { actions.removeAll() }
        return actions
    }

    /// The grant whose VI is open and polled; nil when there is none.
    public var openGrant: UInt32? { phase == .open ? grantID : nil }

    /// Whether flows are, or may come to be, steered one by one.
    public var hasFlows: Bool { phase == .open && !flows.flows.isEmpty }

    mutating func publish(_ state: AccelerationState) {
        if self.state == state { return }
        self.state = state
        actions.append(.stateChanged(state))
    }
}

extension FrontendMachine {
    /// Whether no VI is granted: nothing is open, opening or closing.
    public var isIdle: Bool { phase == .idle || phase == .offered }

    /// Whether ``FrontendEvent/opened`` or ``FrontendEvent/openFailed(_:)`` is owed.
    public var isOpening: Bool { phase == .opening }
}
