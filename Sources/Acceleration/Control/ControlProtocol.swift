// SPDX-License-Identifier: BSD-3-Clause

/// The constants of the control protocol between an accelerated backend and an accelerated frontend.
public enum ControlProtocol {
    /// The protocol version that an offer names; see ``ControlMessage/offer(version:mac:plugin:maximumStash:)``.
    public static let version: UInt16 = 1

    /// The first version that has flows: what names a ``FlowSelector``. The versions before and after it agree in all else.
    public static let flowVersion: UInt16 = 2

    /// First two octets of every message: 0xAC, then the version of the encoding itself.
    static let mark: UInt16 = 0xAC01

    /// Octets before the body: mark (2), type (1), flags (1, always 0), length of the body (2).
    static let headerLength = 6

    /// Largest encoded message, header included.
    public static let maximumMessageLength = 4096

    /// Largest number of MAC addresses in ``ControlMessage/localAddresses(generation:_:)``.
    public static let maximumLocalAddresses = 512

    /// Largest plugin name, mempool name, devargs and reason text, in octets of UTF-8.
    public static let maximumPluginName = 64
    public static let maximumMempoolName = 32
    public static let maximumDeviceArguments = 1024
    public static let maximumReasonText = 256

    /// Most flows that one ``ControlMessage/changeFlows(id:sequence:adds:removes:)`` adds, and most that it removes.
    @inlinable public static var maximumFlowChanges: Int { @_noLocks get { 32 } }
    /// Most flows that one grant has at a time.
    @inlinable public static var maximumFlows: Int { @_noLocks get { 1024 } }
    /// Most flows in one ``ControlMessage/flowHits(id:_:)``.
    public static let maximumFlowHits = 256
    /// Fences of batches of flows have sequence numbers from here on, those of a whole vif stay below.
    public static let firstFlowSequence: UInt32 = 1 << 31
}

/// The two roles on a control link.
public enum ControlSide: Hashable, Sendable, CaseIterable {
    /// The host's side: makes offers and grants.
    case backend
    /// The guest's side: opens what it is granted.
    case frontend

    /// The other role.
    public var peer: ControlSide { self == .backend ? .frontend : .backend }
}
