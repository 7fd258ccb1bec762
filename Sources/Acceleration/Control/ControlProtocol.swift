// SPDX-License-Identifier: BSD-3-Clause

/// The constants of the control protocol between an accelerated backend and an accelerated frontend.
public enum ControlProtocol {
    /// The protocol version that an offer names; see ``ControlMessage/offer(version:mac:plugin:maximumStash:)``.
    public static let version: UInt16 = 1

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
