// SPDX-License-Identifier: BSD-3-Clause

public import Wire

/// The backend's half of the hand-shake, for one vif; see <doc:HandShake>.
///
/// A pure value: it is told what happens and answers what to do. It keeps account of what was set up (VI, rule, hold)
/// and, whatever happens, takes down exactly that, in the order *stop steering, drain, take back*. Nothing that the
/// frontend sends can make it trap.
public struct BackendMachine: Sendable {
    /// What is fixed for a vif.
    public struct Configuration: Hashable, Sendable {
        public var mac: MACAddress
        /// Name of the frontend plugin, at most ``ControlProtocol/maximumPluginName`` octets.
        public var plugin: String
        /// Frames that the frontend may keep back until the fence.
        public var maximumStash: UInt32
        /// How long a VI must stay empty to count as drained.
        public var settleNanoseconds: UInt64
        /// Protocol versions to offer, the newest first.
        public var versions = ControlProtocol.version...ControlProtocol.version
        public var limits = AccelerationLimits()

        public init(mac: MACAddress, plugin: String, maximumStash: UInt32, settleNanoseconds: UInt64) {
            self.mac = mac
            self.plugin = plugin
            self.maximumStash = maximumStash
            self.settleNanoseconds = settleNanoseconds
        }
    }

    public private(set) var configuration: Configuration

    /// What to publish for this vif.
    public internal(set) var state = AccelerationState.none
    /// When to send ``BackendEvent/tick`` at the latest.
    public internal(set) var nextDeadline: UInt64?
    /// Whether acceleration is asked for.
    public internal(set) var isWanted = false
    /// Messages that came too late to matter (about an earlier grant or offer), and were ignored.
    public internal(set) var staleMessages: UInt64 = 0
    /// Messages that the frontend had no right to send.
    public internal(set) var violations: UInt64 = 0
    /// Answers of the host that nobody waited for, and that were ignored.
    public internal(set) var unexpectedAnswers: UInt64 = 0

    enum Phase {
        case idle, offering, allocating, opening, waiting, creatingRule, proving, connected, unwinding
    }

    enum Rule {
        case none, creating, created, destroying
    }

    enum Hold {
        case none, engaging, engaged, releasing
    }

    /// A VI of ours, and how far the frontend is with it.
    struct VirtualInterface {
        enum Progress {
            case notGranted, opening, open, drained, closed
        }

        let id: UInt32
        var progress = Progress.notGranted
    }

    /// How the way back is gone.
    struct Unwinding {
        /// Hold frames back, and let the frontend drain. Otherwise what the hardware holds is lost.
        var isLossless: Bool
        /// To be shown at the end.
        var failure: AccelerationReason?
        /// The frontend can't be waited for.
        var quarantine: AccelerationReason?
        let wasOffering: Bool
        /// The fence of the switch that is being undone has to come first.
        var awaitsFence = false
        var isTold = false
        var isRevoked = false
        /// ``AccelerationLimits/revocation`` is over, or there was nothing to keep back.
        var isRevocationHeard = false
        /// After the quarantine somebody asked for another try.
        var isForgiven = false
        var isGuestGone = false
    }

    var phase = Phase.idle
    var isAllocating = false
    var virtualInterface: VirtualInterface?
    var rule = Rule.none
    var hold = Hold.none
    var unwinding: Unwinding?

    var offeredVersion: UInt16
    /// Offers that were not answered yet. Only the answer to the newest counts.
    var unansweredOffers = 0
    /// Why nothing is started although it is wanted.
    var refusal: AccelerationReason?
    /// The frontend broke the rules: only the operator may start over.
    var isBarred = false
    var suspension: AccelerationReason?

    var fenceSequence: UInt32 = 0
    var isFenceAsked = false
    var isFenceSent = false
    /// It did not come in time: nobody waits for it any more.
    var isFenceGivenUp = false
    var isFenceReached = false
    var isProven = false
    var leakWindowStart: UInt64 = 0
    var leaked: UInt64 = 0

    var now: UInt64 = 0
    var actions: [BackendAction] = []

    /// - Precondition: the MAC address is unicast and the plugin's name can be sent.
    public init(_ configuration: Configuration) {
        let offer = ControlMessage.offer(
            version: 0, mac: configuration.mac, plugin: configuration.plugin, maximumStash: 0)
        precondition(offer.isEncodable, "the offer of this vif could not be encoded")
        self.configuration = configuration
        offeredVersion = configuration.versions.upperBound
    }

    /// From the next offer on, the frontend may keep back so many frames.
    public mutating func setMaximumStash(_ frames: UInt32) { configuration.maximumStash = frames }

    /// What to do about `event`, in order. `now` is in nanoseconds of any clock that does not go back.
    public mutating func handle(_ event: BackendEvent, now: UInt64) -> [BackendAction] {
        self.now = now
        switch event {
        case .wanted(let wanted): wantedChanged(to: wanted)
        case .message(let message): received(message)
        case .virtualInterface(let allocation): allocationAnswered(allocation)
        case .candidateSeen: candidateSeen()
        case .rule(let result): ruleAnswered(result)
        case .hold(let result): holdAnswered(result)
        case .fenceSent(let sequence): fenceSent(sequence)
        case .leaked(let count): leaked(count)
        case .silent: abandonRule(AccelerationReason(.ruleSilent))
        case .flowsFailed(let reason): flowsFailed(reason)
        case .portSuspended(let reason): portSuspended(reason)
        case .portResumed: portResumed()
        case .guestGone: guestGone()
        case .violation(let error):
            // The link lets nothing more through, so answers that are still owed will never come.
            unansweredOffers = 0
            violated("\(error)")
        case .tick: timePassed()
        }
        defer { actions.removeAll() }
        return actions
    }

    /// Whether a rule is in, its fence has come to the frontend, and that has seen no frame on its VI yet.
    public var awaitsProof: Bool { phase == .proving && isFenceReached && !isProven }

    /// Whether a frame by the default queue from now on came past the rule. Not before the fence is known to be sent, although the
    /// frontend, which has a way of its own to say that it came, may be heard first.
    public var watchesForLeaks: Bool { (phase == .proving || phase == .connected) && isFenceSent }

    /// The version that was offered last; from the VI's allocation on, the one that both sides speak.
    public var version: UInt16 { offeredVersion }

    /// The VI that the vif has; nil when there is none.
    public var grantID: UInt32? { virtualInterface?.id }

    /// Whether the frontend has let go of the VI, which is not taken back yet.
    public var isVIClosed: Bool { virtualInterface?.progress == .closed }

    /// Whether flows may be steered one by one: nothing older is on the slow path, and the VI is not on its way back.
    public var mayChangeFlows: Bool { (phase == .proving || phase == .connected) && isFenceReached }

    mutating func publish(_ state: AccelerationState) {
        if self.state == state { return }
        self.state = state
        actions.append(.stateChanged(state))
    }

    mutating func setDeadline(after limit: UInt64) {
        nextDeadline = now.later(by: limit)
    }
}
