// SPDX-License-Identifier: BSD-3-Clause

/// Why a vif is not accelerated: a code to act on, and the words of whoever refused.
public struct AccelerationReason: Hashable, Sendable {
    /// What kind of reason it is. Raw values are part of the control protocol and never change.
    public enum Code: UInt16, Hashable, Sendable, CaseIterable {
        case none = 0
        /// Nobody asked for acceleration, or it was switched off.
        case notWanted = 1
        /// Another vif holds the same MAC address.
        case duplicateMAC = 2
        /// Every VI of the port is in use or quarantined.
        case noFreeVI = 3
        /// The NIC offers no form of steering for this vif.
        case noSteeringForm = 4
        /// The driver refused the rule.
        case ruleRefused = 5
        /// The rule was accepted, and neither path yields the frames that were expected.
        case ruleSilent = 6
        /// The rule was accepted, and frames that it names still come by the default queue.
        case ruleLeaks = 7
        /// The frontend declined the offer.
        case frontendRefused = 8
        /// The two sides have no protocol version in common.
        case versionMismatch = 9
        /// The frontend could not open the VI.
        case openFailed = 10
        /// A hand-shake was not answered in time.
        case timeout = 11
        /// The peer broke the rules of the protocol.
        case protocolViolation = 12
        /// The port is down or has no link.
        case portDown = 13
        /// The port is being reset.
        case portReset = 14
        /// A quota is used up.
        case quota = 15
        /// The plugin was removed.
        case pluginRemoved = 16
        /// The guest is stopping or gone.
        case guestGone = 17
        /// The guest is not trusted far enough for the kind of VI that is left.
        case trust = 18
        /// The fence did not arrive by the slow path: the switch was undone.
        case fenceExpired = 19
        /// No plugin is loaded for this vif.
        case noPlugin = 20
        /// Host memory ran out.
        case noMemory = 21
    }

    public let code: Code

    /// The driver's or the peer's own words, at most ``ControlProtocol/maximumReasonText`` octets. May be empty.
    public let text: String

    /// Keeps `text` up to its limit, cut between two Unicode scalars, with a space for each control character.
    public init(_ code: Code, _ text: String = "") {
        self.code = code
        self.text = ControlText.bounded(text, limit: ControlProtocol.maximumReasonText)
    }
}

extension AccelerationReason: CustomStringConvertible {
    public var description: String { text.isEmpty ? "\(code)" : "\(code): \(text)" }
}
